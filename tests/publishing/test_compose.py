"""docker-compose.yml is what its schema says, and names its images by version."""

import re
from pathlib import Path

import pytest
import yaml

from tests.publishing.files import ROOT, complaints

COMPOSE = ROOT / "docker-compose.yml"
OURS = {"assets:local", "assets-backup:local"}


def test_it_is_what_the_schema_says() -> None:
    assert not complaints("vendor.compose-spec", COMPOSE)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("    depends_on:", "    depend_on:"),
        ("cap_drop:", "cap_drops:"),
        ("interval:", "intervall:"),
    ],
)
def test_a_misspelt_key_is_seen(right: str, wrong: str, tmp_path: Path) -> None:
    text = COMPOSE.read_text()
    assert right in text
    planted = tmp_path / "docker-compose.yml"
    planted.write_text(text.replace(right, wrong, 1))

    assert wrong.strip(" :") in complaints("vendor.compose-spec", planted)


def test_images_of_others_are_named_by_version() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"].values()

    images = {service["image"] for service in services} - OURS

    assert images
    assert {image for image in images if not re.fullmatch(r"[\w./-]+:\d[\w.-]*", image)} == set()
