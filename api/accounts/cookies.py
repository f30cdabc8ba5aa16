"""The three cookies of a browser's session: their names, where they go, how long they live."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fastapi import Request, Response

from api.paths import PREFIX

REFRESH_PATH: Final = f"{PREFIX}/auth/"


@dataclass(frozen=True)
class Cookies:
    """Attributes.

    is_secure: False only for plain-http development, where browsers refuse prefixed names.
    """

    is_secure: bool
    access_lifetime: timedelta
    refresh_lifetime: timedelta

    @property
    def access(self) -> str:
        return "__Host-at" if self.is_secure else "at"

    @property
    def refresh(self) -> str:
        # A path of its own rules out the stricter __Host- prefix.
        return "__Secure-rt" if self.is_secure else "rt"

    @property
    def csrf(self) -> str:
        return "__Host-csrf" if self.is_secure else "csrf"

    def access_of(self, request: Request) -> str | None:
        return request.cookies.get(self.access)

    def refresh_of(self, request: Request) -> str | None:
        return request.cookies.get(self.refresh)

    def set(self, response: Response, access: str, refresh: str, csrf: str) -> None:
        short = int(self.access_lifetime.total_seconds())
        long = int(self.refresh_lifetime.total_seconds())
        response.set_cookie(
            self.access,
            access,
            short,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="lax",
        )
        response.set_cookie(
            self.refresh,
            refresh,
            long,
            path=REFRESH_PATH,
            secure=self.is_secure,
            httponly=True,
            samesite="strict",
        )
        # Readable on purpose: the page's own script repeats it in a header.
        response.set_cookie(
            self.csrf, csrf, long, path="/", secure=self.is_secure, httponly=False, samesite="lax"
        )

    def clear(self, response: Response) -> None:
        for name, path in ((self.access, "/"), (self.refresh, REFRESH_PATH), (self.csrf, "/")):
            response.delete_cookie(name, path=path, secure=self.is_secure)
