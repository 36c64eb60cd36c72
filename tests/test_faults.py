"""What goes wrong on the way, and what is kept: disks, photos, losses and clocks."""

import contextlib
import errno
import itertools
import os
import shutil
import time
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import toy_training
from batches import flat_photos
from full_disk import no_room_beyond
from test_generate import files_of
from test_generate import make as generate
from test_generate import small
from test_kept_batches import Counted
from test_output import FACTS
from tiny_models import fully_convolutional
from toy_training import assert_same
from toy_training import linear

from distortions import program
from rankiqa_tf.data import joined
from rankiqa_tf.data import ranked
from rankiqa_tf.data import scored
from rankiqa_tf.data import versions
from rankiqa_tf.model import Model
from rankiqa_tf.scores import formats
from rankiqa_tf.scores import output
from rankiqa_tf.scores import path_list
from rankiqa_tf.scores import rows as rows_lib
from rankiqa_tf.training import bad_steps
from rankiqa_tf.training import run_folder
from rankiqa_tf.training.checkpoints import Checkpoints
from rankiqa_tf.training.kept_batches import KeptBatches

TINY = small("gaussian_blur", "jpeg")


def checkpoints(folder):
    """The steps of the checkpoints that there are."""
    files = (folder / "checkpoints/toy").glob("ckpt-*.index")
    return sorted(int(file.stem.removeprefix("ckpt-")) for file in files)


# Photos that vanish or change.


def scored_source(photos):
    return scored.ScoredBatches(photos, size=4, crop_size=16, flips=True, seed=1)


def ranked_source(photos):
    made = versions.MadeAnew([photo.path for photo in photos], TINY)
    shape = ranked.BatchShape(photos=2)
    return ranked.RankedBatches(made, shape=shape, crop_size=16, seed=1)


def joined_source(photos):
    return joined.JoinedBatches(scored_source(photos), ranked_source(photos))


SOURCES = pytest.mark.parametrize(
    "source", [scored_source, ranked_source, joined_source]
)


