"""What a start finds out about the database before it loads any migration tool."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from sandbox.environment import ROOT
from sandbox.prepare import VERSIONS, newest


def test_the_newest_revision_is_the_one_alembic_names() -> None:
    heads = ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_heads()

    assert newest(VERSIONS) == set(heads)


def test_of_a_merge_only_the_merge_is_newest(tmp_path: Path) -> None:
    for revision, built_on in {"a": "None", "b": '"a"', "c": "'a'", "d": '("b", "c")'}.items():
        text = f'revision: str = "{revision}"\ndown_revision = {built_on}\nbranch_labels = None\n'
        (tmp_path / f"{revision}.py").write_text(text)

    assert newest(tmp_path) == {"d"}
