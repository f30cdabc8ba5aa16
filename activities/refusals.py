"""How a business refusal leaves a step: typed, with its facts, and never retried."""

from collections.abc import Iterator
from contextlib import contextmanager

from activities.contracts.refusal import refuse
from domain.errors import DomainError


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except DomainError as refusal:
        raise refuse(refusal) from refusal
