"""One run: moves are turned into steps, and after each one model and database must agree."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from activities.contracts.payments import NewPayment, SettlePayment, Verified
from activities.contracts.tickets import MoveTicket
from tests.given import NOW
from tests.properties.commands import Command, Outcome
from tests.properties.faults import Died, Fault
from tests.properties.loan_moves import People
from tests.properties.model import Model
from tests.properties.moves import Interpreter, Move
from tests.properties.world import World


class Disagreement(AssertionError):
    """Model and database differ, or a proof is broken."""


@dataclass
class Journey:
    """Attributes.

    proving: Prove the whole ledger after each step, and not only compare it with the model.
    """

    world: World
    model: Model
    people: People
    proving: bool = True
    moves: int = 0  # how many were made
    lines: list[str] = field(default_factory=list)  # what was done, to be read when it went wrong
    seen: Counter[str] = field(default_factory=Counter)  # how often each thing happened

    async def top_up(self, amount: Decimal) -> None:
        """Give everybody money to begin with, in the way that money comes."""
        for number, user_id in enumerate(self.people.users):
            payment_id = UUID(int=500 + number)
            new = NewPayment(payment_id, user_id, amount, None, NOW)
            for command in (new, SettlePayment(payment_id, Verified(None, None, None), NOW)):
                await self._step(command, Fault.NONE)

    async def go(self, moves: Sequence[Move], steps: int) -> None:
        """Go on until so many steps were taken. Some moves mean nothing where they come.

        A step of which nobody heard is taken again later, with others in between.

        Raises:
            Disagreement: With what was done in its notes.
        """
        interpreter = Interpreter(self.model, self.people)
        unheard: list[Command] = []
        try:
            for self.moves, move in enumerate(moves, start=1):
                if len(self.lines) >= steps:
                    break
                if unheard and move.picks[-1] % 3 == 0:
                    unheard += await self._step(unheard.pop(0), move.fault)
                elif (command := interpreter.command(move)) is not None:
                    unheard += await self._step(command, move.fault)
            for command in unheard:
                await self._step(command, Fault.NONE)
        except Exception as error:
            error.add_note("\n".join(brief(line) for line in self.lines))
            raise

    async def _step(self, command: Command, fault: Fault) -> list[Command]:
        """Take a step and compare; return the command if nobody heard what became of it."""
        self.lines.append(f"{fault:<32}{command}")
        try:
            outcomes = await self.world.take(command, fault)
        except Died:
            if fault is Fault.AFTER:
                self.model.expect(command)
            self.seen[f"{name_of(command)} died"] += 1
            await self._compare(command)
            return [command]
        expected = [self.model.expect(command) for _ in outcomes]
        if Counter(outcomes) != Counter(expected):
            words = f"{command}\n  answered {outcomes}\n  expected {expected}"
            raise Disagreement(brief(words)) from None
        for outcome in outcomes:
            self._count(name_of(command), outcome)
        await self._compare(command)
        return []

    def _count(self, name: str, outcome: Outcome) -> None:
        self.seen[f"{name} {outcome.refusal or 'done'}"] += 1
        match outcome.result:
            case (_, frozenset() as rivals) if rivals:
                self.seen[f"{name} named rivals"] += 1

    async def _compare(self, command: Command) -> None:
        now = await self.world.look(proving=self.proving)
        expected = self.model.state()
        differences = [
            f"{name}: {thing} is {state.get(thing)}, expected {expected[name].get(thing)}"
            for name, state in now.state.items()
            for thing in state.keys() | expected[name].keys()
            if state.get(thing) != expected[name].get(thing)
        ]
        differences += [f"{one.proof}: {one.subject}: {one.detail}" for one in now.violations]
        differences += [f"counter {one}" for one in now.miscounted]
        if differences:
            raise Disagreement(brief("\n  ".join([f"after {command}", *differences])))
        keys = {key: found for found, key in now.transaction_ids.items()}
        self.model.ids = {keys[key]: key for key in self.model.books.moved}


def name_of(command: Command) -> str:
    """Return what is counted: the kind of a command, or what it does to a ticket."""
    if isinstance(command, MoveTicket):
        return command.action.value
    return type(command).__name__


def brief(text: str) -> str:
    """Write ids and times so that people can tell them apart."""
    text = re.sub(r"UUID\('[0-]*([^']*)'\)", r"#\1", text)
    return re.sub(r"datetime.datetime\(([^)]*?)(, tzinfo=[^)]*)?\)", r"(\1)", text)
