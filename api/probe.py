"""python -m api.probe: asks the API of this container whether it lives; for health checks."""

import os
import urllib.request
from typing import Final

_URL: Final = "http://127.0.0.1:8000/healthz"
_PATIENCE_S: Final = 3.0


def main() -> None:
    # It answers only to the hosts that it was told, so this calls itself one of them.
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().removeprefix("*.")
    request = urllib.request.Request(_URL, headers={"Host": host or "localhost"})
    # An answer other than 200, or none, ends this with a traceback, and so with an exit code.
    urllib.request.urlopen(request, timeout=_PATIENCE_S).close()  # noqa: S310


if __name__ == "__main__":
    main()
