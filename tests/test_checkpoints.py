"""Checkpoints damaged by a power cut are skipped; others are not."""

import gc

import pytest
import tensorflow as tf

from rankiqa_tf.training.checkpoints import Checkpoints


def filled(folder, steps=(1, 2, 3)):
    """Writes checkpoints whose state is the number of their step."""
    variable = tf.Variable(tf.zeros(300))
    checkpoints = Checkpoints(folder, {"state": [variable]})
    assert not checkpoints.restore()
    for step in steps:
        variable.assign(tf.fill(300, float(step)))
        checkpoints.save(step)


def restored(folder):
    """Restores into a new state; returns what it is, and its checkpoints."""
    variable = tf.Variable(tf.zeros(300))
    checkpoints = Checkpoints(folder, {"state": [variable]})
    assert checkpoints.restore()
    (number,) = set(variable.numpy())
    return number, checkpoints


def cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def zero(file):
    file.write_bytes(bytes(file.stat().st_size))


def empty(file):
    file.write_bytes(b"")


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def damage(folder, step, part, harm):
    (file,) = folder.glob(f"ckpt-{step}.{part}*")
    harm(file)


def names(folder):
    return sorted(file.stem for file in folder.glob("*.index"))


def test_the_newest_checkpoint_is_taken_and_two_are_kept(tmp_path, caplog):
    filled(tmp_path, (8, 9, 10))  # As text, 9 comes after 10.
    assert restored(tmp_path)[0] == 10
    gc.collect()  # TensorFlow complains when it lets go of what it read.
    assert caplog.messages == []
    assert names(tmp_path) == ["ckpt-10", "ckpt-9"]


@pytest.mark.parametrize(
    ("part", "harm"),
    [
        ("data", cut),
        ("data", zero),
        ("data", empty),
        ("data", flip),
        ("index", cut),
        ("index", zero),
        ("index", empty),
        ("index", flip),
        ("data", lambda file: file.unlink()),
    ],
)
def test_the_one_before_a_damaged_one_is_taken(part, harm, tmp_path, capfd):
    filled(tmp_path)
    damage(tmp_path, 3, part, harm)
    number, checkpoints = restored(tmp_path)
    assert number == 2
    said = capfd.readouterr().err
    assert f"{tmp_path}/ckpt-3 is damaged and was deleted; going on from ckpt-2" in said
    checkpoints.save(5)
    assert names(tmp_path) == ["ckpt-2", "ckpt-5"]
    assert restored(tmp_path)[0] == 2  # What was restored is what was saved.


def test_the_list_of_checkpoints_may_be_lost(tmp_path):
    filled(tmp_path)
    empty(tmp_path / "checkpoint")
    assert restored(tmp_path)[0] == 3


def test_files_of_other_folders_are_not_deleted_whatever_the_list_says(tmp_path):
    run, other = tmp_path / "run", tmp_path / "other"
    for folder in (run, other):
        filled(folder)
    listed = run / "checkpoint"
    newest, *_ = listed.read_text().splitlines()
    strange = f'all_model_checkpoint_paths: "{other}/ckpt-2"'
    listed.write_text(
        "\n".join([newest, strange, f"all_{newest.replace('path', 'paths')}"])
    )
    _, checkpoints = restored(run)
    for step in (4, 5):
        checkpoints.save(step)
    assert names(other) == ["ckpt-2", "ckpt-3"]
    assert names(run) == ["ckpt-4", "ckpt-5"]


def test_if_all_are_damaged_the_error_says_what_to_do(tmp_path):
    filled(tmp_path)
    damage(tmp_path, 2, "data", cut)
    damage(tmp_path, 3, "index", empty)
    with pytest.raises(ValueError, match=r"ckpt-2, ckpt-3.*delete this folder"):
        restored(tmp_path)
    assert names(tmp_path) == ["ckpt-2", "ckpt-3"]  # Nothing is deleted then.


@pytest.mark.parametrize(
    "state",
    [
        {"state": [tf.Variable(tf.zeros(299))]},
        {"state": [tf.Variable(tf.zeros(300)), tf.Variable(0.0)]},
    ],
)
def test_a_checkpoint_of_something_else_is_not_taken_for_a_damaged_one(state, tmp_path):
    filled(tmp_path)
    with pytest.raises(ValueError, match=r"ckpt-3 was written with another network"):
        Checkpoints(tmp_path, state).restore()
    assert names(tmp_path) == ["ckpt-2", "ckpt-3"]
