"""A new file is there with its name after a loss of power, or not at all."""

import os
from pathlib import Path

import pytest

from switch.durable import write_new


def test_the_file_and_its_name_are_synced_in_this_order(tmp_path, monkeypatch):
    synced, real = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(Path(f"/proc/self/fd/{fd}").readlink()) or real(fd))
    file = tmp_path / "new"
    write_new(file, b"content")
    assert synced == [file, tmp_path]
    assert file.read_bytes() == b"content"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_not_touched(tmp_path):
    file = tmp_path / "old"
    file.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        write_new(file, b"other")
    assert file.read_bytes() == b"mine"


def test_a_write_that_fails_leaves_no_file_in_the_way_of_the_next(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    file = tmp_path / "new"
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_new(file, b"content")
    assert not file.exists()
    write_new(file, b"content")
