"""Files and folders are there whole, or what was there before is."""

import os
import signal
import threading
from pathlib import Path

import pytest
from full_disk import no_room_beyond

from distortions import whole_file

BEFORE, NEW = b"before", b"new" * 4000


def write_file(path):
    whole_file.write(path, NEW)


def make_file(path):
    with whole_file.made_beside(path) as made:
        made.with_name("beside").write_bytes(b"of use on the way")
        made.write_bytes(NEW)


def make_folder(path):
    with whole_file.made_beside(path) as made:
        made.mkdir()
        (made / "a").write_bytes(b"a")
        (made / "b").write_bytes(NEW)


def contents(path):
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    return path.read_bytes()


WAYS = pytest.mark.parametrize("way", [write_file, make_file, make_folder])


@pytest.fixture
def path(tmp_path, way):
    """Where something of the same sort is already."""
    path = tmp_path / "one.bin"
    if way is make_folder:
        path.mkdir()
        (path / "former").write_bytes(BEFORE)
    else:
        path.write_bytes(BEFORE)
    return path


@WAYS
def test_what_was_written_takes_the_place_of_what_was_there(way, path):
    way(path)
    expected = {"a": b"a", "b": NEW} if way is make_folder else NEW
    assert contents(path) == expected
    assert list(path.parent.iterdir()) == [path]


@WAYS
def test_a_full_disk_leaves_what_was_there_and_the_error_names_it(way, path):
    before = contents(path)
    with no_room_beyond(1000), pytest.raises(OSError, match=r"one\.bin") as caught:
        way(path)
    if way is write_file:
        assert caught.value.filename == str(path)
    assert contents(path) == before
    assert list(path.parent.iterdir()) == [path]


@WAYS
def test_what_is_written_is_on_the_disk_before_it_takes_its_place(
    way, path, monkeypatch
):
    """A power cut after the renaming must not find a name of nothing."""
    events = []

    def fsync(descriptor):
        events.append(("synced", os.fstat(descriptor).st_ino))

    def moving(move):
        def moved(source, target):
            if target == path:
                events.append(("moved", source.stat().st_ino))
                inside = source.iterdir() if source.is_dir() else ()
                events.extend(("moved", file.stat().st_ino) for file in inside)
            return move(source, target)

        return moved

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", moving(Path.replace))
    monkeypatch.setattr(Path, "rename", moving(Path.rename))
    way(path)
    first = next(n for n, (what, _) in enumerate(events) if what == "moved")
    synced = {inode for what, inode in events[:first] if what == "synced"}
    moved = {inode for what, inode in events if what == "moved"}
    assert moved
    assert moved <= synced
    # And the folder, which holds the name, after it.
    assert events[-1] == ("synced", path.parent.stat().st_ino)


@WAYS
def test_a_process_killed_while_it_writes_leaves_what_was_there(way, path, monkeypatch):
    before = contents(path)
    process = os.fork()
    if not process:
        monkeypatch.setattr(os, "fsync", lambda _: os.kill(os.getpid(), signal.SIGKILL))
        way(path)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
    assert contents(path) == before
    assert len(list(path.parent.iterdir())) == 2
    whole_file.clear(path.parent)
    assert list(path.parent.iterdir()) == [path]
    assert contents(path) == before


def test_clearing_takes_nothing_but_what_was_left_half_written(tmp_path):
    kept = [
        tmp_path / "a.partial",
        tmp_path / ".b.partial",
        tmp_path / "sub/.0123456g.partial",
    ]
    left = [tmp_path / ".0123abcd.partial", tmp_path / "sub/deep/.ffffffff.partial/x"]
    for path in (*kept, *left):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    whole_file.clear(tmp_path)
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in left)
    assert not left[1].parent.exists()


def test_what_is_left_of_one_file_is_told_from_that_of_others(tmp_path):
    for number, name in enumerate(("[a].csv", "other.csv")):
        folder = tmp_path / f".0000000{number}.partial"
        folder.mkdir()
        (folder / name).write_text("half")
    whole_file.clear_beside(tmp_path / "[a].csv")
    assert [file.name for file in tmp_path.iterdir()] == [".00000001.partial"]


def test_a_folder_is_deleted_in_one_step(tmp_path, monkeypatch):
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "done").write_text("7")

    def killed(path):
        assert not folder.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(whole_file.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        whole_file.remove(folder)
    monkeypatch.undo()
    whole_file.remove(folder)  # Nothing is there: nothing is to be done.
    whole_file.clear(tmp_path)
    assert not list(tmp_path.iterdir())


def test_two_that_write_the_same_file_leave_that_of_one(tmp_path):
    path = tmp_path / "a"
    texts = [bytes([letter]) * 100_000 for letter in b"xy"]

    def write(text):
        for _ in range(20):
            whole_file.write(path, text, sync_folder=False)

    threads = [threading.Thread(target=write, args=[text]) for text in texts]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            assert path.read_bytes() in texts
    assert list(tmp_path.iterdir()) == [path]


def test_whether_a_file_can_be_written_is_found_out_without_writing_it(tmp_path):
    whole_file.check(tmp_path / "a")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError, match="none/a"):
        whole_file.check(tmp_path / "none" / "a")
    with pytest.raises(IsADirectoryError):
        whole_file.check(tmp_path)
