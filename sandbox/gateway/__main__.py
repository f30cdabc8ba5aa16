"""python -m sandbox.gateway: serves the simulator on this machine's loopback only."""

import argparse
from pathlib import Path

import uvicorn

from sandbox.gateway.app import create_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.gateway", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="SQLite file of the payments")
    parser.add_argument("--public-url", help="where browsers find it (default: this port)")
    options = parser.parse_args()
    public_url = options.public_url or f"http://127.0.0.1:{options.port}"
    uvicorn.run(
        create_app(options.state, public_url),
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        timeout_graceful_shutdown=1,  # a call that is scripted never to be answered ends here
    )


if __name__ == "__main__":
    main()
