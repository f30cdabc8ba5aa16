"""An OpenID provider that does what no well-behaved one would do, when a test asks for it."""

import asyncio
import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from tests.oidc.serving import form_of

CLIENT_ID = "client-of-assets"
CLIENT_SECRET = "secret-of-assets-at-the-provider"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SOMEBODY_ELSES_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def person(**changes: Any) -> dict[str, Any]:
    subject = secrets.token_hex(8)
    claims = {"sub": subject, "email": f"{subject}@example.test", "email_verified": True}
    return claims | {"name": "Leila Karimi"} | changes


@dataclass
class Mischief:
    """What is wrong with the answers.

    Attributes:
        claims: Put into each ID token in the place of the right ones; None takes one away.
        times: The same for claims that are times, in seconds from now.
        algorithm: What ID tokens are signed with.
        key: And by which key.
        key_id: Whose key they say that it is.
        token: The answer of the token endpoint, as status and body.
        metadata: Put into the provider's description of itself.
        is_down: Nothing but 503.
        sends_issuer: The browser brings the name of the issuer back (RFC 9207).
        pause: It thinks about whatever it is asked until this is set.
    """

    claims: dict[str, Any] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    algorithm: str = "RS256"
    key: Any = KEY
    key_id: str | None = "k1"
    token: tuple[int, str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    is_down: bool = False
    sends_issuer: bool = False
    pause: asyncio.Event | None = None


@dataclass
class Provider:
    """One provider: who is logged in there, what it has given out, and what it does wrong."""

    issuer: str = ""
    who: dict[str, Any] = field(default_factory=person)
    does: Mischief = field(default_factory=Mischief)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    def start_over(self) -> None:
        """Behave, with somebody new who is logged in."""
        self.who, self.does = person(), Mischief()
        self.codes.clear()
        self.given.clear()
        self.was_asked.clear()

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def perhaps_later(request: Request, call_next: Any) -> Any:
            self.was_asked.set()
            if self.does.pause:
                await self.does.pause.wait()
            return Response(status_code=503) if self.does.is_down else await call_next(request)

        app.add_api_route("/.well-known/openid-configuration", self.metadata)
        app.add_api_route("/jwks", self.jwks)
        app.add_api_route("/authorize", self.authorize)
        app.add_api_route("/token", self.token, methods=["POST"])
        return app

    async def metadata(self) -> dict[str, Any]:
        site = self.issuer.rstrip("/")
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{site}/authorize",
            "token_endpoint": f"{site}/token",
            "jwks_uri": f"{site}/jwks",
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
        }
        return found | self.does.metadata

    async def jwks(self) -> dict[str, Any]:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        return {"keys": [key | {"kid": "k1", "use": "sig"}]}

    async def authorize(self, request: Request) -> RedirectResponse:
        """Log in without a question, and send the browser back."""
        asked = dict(request.query_params)
        assert (asked["client_id"], asked["response_type"]) == (CLIENT_ID, "code")
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"]}
        back |= {"iss": self.issuer} if self.does.sends_issuer else {}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}")

    async def token(self, request: Request) -> Response:
        form = await form_of(request)
        if self.does.token:
            status, body = self.does.token
            return Response(body, status, media_type="application/json")
        if (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not asked or (challenge, form["redirect_uri"]) != (
            asked["code_challenge"],
            asked["redirect_uri"],
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access_token = secrets.token_urlsafe(16)
        id_token = self._signed(asked["nonce"])
        self.given += [form["code"], form["code_verifier"], access_token, id_token, asked["nonce"]]
        tokens = {"access_token": access_token, "id_token": id_token, "token_type": "Bearer"}
        return JSONResponse(tokens)

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        claims |= {"nonce": nonce, **self.who, **self.does.claims}
        claims |= {name: now + seconds for name, seconds in self.does.times.items()}
        claims = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": self.does.key_id} if self.does.key_id else {}
        key, algorithm = self.does.key, self.does.algorithm
        return jwt.encode(claims, key, algorithm=algorithm, headers=headers)
