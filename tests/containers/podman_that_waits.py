#!/usr/bin/env python3
"""podman, as podman-compose calls it, that can wait for a condition of docker-compose.yml.

Podman before 4.6 cannot wait for a container to be healthy, and none runs health checks where no
systemd runs. So the conditions of docker-compose.yml are asked for here: `healthy` by running the
check, `stopped` by its exit code, because what failed is no reason to go on.
"""

import re
import subprocess
import sys
import time

OLDEST = (4, 6)  # podman-compose ignores conditions below it
PATIENCE_S = 180.0
PAUSE_S = 0.5


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--version"]:
        return tell_version()
    if arguments[:1] == ["wait"] and (condition := arguments[1].partition("--condition=")[2]):
        return wait(condition, arguments[2:])
    # Who comes after whom is seen to by waiting. Podman's own way starts a one-shot that is done
    # once more, and that of 4.3 loses its way where one comes after another.
    passed_on = [each for each in arguments if not each.startswith("--requires=")]
    return subprocess.run(["podman", *passed_on], check=False).returncode


def tell_version() -> int:
    told = podman("--version").stdout
    version = tuple(map(int, re.findall(r"\d+", told)[:2]))
    sys.stdout.write(told if version >= OLDEST else "podman version 4.6.0\n")
    return 0


def wait(condition: str, names: list[str]) -> int:
    holds = {"healthy": is_healthy, "stopped": has_succeeded, "running": is_running}[condition]
    end = time.monotonic() + PATIENCE_S
    for name in names:
        while not holds(name):
            if time.monotonic() > end:
                sys.stderr.write(f"{name} is not {condition} after {PATIENCE_S:g} s\n")
                return 1
            time.sleep(PAUSE_S)
    return 0


def is_healthy(name: str) -> bool:
    return podman("healthcheck", "run", name).returncode == 0


def has_succeeded(name: str) -> bool:
    return state(name) == "exited 0"


def is_running(name: str) -> bool:
    return state(name).startswith("running")


def state(name: str) -> str:
    return podman(
        "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", name
    ).stdout.strip()


def podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["podman", *arguments], check=False, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
