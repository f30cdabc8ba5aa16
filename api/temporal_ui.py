"""Where the Temporal UI shows what."""

from typing import Final
from urllib.parse import quote

from api.deps import Services

# The saved query of the guide: parked, stuck, and whatever else waits for an operator.
NEED_ATTENTION: Final = "NeedsAttention = true AND ExecutionStatus = 'Running'"


def workflows_in(services: Services) -> str | None:
    """Return the address of the list of workflows; each of them is below it by its id."""
    if services.temporal_ui_url is None:
        return None
    namespace = quote(services.commands.client.namespace, safe="")
    return f"{services.temporal_ui_url.rstrip('/')}/namespaces/{namespace}/workflows"


def needing_attention(services: Services) -> str | None:
    """Return the address of those that need a person."""
    workflows = workflows_in(services)
    return workflows and f"{workflows}?query={quote(NEED_ATTENTION)}"
