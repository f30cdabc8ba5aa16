"""The npm package `oidc-provider`, which is certified, run by the Node of a Python package."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx

from sandbox.ports import free_port
from sandbox.process import running
from sandbox.program import Program, http_get
from tests.node import NODE, installed

CLIENT_ID = "assets"
CLIENT_SECRET = "secret-of-assets-at-the-certified-provider"
FOLDER = Path(__file__).parent
_FORM = re.compile(r'<form[^>]* action="([^"]+)" method="post"')


@dataclass(frozen=True)
class Certified:
    issuer: str


@contextmanager
def certified(redirect_uri: str, log: Path) -> Iterator[Certified]:
    """Run the provider for the length of a block."""
    installed(FOLDER)
    port = free_port()
    described = "/.well-known/openid-configuration"
    arguments = (str(port), redirect_uri, CLIENT_ID, CLIENT_SECRET)
    program = Program(
        name="oidc-provider",
        argv=(str(NODE), str(FOLDER / "provider.js"), *arguments),
        ready=lambda: http_get(port, described) is not None,
    )
    with running(program, log):
        yield Certified(f"http://127.0.0.1:{port}")


async def log_in(elsewhere: httpx.AsyncClient, page: str, who: str) -> str:
    """Log in by the provider's own forms, and return where it sends the browser in the end."""
    url = httpx.URL(page)
    answer = await elsewhere.get(url)
    while True:
        while answer.is_redirect:
            url = url.join(answer.headers["location"])
            if "/callback/" in url.path:
                return str(url)
            answer = await elsewhere.get(url)
        form = _FORM.search(answer.text)
        assert form, answer.text
        prompt = "login" if 'name="login"' in answer.text else "consent"
        fields = {"prompt": prompt, "login": who, "password": "any"}
        url = url.join(unescape(form[1]))
        answer = await elsewhere.post(url, data=fields)
