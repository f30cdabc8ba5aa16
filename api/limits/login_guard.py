"""Who keeps failing to log in waits, longer each time: each account, and each address.

An attempt is counted before its password is looked at, and taken back when it was right: of many
at once, no more get through than one after the other would.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from api.limits.client_address import network_of
from domain.errors import RateLimited
from domain.limits import BackOff
from models.database import Sessions
from models.queries import login_failures

_FIRST: Final = timedelta(seconds=5)
_MINUTE: Final = timedelta(minutes=1)


class Attempt(NamedTuple):
    """Whom somebody tries to be, and from where, as the table knows them."""

    account: bytes
    address: bytes


@dataclass(frozen=True)
class LoginGuard:
    """Asked before a password is compared.

    Attributes:
        secret: Hashes accounts and addresses, so that the table names nobody, known or not.
    """

    sessions: Sessions
    secret: bytes
    by_account: BackOff
    by_address: BackOff

    @classmethod
    def made(cls, sessions: Sessions, secret: bytes, account: int, address: int) -> "LoginGuard":
        """Make one that lets so many failures of an account and of an address pass freely."""
        return cls(
            sessions,
            secret,
            BackOff(account, _FIRST, longest=15 * _MINUTE, recovery=15 * _MINUTE),
            # Behind one address there may be an office full of people who mistype.
            BackOff(address, _FIRST, longest=5 * _MINUTE, recovery=_MINUTE),
        )

    async def admit(self, email: str, host: str) -> Attempt:
        """Let an attempt pass, and count it as failed until `succeeded` is told of it.

        Where the account has been used lately its own failures do not count: they may be somebody
        else's, who wants its owner kept out.

        Raises:
            RateLimited: Too many have failed; whether there is such an account makes no difference.
        """
        attempt = self._attempt(email, host)
        async with self.sessions.begin() as session:
            found = await login_failures.lock(session, attempt)
            account, address = found[attempt.account], found[attempt.address]
            wait = self.by_address.wait(*address)
            patience = self.by_account.wait(*account)
            if patience > wait and not await _is_known(session, email, host):
                wait = patience
            if wait:
                raise RateLimited(wait)
            for key, after in (
                (attempt.account, self.by_account.after_one_more(*account)),
                (attempt.address, self.by_address.after_one_more(*address)),
            ):
                await login_failures.write(session, key, after)
        return attempt

    async def succeeded(self, attempt: Attempt) -> None:
        """Forget what the account failed before, and that this attempt was counted."""
        async with self.sessions.begin() as session:
            await login_failures.lock(session, attempt)
            await login_failures.forgive(session, attempt.account)
            await login_failures.take_back(session, attempt.address)

    def _attempt(self, email: str, host: str) -> Attempt:
        return Attempt(self._key("account", email), self._key("address", network_of(host)))

    def _key(self, kind: str, whose: str) -> bytes:
        text = f"{kind}:{whose}".encode()
        return hashlib.blake2b(text, key=self.secret, digest_size=16).digest()


async def _is_known(session: AsyncSession, email: str, host: str) -> bool:
    places = await login_failures.known_places(session, email)
    return network_of(host) in {network_of(place) for place in places}
