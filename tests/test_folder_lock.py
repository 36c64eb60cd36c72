"""Only one run writes to a folder; the second is told which."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from distortions import folder_lock


def in_child(work):
    """Calls a function in a process of its own; returns it once that said "ready"."""
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        try:
            work(lambda: os.write(writer, b"ready"))
        finally:
            os._exit(1)
    os.close(writer)
    assert os.read(reader, 5) == b"ready"
    os.close(reader)
    return process


def kill(process):
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def hold_for_ever(folder):
    def work(ready):
        with folder_lock.held(folder):
            ready()
            time.sleep(600)

    return in_child(work)


def assert_free(folder):
    with folder_lock.held(folder):
        pass


def test_the_second_is_refused_and_told_who_the_first_is(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/x/train.py", "--workdir=runs/a b"])
    process = hold_for_ever(tmp_path)
    try:
        told = (
            rf"another run writes to {re.escape(str(tmp_path))}: process {process} on "
            rf"{socket.gethostname()}, since \d{{4}}-\d\d-\d\dT[\d:]{{8}}\S+: "
            r"train\.py '--workdir=runs/a b'"
        )
        with pytest.raises(folder_lock.HeldError, match=told):
            assert_free(tmp_path)
    finally:
        kill(process)


def test_the_lock_of_a_killed_holder_is_taken_over(tmp_path):
    process = hold_for_ever(tmp_path)
    kill(process)
    left = json.loads((tmp_path / folder_lock.NAME).read_text())
    assert left["process"] == process
    with folder_lock.held(tmp_path):
        now = json.loads((tmp_path / folder_lock.NAME).read_text())
        assert now["process"] == os.getpid()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("process", [1, os.getpid()], ids=["the first", "this"])
def test_a_process_that_has_the_number_of_a_dead_holder_is_not_taken_for_it(
    tmp_path, process
):
    """As after a reboot, when both of these are alive."""
    known = {
        "host": socket.gethostname(),
        "process": process,
        "since": "",
        "command": "",
    }
    (tmp_path / folder_lock.NAME).write_text(json.dumps(known))
    assert_free(tmp_path)


def test_two_in_one_process_are_two(tmp_path):
    with (
        folder_lock.held(tmp_path),
        pytest.raises(folder_lock.HeldError, match=f"process {os.getpid()} "),
    ):
        assert_free(tmp_path)
    assert_free(tmp_path)


@pytest.mark.parametrize("fork", [True, False])
def test_a_child_does_not_hold_what_its_dead_parent_held(tmp_path, fork):
    children = tmp_path / "children"

    def work(ready):
        with folder_lock.held(tmp_path / "folder"):
            reader, writer = os.pipe()
            child = os.fork() if fork else subprocess.Popen(["sleep", "600"]).pid
            if not child:
                os.write(writer, b"1")
                time.sleep(600)
            if fork:
                os.read(reader, 1)  # What a fork does first, it has done.
            children.write_text(str(child))
            ready()
            time.sleep(600)

    process = in_child(work)
    child = int(children.read_text())
    try:
        with pytest.raises(folder_lock.HeldError):
            assert_free(tmp_path / "folder")
        kill(process)
        os.kill(child, 0)  # It is alive.
        assert_free(tmp_path / "folder")
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_forked_child_that_ends_leaves_its_parent_the_lock(tmp_path):
    with folder_lock.held(tmp_path):
        process = os.fork()
        if not process:
            try:
                raise SystemExit
            finally:
                os._exit(0)
        os.waitpid(process, 0)
        with pytest.raises(folder_lock.HeldError):
            assert_free(tmp_path)


def test_never_do_two_hold_it(tmp_path):
    """Also where one comes while another lets go, and deletes the file."""
    holders, most = [], []

    def try_often():
        held = 0
        while held < 50:
            try:
                with folder_lock.held_file(tmp_path / "scores.csv"):
                    holders.append(1)
                    most.append(len(holders))
                    holders.pop()
                    held += 1
            except folder_lock.HeldError:
                pass

    threads = [threading.Thread(target=try_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 4 * 50 * [1]
    assert not list(tmp_path.iterdir())


def test_a_folder_is_made_and_deleted_again_if_nothing_was_written(tmp_path):
    folder = tmp_path / "new" / "run"
    with folder_lock.held(folder):
        assert folder.is_dir()
    assert not folder.exists()
    with folder_lock.held(folder):
        (folder / "result").write_text("")
    assert [file.name for file in folder.iterdir()] == ["result"]


def test_where_the_file_system_has_no_locks_nothing_is_locked(tmp_path, monkeypatch):
    def flock(descriptor, operation):
        raise OSError(folder_lock.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(folder_lock.fcntl, "flock", flock)
    with folder_lock.held(tmp_path):
        assert_free(tmp_path)


def test_a_folder_that_cannot_be_written_to_is_left_to_whoever_writes(tmp_path):
    """What is written there fails by itself, and says what it is."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    try:
        assert_free(tmp_path)
    finally:
        tmp_path.chmod(0o700)
