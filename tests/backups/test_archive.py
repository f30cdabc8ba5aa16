"""A file that is not what was written is refused, whatever has become of it."""

import hashlib
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from backups.archive import DUMP, MANIFEST, newest_in, opened, writing
from backups.errors import BackupError
from tests.backups.packing import flipped, repacked


def refused(file: Path, words: str) -> None:
    with pytest.raises(BackupError, match=words), opened(file):
        pass


def test_it_is_a_plain_tar_that_can_be_checked_by_hand(sound: Path, tmp_path: Path) -> None:
    with tarfile.open(sound) as tar:
        tar.extractall(tmp_path, filter="data")

    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert set(sums) == {DUMP, MANIFEST}
    for name, digest in sums.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("name", [DUMP, MANIFEST])
@pytest.mark.parametrize("place", [0.0, 0.5, 0.999])
def test_one_flipped_bit_is_found(sound: Path, tmp_path: Path, name: str, place: float) -> None:
    with tarfile.open(sound) as tar:
        member = tar.getmember(name)
    at = member.offset_data + int(member.size * place)

    refused(flipped(sound, tmp_path / "flipped", at), f"{name} is not what was written")


def test_a_header_that_cannot_be_read_is_found(sound: Path, tmp_path: Path) -> None:
    refused(flipped(sound, tmp_path / "flipped", 3), "is damaged, or is no backup")


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_found(sound: Path, tmp_path: Path, part: float) -> None:
    cut = tmp_path / "cut"
    whole = sound.read_bytes()
    cut.write_bytes(whole[: int(len(whole) * part)])

    refused(cut, "Take another copy of it")


def test_what_is_no_backup_is_called_so(tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_text("Dear Sir or Madam")

    refused(letter, "is no backup")
    refused(tmp_path / "nothing", "There is no file")
    refused(tmp_path, "Is a directory")


def test_a_form_of_tomorrow_is_left_to_the_release_that_made_it(
    sound: Path, tmp_path: Path
) -> None:
    newer = repacked(sound, tmp_path / "newer", lambda manifest: replace(manifest, format=2))

    refused(newer, "form 2, and this release knows form 1")


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    there = tmp_path / "there.backup"
    there.write_text("precious")

    with pytest.raises(BackupError, match="is there already"), writing(there):
        pass

    assert there.read_text() == "precious"


def test_what_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def end_in_the_middle() -> None:
        with writing(tmp_path / "new.backup") as draft:
            draft.write(b"half a dump")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        end_in_the_middle()

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "new.backup"

    with pytest.raises(BackupError, match=r"Cannot write .*No such file"), writing(missing):
        pass


def test_the_newest_of_a_folder_is_known_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="There is no backup in"):
        newest_in(tmp_path)
    for name in ("assets-20261124T000000Z.backup", "assets-20261123T235959Z.backup", "zzz.txt"):
        (tmp_path / name).touch()

    assert newest_in(tmp_path).name == "assets-20261124T000000Z.backup"
