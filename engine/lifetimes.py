"""How long workflows live, and so which build of versioned workers goes on with a run.

What lives for days takes up the newest code, so that no old build has to be kept running for it.
A run of minutes ends on the build that it began with.
"""

from dataclasses import replace
from typing import Final

from temporalio.common import VersioningBehavior
from temporalio.worker import (
    UnsandboxedWorkflowRunner,
    WorkflowInstance,
    WorkflowInstanceDetails,
)

# By the names of their workflows: the engine runs them and knows no more of them.
FOR_DAYS: Final = frozenset({"TicketLoan", "CardReversal", "Withdrawal", "LedgerReversal"})
OTHERS: Final = VersioningBehavior.PINNED


class ByLifetime(UnsandboxedWorkflowRunner):
    """Runs workflows inside of the sandbox, which makes one for each run.

    It could stand with each `@workflow.defn`, but the server refuses every workflow task of an
    unversioned worker that says so.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        if det.defn.name in FOR_DAYS:
            newest = VersioningBehavior.AUTO_UPGRADE
            det = replace(det, defn=replace(det.defn, versioning_behavior=newest))
        return super().create_instance(det)
