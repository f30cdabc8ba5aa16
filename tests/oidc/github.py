"""A server that answers as GitHub does: 200 also for errors, numbers for ids, addresses apart."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from tests.oidc.serving import form_of

CLIENT_ID = "Iv1.0123456789abcdef"
CLIENT_SECRET = "0123456789abcdef0123456789abcdef01234567"


def address(email: str, *, primary: bool = True, verified: bool = True) -> dict[str, Any]:
    return {"email": email, "primary": primary, "verified": verified, "visibility": None}


def profile(**changes: Any) -> dict[str, Any]:
    number = secrets.randbelow(10**9)
    return {"id": number, "login": f"user-{number}", "name": None, "email": None} | changes


@dataclass
class GitHub:
    """One server: who is logged in there.

    Attributes:
        api: What the API answers in place of what it should, as status by path.
    """

    user: dict[str, Any] = field(default_factory=profile)
    emails: list[dict[str, Any]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    api: dict[str, int] = field(default_factory=dict)

    def start_over(self) -> None:
        """Answer as it should, with somebody new who is logged in."""
        self.user, self.emails, self.api = profile(), [], {}
        self.codes.clear()
        self.tokens.clear()

    def app(self) -> FastAPI:
        app = FastAPI()
        app.add_api_route("/login/oauth/authorize", self.authorize)
        app.add_api_route("/login/oauth/access_token", self.access_token, methods=["POST"])
        app.add_api_route("/api/user", self.read_user)
        app.add_api_route("/api/user/emails", self.read_emails)
        return app

    async def authorize(self, request: Request) -> RedirectResponse:
        asked = dict(request.query_params)
        assert asked["scope"] == "read:user user:email"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_hex(10)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}")

    async def access_token(self, request: Request) -> Response:
        form = await form_of(request)
        assert request.headers["accept"] == "application/json"
        if (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return _error("incorrect_client_credentials")
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge:
            return _error("bad_verification_code")
        token = f"gho_{secrets.token_hex(18)}"
        self.tokens.add(token)
        return JSONResponse(
            {"access_token": token, "token_type": "bearer", "scope": "read:user,user:email"}
        )

    async def read_user(self, request: Request) -> Response:
        return self._answer(request, "user", self.user)

    async def read_emails(self, request: Request) -> Response:
        return self._answer(request, "user/emails", self.emails)

    def _answer(self, request: Request, path: str, what: object) -> Response:
        assert request.headers["user-agent"]  # without one GitHub answers 403
        if request.headers["authorization"].removeprefix("Bearer ") not in self.tokens:
            return JSONResponse({"message": "Bad credentials"}, 401)
        if status := self.api.get(path):
            return JSONResponse({"message": "..."}, status)
        return JSONResponse(what)


def _error(code: str) -> Response:
    described = {"error": code, "error_description": "Why, in words.", "error_uri": "https://..."}
    return JSONResponse(described)
