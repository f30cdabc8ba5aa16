"""Accounts at other providers: what one proves of its owner, and what that opens here."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from domain.errors import (
    EmailUnverified,
    IdentityRefused,
    IdentityTaken,
    LastWayIn,
    LinkRequired,
    ProviderLinked,
)


class Provider(StrEnum):
    """Names never change: they stand in rows, in the paths of the API and at the providers."""

    GOOGLE = "google"
    GITHUB = "github"
    AUTH0 = "auth0"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a provider knows us by, and where it is.

    Attributes:
        issuer: Who vouches, exactly as its tokens name it; of GitHub, its address.
        api_url: Where GitHub tells who somebody is; the others put it into a token.
    """

    provider: Provider
    client_id: str
    client_secret: str = field(repr=False)
    issuer: str
    api_url: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as a provider describes them.

    Attributes:
        subject: Their id at the issuer. It is opaque: nothing is read out of it.
        email: In lower case; None if the provider names none that we could use.
        is_email_proven: The provider says in so many words that it has checked the address.
    """

    provider: Provider
    issuer: str
    subject: str
    email: str | None
    is_email_proven: bool
    full_name: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's account here, as far as these rules look at it."""

    id: UUID
    is_email_proven: bool
    is_active: bool


def at_login(identity: Identity, owner: Account | None, namesake: Account | None) -> UUID | None:
    """Decide what somebody may do who has come from a provider without being logged in here.

    An e-mail address never opens an account, whoever has proved it: a provider that errs, or an
    account that somebody prepared under another's address, would be a way in for strangers.

    Args:
        identity: Who they are there.
        owner: Whose account this identity is linked to; its address does not matter.
        namesake: The account that has the same e-mail address.

    Returns:
        Whose account is opened; None if a new one is to be made.

    Raises:
        LinkRequired: They have to show once that the account is theirs, by logging in to it.
        IdentityRefused: Nothing is opened; why is not said, as it would tell of the account.
    """
    if owner is not None:
        if owner.is_active:
            return owner.id
        raise IdentityRefused
    if identity.email is None:
        raise IdentityRefused
    if namesake is None:
        return None
    if identity.is_email_proven and namesake.is_active:
        raise LinkRequired
    raise IdentityRefused


def at_link(user: Account, owner: Account | None, *, has_other: bool) -> bool:
    """Decide whether somebody who is logged in may add an identity to their account.

    The account's own address must be proven. Otherwise somebody could open an account under
    another's address, add a way in of their own, and wait for the other to take it over.

    Args:
        user: Whose account it is to be added to.
        owner: Whose account it is linked to already.
        has_other: Another identity of the same provider is linked to the account.

    Returns:
        False if it is linked to this account already.

    Raises:
        IdentityTaken: It is somebody else's way in.
        ProviderLinked: One identity of each provider is enough.
        EmailUnverified: First things first.
    """
    if owner is not None and owner.id != user.id:
        raise IdentityTaken
    if owner is not None:
        return False
    if has_other:
        raise ProviderLinked
    if not user.is_email_proven:
        raise EmailUnverified
    return True


def at_unlink(*, has_password: bool, others: int) -> None:
    """Check that somebody can still log in without an identity.

    Args:
        has_password: Their account has one.
        others: How many more identities it has, of providers that are offered.

    Raises:
        LastWayIn: They could not.
    """
    if not has_password and others == 0:
        raise LastWayIn