@pytest.fixture
def photos(tmp_path):
    """Sixteen photos, so that a step has few of them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return flat_photos(folder, 16)


def brightness(seed=0):
    """A model for crops of 16 pixels."""
    keras.utils.set_random_seed(seed)
    image = keras.Input([16, 16, 3])
    features = keras.layers.GlobalAveragePooling2D()(image)
    score = keras.layers.Dense(1, name="score")(features)
    return keras.Model(image, keras.layers.Reshape(())(score))


def train(model, folder, source, photos, **changes):
    options = {"loss": lambda scores, _: tf.reduce_mean((scores - 1) ** 2), "steps": 8}
    toy_training.train(
        model,
        folder,
        source(photos),
        **{**options, "evaluate_every": 100, **changes},
    )


def vanish(path):
    path.rename(path.with_name("elsewhere"))


def cut_short(path):
    shutil.copyfile(path, path.with_name("elsewhere"))
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("source", "harm"), [(scored_source, cut_short), (joined_source, vanish)]
)
def test_training_stops_at_a_photo_that_went_and_goes_on_when_it_is_back(
    source, harm, photos, tmp_path
):
    expected = brightness()
    train(expected, tmp_path / "whole", source, photos)
    # The one that is first needed latest: batches are made ahead.
    steps = [source(photos).photos(number) for number in range(1, 9)]
    needed = {
        photo.path: [n for n, each in enumerate(steps, 1) if photo.path in each]
        for photo in photos
    }
    gone = max(needed, key=lambda path: min(needed[path], default=0))
    done = []

    def stop():
        done.append(1)
        if len(done) == 1:
            harm(gone)
        return False

    told = rf"{gone.name}: .*; put it back, and the same command resumes after step \d+"
    with pytest.raises(bad_steps.UnreadableError, match=told) as caught:
        train(brightness(), tmp_path, source, photos, stop=stop)
    last = int(str(caught.value).rsplit(" ", 1)[1])
    assert last + 1 in needed[gone]
    assert last == len(done)  # No step that was done is lost,
    assert checkpoints(tmp_path)[-1] == last
    gone.with_name("elsewhere").rename(gone)
    model = brightness(1)
    train(model, tmp_path, source, photos)
    assert_same(model, expected)  # and the end is that of a run without it.


def test_a_photo_that_goes_while_crops_are_kept_stops_that_and_it_goes_on(
    photos, tmp_path
):
    image = keras.Input((16, 16, 3))
    part = keras.Model(image, 2 * image)

    def kept(folder, stop=lambda: False):
        return KeptBatches(
            scored_source(photos),
            part,
            steps=8,
            seed=1,
            folder=folder,
            name="keep",
            stop=stop,
        )

    gone = scored_source(photos).photos(8)[0]
    asked = []

    def stop():
        asked.append(1)
        if len(asked) == 1:
            vanish(gone)
        return False

    with pytest.raises(bad_steps.UnreadableError, match=f"{gone.name}: .*put it back"):
        kept(tmp_path / "a", stop)
    assert int((tmp_path / "a/done").read_text()) == len(asked) > 0
    gone.with_name("elsewhere").rename(gone)
    found, expected = kept(tmp_path / "a"), kept(tmp_path / "b")
    for batch, other in zip(
        found.dataset(0, 8).as_numpy_iterator(),
        expected.dataset(0, 8).as_numpy_iterator(),
        strict=True,
    ):
        np.testing.assert_array_equal(batch["mos"], other["mos"])
        np.testing.assert_array_equal(batch["image"][0], other["image"][0])


@SOURCES
def test_a_step_names_the_photos_it_is_made_of(source, photos):
    """By their colours, which tell one from another."""
    batches = source(photos)
    for step, batch in enumerate(batches.dataset(0, 9).as_numpy_iterator(), start=1):
        named = [int(path.stem) for path in batches.photos(step)]
        found = [int(mos) for mos in batch.get("mos", ())]
        if "content" in batch:
            # A photo and two kinds at five levels each.
            found += [photos[n].path.stem for n in batch["content"][::12]]
        assert named == [int(each) for each in found]


def test_a_step_of_what_was_kept_names_its_photos(photos, tmp_path):
    image = keras.Input((16, 16, 3))
    kept = KeptBatches(
        scored_source(photos),
        keras.Model(image, 2 * image),
        steps=8,
        seed=1,
        folder=tmp_path,
        name="keep",
        stop=lambda: False,
    )
    for step, batch in enumerate(kept.dataset(0, 8).as_numpy_iterator(), start=1):
        named = [int(path.stem) for path in kept.photos(step)]
        assert named == [int(mos) for mos in batch["mos"]]


def test_a_photo_that_goes_after_it_was_listed_is_named_and_the_rest_scored(photos):
    paths = [photo.path for photo in photos[:5]]
    asked = path_list.find([str(paths[0].parent)])
    (gone, cut) = sorted(map(str, paths))[1:3]
    Path(gone).unlink()
    cut_short(Path(cut))
    model = fully_convolutional()
    found = [
        row
        for row, _ in rows_lib.score_all(
            model.score_many, asked.photos, (), known=lambda _: None
        )
    ]
    assert len(found) == 16
    without = {row.path: row.error for row in found if row.score is None}
    assert without.keys() == {gone, cut}
    assert "No such file" in without[gone]
    assert without[cut]


def test_generation_leaves_out_photos_that_went_and_makes_them_when_they_are_back(
    photos, tmp_path
):
    folder = photos[0].path.parent
    for photo in photos[3:]:
        photo.path.unlink()
    generate(folder, tmp_path / "whole", preset=TINY)
    elsewhere = tmp_path / "elsewhere.png"

    def harmed(harm):
        listed = generation_of(folder, tmp_path / "out")
        harm(photos[1].path)
        return listed.run()

    found = harmed(lambda path: path.rename(elsewhere))
    assert found.keys() == {"2.png"}
    assert "No such file" in found["2.png"]
    shutil.copyfile(elsewhere, photos[1].path)
    # Of another photo, which is whole, some versions could be beside those of this one.
    found = harmed(lambda path: shutil.copyfile(photos[0].path, path))
    assert found == {"2.png": "it was changed since the photos were listed"}
    shutil.copyfile(elsewhere, photos[1].path)
    assert generate(folder, tmp_path / "out", preset=TINY) == {}
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def generation_of(folder, out, format="files"):
    from distortions.sets import generation

    return generation.Generation(
        folder, out, TINY, seed=7, format=format, shard_megabytes=1, workers=2
    )


# Losses that are no numbers.


def stops_being_a_number(at, *, gradient_only=False):
    """A loss that is no number from a step on; or whose gradients alone are none."""

    def loss(scores, batch):
        target = batch["target"]
        error = tf.reduce_mean(tf.square(scores - target))
        # Targets say which step it is.
        first = tf.constant(toy_training.arrays(at - 1)[1][0])
        is_bad = tf.abs(target[0] - first) < 1e-6

        def bad():
            # The square root's slope at 0 is infinite, and 0 times that no number.
            zero = 0.0 * tf.reduce_sum(scores)
            return error + tf.sqrt(zero) if gradient_only else error * np.nan

        return tf.cond(is_bad, bad, lambda: error)

    return loss


@pytest.mark.parametrize("at", [3, 4])
@pytest.mark.parametrize("gradient_only", [False, True])
def test_no_checkpoint_has_what_is_no_number_and_the_steps_photos_are_named(
    at, gradient_only, tmp_path
):
    """Step 4 is one after which a checkpoint is written; after step 3 none is."""
    loss = stops_being_a_number(at, gradient_only=gradient_only)
    with pytest.raises(FloatingPointError) as caught:
        toy_training.train(linear(), tmp_path, loss=loss)
    # What a gradient did at step 3 is seen by the loss of step 4.
    step = 4 if gradient_only else at
    assert f"at step {step}: the learning rate is too high" in str(caught.value)
    assert f"photo {step}.0, photo {step}.1" in str(caught.value)
    assert checkpoints(tmp_path) == [0, 2]
    good = linear(1)
    with contextlib.suppress(FloatingPointError):
        toy_training.train(good, tmp_path, loss=loss, steps=2)
    expected = linear()
    toy_training.train(expected, tmp_path / "two", steps=2)
    assert_same(good, expected)


# Disks that are full, or may not be written to.


def test_a_checkpoint_that_finds_no_room_leaves_the_one_before(tmp_path):
    variable = tf.Variable(tf.zeros(30_000))
    kept = Checkpoints(tmp_path, {"state": [variable]})
    for step in (1, 2):
        variable.assign(tf.fill(30_000, float(step)))
        kept.save(step)
    variable.assign(tf.fill(30_000, 3.0))
    with no_room_beyond(50_000), pytest.raises(tf.errors.OpError) as caught:
        kept.save(3)
    assert program._is_full(caught.value)
    again = tf.Variable(tf.zeros(30_000))
    found = Checkpoints(tmp_path, {"state": [again]})
    assert found.restore()
    assert set(again.numpy()) == {2.0}
    found.save(3)
    assert found.restore()
    assert not list(tmp_path.glob("*_temp*"))


def test_training_that_finds_no_room_goes_on_when_there_is_some(tmp_path):
    def wide(seed=0):
        """A model whose checkpoints are larger than the records of a run."""
        keras.utils.set_random_seed(seed)
        image = keras.Input(toy_training.SHAPE)
        features = keras.layers.Dense(10_000)(keras.layers.Flatten()(image))
        score = keras.layers.Dense(1, name="score")(features)
        return keras.Model(image, keras.layers.Reshape(())(score))

    options = {"learning_rate": 1e-6}
    expected = wide()
    toy_training.train(expected, tmp_path / "whole", **options)
    batches = toy_training.Batches(at=5, action=lambda: stack.enter_context(full))
    full = no_room_beyond(100_000)
    with contextlib.ExitStack() as stack, pytest.raises(tf.errors.OpError):
        toy_training.train(wide(), tmp_path, batches, **options)
    assert checkpoints(tmp_path)[-1] == 4
    model = wide(1)
    toy_training.train(model, tmp_path, **options)
    assert_same(model, expected)


@pytest.mark.parametrize("format", ["files", "tfrecord"])
def test_generation_that_finds_no_room_goes_on_when_there_is_some(
    format, photos, tmp_path
):
    folder = photos[0].path.parent
    options = {"preset": TINY, "format": format}
    generate(folder, tmp_path / "whole", **options)
    with no_room_beyond(3_000), pytest.raises(OSError, match="File too large"):
        generate(folder, tmp_path / "out", **options)
    generate(folder, tmp_path / "out", **options)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


@pytest.mark.parametrize("name", ["scores.csv", "scores.jsonl"])
def test_rows_that_find_no_room_are_written_when_there_is_some(name, tmp_path):
    form = formats.FORMATS[formats.of_name(name)]
    every = [rows_lib.Row(f"{n}.jpg", n / 7, n, "", "") for n in range(40)]

    def write(path):
        with output.opened(path, form, FACTS, anew=False) as found:
            for row in every:
                if found.row(Path(row.path)) is None:
                    found.file.write(form.line(row, FACTS))
                    found.file.flush()

    write(tmp_path / f"whole_{name}")
    with no_room_beyond(3_000), pytest.raises(OSError, match="File too large"):
        write(tmp_path / name)
    assert (tmp_path / name).stat().st_size == 3_000  # In the middle of a row.
    write(tmp_path / name)
    whole = (tmp_path / f"whole_{name}").read_bytes()
    assert (tmp_path / name).read_bytes() == whole


def test_a_model_that_finds_no_room_leaves_the_one_before(tmp_path):
    model = fully_convolutional()
    model.save(tmp_path / "model.keras")
    before = (tmp_path / "model.keras").read_bytes()
    with no_room_beyond(5_000), pytest.raises(OSError, match="File too large"):
        model.save(tmp_path / "model.keras")
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    assert (tmp_path / "model.keras").read_bytes() == before
    Model.load(tmp_path / "model.keras")


def test_crops_to_keep_find_out_that_there_is_no_room_before_one_is_made(
    tmp_path, monkeypatch
):
    """Later the system would end the process: the files are mapped."""
    image = keras.Input((3, 5, 3))
    part, source = keras.Model(image, 2 * image), Counted()
    asked = len(source.made)

    def fallocate(descriptor, first, size):
        assert size == os.fstat(descriptor).st_size
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", fallocate)
    with pytest.raises(OSError, match=r"No space left on device: '.*\.npy'"):
        KeptBatches(
            source,
            part,
            steps=5,
            seed=1,
            name="keep",
            folder=tmp_path,
            stop=lambda: False,
        )
    assert len(source.made) == asked + 1  # To know what a batch holds.


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "a.csv"), True),
        (
            tf.errors.ResourceExhaustedError(None, None, "a; No space left on device"),
            True,
        ),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"), False),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.csv"), False),
    ],
)
def test_a_program_says_in_a_line_that_a_disk_is_full(
    error, advice, capsys, monkeypatch
):
    def fail(main, flags_parser):
        raise error

    monkeypatch.setattr(program.app, "run", fail)
    monkeypatch.setattr(program, "_kept", lambda _: "traceback: x")
    with pytest.raises(SystemExit) as stopped:
        program.run(lambda _: 0)
    said = capsys.readouterr().err
    assert stopped.value.code == 1
    assert said.count("\n") == 1
    assert ("make room on that disk, and give the same command again" in said) == advice


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="there is no /sys here")
def test_a_folder_that_may_not_be_written_to_is_an_error_at_the_start():
    """Not even by root; of other users this is any folder of others."""
    with (
        pytest.raises(ValueError, match=r"workdir must be a folder.*not /sys/kernel/x"),
        run_folder.held(Path("/sys/kernel/x")),
    ):
        pass
    with (
        run_folder.held(Path("/sys/kernel")),
        pytest.raises(OSError, match=r"/sys/kernel/options\.json"),
    ):
        run_folder.claim(Path("/sys/kernel"), {}, {})


# Clocks that jump.


def test_a_clock_that_jumps_changes_nothing(tmp_path, monkeypatch):
    expected = linear()
    toy_training.train(expected, tmp_path / "whole", steps=25)
    true, jumps = time.time, itertools.cycle([0, 1e8, -1e8, 3600, -3600])
    clock = types.SimpleNamespace(read=lambda: true() + next(jumps))
    monkeypatch.setattr(time, "time", clock.read)
    started = time.monotonic()
    batches = toy_training.Batches(at=15, action=toy_training.kill)
    with pytest.raises(toy_training.Killed):
        toy_training.train(linear(), tmp_path, batches, steps=25)
    assert checkpoints(tmp_path) == [12, 14]
    model = linear(1)
    seconds = toy_training.train(model, tmp_path, steps=25)
    assert_same(model, expected)
    assert 0 < seconds <= time.monotonic() - started
