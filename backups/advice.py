"""What somebody is told who has restored a backup, and now has to bring the platform back."""

from typing import Final

from backups.restoring import Restored
from backups.revisions import Age, age

AFTER_DEPLOYMENT: Final = """
Next, in this order (docs/backups.md says why):
1. Give the platform an empty Temporal, a new namespace or an emptied store. One that remembers more
   than this database must never go on with it.
2. python cli.py prepare-engine
3. Start the workers, then   python cli.py resume --deployment
   It begins a workflow for everything that is open.
4. python cli.py verify-ledger --deployment   and, if all holds, start the APIs.
5. What was acknowledged after that moment is not in it. docs/backups.md says where it is found."""
AFTER_SANDBOX: Final = """
The engine's memory was set aside. Next:
1. ./assets dev --home {home}
2. ./assets resume --home {home}   begins a workflow for everything that is open
3. ./assets skip --home {home}     brings them to the loans' time, if time was skipped there"""


def told(restored: Restored) -> str:
    """Say what became of it, and what is left to do for the database itself."""
    manifest = restored.manifest
    lines = [f"Restored, and every row is as it was.\n{manifest}"]
    if restored.kept:
        lines.append(f"What was there before is now the database {restored.kept}.")
    if restored.roles:
        names = ", ".join(restored.roles)
        lines.append(
            f"This server did not have the roles {names}; they were made, without a login. Make "
            "API and workers a member: CREATE ROLE assets LOGIN PASSWORD '...' IN ROLE assets_app"
        )
    match age(manifest.contents.revision):
        case Age.OLDER:
            lines.append("Its tables are older than this release: alembic upgrade head")
        case Age.NEWER:
            lines.append("ITS TABLES ARE NEWER THAN THIS RELEASE: run the release that made it.")
    return "\n".join(lines)
