"""Commands that prove what is stored, and set right what may be."""

from typing import Annotated

import typer

from commands.options import HOME, Deployment, Home, database
from domain.proofs import KnownSeal

app = typer.Typer()


Noted = Annotated[
    KnownSeal | None,
    typer.Option(
        parser=KnownSeal.parse,
        metavar="NUMBER:SHA256",
        help="A seal that was noted elsewhere, and must still be there.",
    ),
]


@app.command()
def verify_ledger(home: Home = HOME, deployment: Deployment = False, seal: Noted = None) -> None:
    """Prove every rial: sums, balances, floors, escrow, payments, payouts, and the chain."""
    import asyncio

    from models import verification

    report = asyncio.run(verification.verify(database(home, deployment=deployment), seal))
    print(report)
    raise SystemExit(0 if report.holds else 1)


@app.command()
def verify_audit(home: Home = HOME, deployment: Deployment = False, seal: Noted = None) -> None:
    """Tell whether a sealed line of the audit log was changed, removed or put in since."""
    import asyncio

    from models import verification

    report = asyncio.run(verification.verify_log(database(home, deployment=deployment), seal))
    print(report)
    raise SystemExit(0 if report.holds else 1)


@app.command()
def correct_counters(home: Home = HOME, deployment: Deployment = False) -> None:
    """Count users, loans, payments and messages anew, and set the reports' counters right."""
    import asyncio

    from models import verification

    print(asyncio.run(verification.correct_counters(database(home, deployment=deployment))))
