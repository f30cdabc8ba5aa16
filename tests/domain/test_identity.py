"""The take-over table: what an identity opens, what it may be linked to, and when it may go."""

from dataclasses import replace
from uuid import uuid4

import pytest

from domain.errors import (
    DomainError,
    EmailUnverified,
    IdentityRefused,
    IdentityTaken,
    LastWayIn,
    LinkRequired,
    ProviderLinked,
)
from domain.identity import (
    Account,
    Identity,
    Provider,
    Registration,
    at_link,
    at_login,
    at_unlink,
)

LEILA = Identity(
    Provider.GOOGLE,
    "https://issuer",
    "1",
    "leila@example.com",
    is_email_proven=True,
    full_name="Leila",
)
UNPROVEN = replace(LEILA, is_email_proven=False)
NAMELESS = replace(LEILA, email=None, is_email_proven=False)
HERS = Account(uuid4(), is_email_proven=True, is_active=True)
PREPARED = Account(uuid4(), is_email_proven=False, is_active=True)  # by whom, nobody knows
CLOSED = Account(uuid4(), is_email_proven=True, is_active=False)


@pytest.mark.parametrize("identity", [LEILA, UNPROVEN, NAMELESS])
@pytest.mark.parametrize("owner", [HERS, PREPARED])
def test_a_known_identity_opens_its_account_whatever_its_address(
    identity: Identity, owner: Account
) -> None:
    assert at_login(identity, owner, None) == owner.id
    assert at_login(identity, owner, Account(uuid4(), True, True)) == owner.id


@pytest.mark.parametrize("identity", [LEILA, UNPROVEN])
def test_an_unknown_identity_with_an_unknown_address_makes_an_account(identity: Identity) -> None:
    assert at_login(identity, None, None) is None


@pytest.mark.parametrize("namesake", [HERS, PREPARED])
def test_a_proven_address_does_not_open_the_account_that_has_it(namesake: Account) -> None:
    with pytest.raises(LinkRequired):
        at_login(LEILA, None, namesake)


@pytest.mark.parametrize(
    ("identity", "owner", "namesake"),
    [
        (UNPROVEN, None, HERS),
        (UNPROVEN, None, PREPARED),
        (NAMELESS, None, None),
        (LEILA, CLOSED, None),
        (LEILA, None, CLOSED),
    ],
)
def test_of_everything_else_nothing_is_said(
    identity: Identity, owner: Account | None, namesake: Account | None
) -> None:
    with pytest.raises(IdentityRefused) as refusal:
        at_login(identity, owner, namesake)

    assert str(refusal.value) == str(IdentityRefused())


@pytest.mark.parametrize(
    ("user", "owner", "has_other", "outcome"),
    [
        (HERS, None, False, True),
        (HERS, HERS, True, False),
        (PREPARED, PREPARED, True, False),
        (HERS, PREPARED, False, IdentityTaken),
        (HERS, CLOSED, True, IdentityTaken),
        (HERS, None, True, ProviderLinked),
        (PREPARED, None, False, EmailUnverified),
        (PREPARED, None, True, ProviderLinked),
    ],
)
def test_what_may_be_linked(
    user: Account, owner: Account | None, has_other: bool, outcome: bool | type[DomainError]
) -> None:
    if isinstance(outcome, bool):
        assert at_link(user, owner, has_other=has_other) is outcome
        return
    with pytest.raises(outcome):
        at_link(user, owner, has_other=has_other)


@pytest.mark.parametrize(("has_password", "others"), [(True, 0), (True, 1), (False, 1)])
def test_one_of_several_ways_in_may_go(has_password: bool, others: int) -> None:
    at_unlink(has_password=has_password, others=others)


def test_the_last_way_in_stays() -> None:
    with pytest.raises(LastWayIn):
        at_unlink(has_password=False, others=0)


def test_a_registration_does_not_show_its_secret() -> None:
    shown = repr(Registration(Provider.GITHUB, "id", "very-secret", "https://github.com"))

    assert "very-secret" not in shown
