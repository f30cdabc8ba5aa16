"""python -m sandbox.gateway: serves the simulator, on loopback unless it is told otherwise."""

import argparse
import os
from pathlib import Path

import uvicorn

from sandbox.gateway.app import create_app
from sandbox.gateway.reports import Reporter
from sandbox.webhook_keys import ProviderKeys


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where it listens")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="SQLite file of the payments")
    parser.add_argument("--public-url", help="where browsers find it (default: this port)")
    options = parser.parse_args()
    public_url = options.public_url or f"http://127.0.0.1:{options.port}"
    uvicorn.run(
        create_app(options.state, public_url, _reporter()),
        host=options.host,
        port=options.port,
        log_level="warning",
        timeout_graceful_shutdown=1,  # a call that is scripted never to be answered ends here
    )


def _reporter() -> Reporter | None:
    # In the environment, where a list of processes does not show them.
    api_url, secret = os.environ.get("API_URL"), os.environ.get("WEBHOOK_SECRET")
    return Reporter(api_url, ProviderKeys(secret)) if api_url and secret else None


if __name__ == "__main__":
    main()
