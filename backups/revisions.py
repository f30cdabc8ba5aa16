"""How old a backup's tables are, beside those that this release works with."""

from enum import Enum, auto
from pathlib import Path

from alembic.script import ScriptDirectory

_MIGRATIONS = Path(__file__).parent.parent / "migrations"


class Age(Enum):
    OF_TODAY = auto()
    OLDER = auto()
    NEWER = auto()


def age(revision: str) -> Age:
    """Tell whether this release has other tables than a backup, and which are newer."""
    known = ScriptDirectory(str(_MIGRATIONS))
    if revision == known.get_current_head():
        return Age.OF_TODAY
    ours = {script.revision for script in known.walk_revisions()}
    return Age.OLDER if revision in ours else Age.NEWER
