"""What a frozen part makes of images is kept, and drawn again and again."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from batches import Numbered
from batches import assert_equal
from batches import steps

from rankiqa_tf.data import ranked
from rankiqa_tf.training import stopping
from rankiqa_tf.training.kept_batches import KeptBatches
from rankiqa_tf.training.stopping import Interrupted


class Counted:
    """Batches of 4 images, each of one colour and numbered from 0 on."""

    size = 4

    def __init__(self):
        self.made = []

    def dataset(self, first, last):
        def batch(step):
            number = tf.cast(4 * step + tf.range(4, dtype=tf.int64), tf.uint8)
            image = tf.tile(number[:, None, None, None], [1, 3, 5, 3])
            return {"image": image, "mos": tf.cast(number, tf.float32)}

        self.made.append((first, last))
        return tf.data.Dataset.range(first, last).map(batch)


@pytest.fixture(scope="module")
def part():
    """From images to a vector, their sum over space, and a map, twice themselves."""
    image = keras.Input((3, 5, 3))
    return keras.Model(image, (keras.ops.sum(image, (1, 2)), 2 * image))


def kept(part, folder, source=None, stop=stopping.never, **options):
    return KeptBatches(
        source or Counted(),
        part,
        **{"steps": 5, "seed": 1, "name": "keep", **options},
        folder=folder,
        stop=stop,
    )


def test_a_batch_has_what_the_part_makes_of_its_images(part, tmp_path):
    batches = kept(part, tmp_path)
    assert batches.size == 4
    for batch in steps(batches, 0, 5):
        total, twice = batch["image"]
        colour = (batch["mos"] / 255)[:, None]
        np.testing.assert_allclose(total, np.repeat(15 * colour, 3, 1), rtol=1e-3)
        assert twice.shape == (4, 3, 5, 3)
        expected = np.broadcast_to(2 * colour[..., None, None], twice.shape)
        np.testing.assert_allclose(twice, expected, rtol=1e-3)


def test_a_pass_takes_every_image_once_in_an_order_of_its_own(part, tmp_path):
    batches = kept(part, tmp_path)
    found = np.array([batch["mos"] for batch in steps(batches, 0, 10)])
    first, second = found[:5].ravel().tolist(), found[5:].ravel().tolist()
    assert sorted(first) == sorted(second) == list(range(20))
    assert len({tuple(first), tuple(second), tuple(range(20))}) == 3


def test_batches_are_a_function_of_seed_and_step(part, tmp_path):
    batches = kept(part, tmp_path / "a")
    flat = [{"mos": b["mos"], "a": b["image"][1]} for b in steps(batches, 0, 9)]
    later = [{"mos": b["mos"], "a": b["image"][1]} for b in steps(batches, 4, 9)]
    assert_equal(later, flat[4:])
    other = kept(part, tmp_path / "b", seed=2)
    assert any(
        (a["mos"] != b["mos"]).any()
        for a, b in zip(steps(batches, 0, 5), steps(other, 0, 5), strict=True)
    )


def test_images_are_given_one_by_one_in_their_order(part, tmp_path):
    rows = list(kept(part, tmp_path).in_order(6))
    assert [float(row["mos"][0]) for row in rows] == list(range(6))
    for number, row in enumerate(rows):
        total, twice = row["image"]
        np.testing.assert_allclose(total, [3 * [15 * number / 255]], rtol=1e-3)
        assert twice.shape == (1, 3, 5, 3)


def test_the_versions_of_a_photo_stay_together(part, tmp_path):
    shape = ranked.BatchShape(photos=2, distortions=2, own_distortions=True)
    versions = ranked.RankedBatches(Numbered(), shape=shape, crop_size=4, seed=3)
    image = keras.Input((4, 4, 3))
    same = keras.Model(image, (image,))
    batches = kept(same, tmp_path, versions, steps=4, together=12)
    made = [batch["content"][::12] for batch in steps(versions, 0, 4)]
    drawn = []
    for batch in steps(batches, 0, 4):
        contents = batch["content"].reshape(2, 12)
        assert (contents == contents[:, :1]).all()
        np.testing.assert_array_equal(
            batch["level"].reshape(4, 6), np.tile(np.arange(6), (4, 1))
        )
        colours = np.rint(255 * batch["image"][0][:, 0, 0].astype(float))
        np.testing.assert_array_equal(
            colours,
            np.transpose([batch[k] for k in ("content", "distortion", "level")]),
        )
        drawn.append(contents[:, 0])
    assert sorted(np.ravel(drawn)) == sorted(np.ravel(made))


def test_what_was_kept_when_it_was_stopped_is_not_made_again(part, tmp_path):
    source, seen = Counted(), []
    with pytest.raises(Interrupted, match="stopped after step 3 of 5"):
        kept(part, tmp_path / "a", source, lambda: seen.append(1) or len(seen) == 3)
    again = kept(part, tmp_path / "a", source)
    assert source.made == [(0, 1), (0, 5), (0, 1), (3, 5)]  # The first for its spec.
    whole = kept(part, tmp_path / "b")
    for found, expected in zip(steps(again, 0, 7), steps(whole, 0, 7), strict=True):
        for one, other in zip(found.pop("image"), expected.pop("image"), strict=True):
            np.testing.assert_array_equal(one, other)
        assert_equal([found], [expected])


def test_files_that_no_count_vouches_for_are_made_anew(part, tmp_path):
    """A machine that went down may leave anything before the first count."""
    kept(part, tmp_path)
    (tmp_path / "done").unlink()
    (tmp_path / "mos.npy").write_bytes(b"half a header")
    batches = kept(part, tmp_path)
    found = np.array([batch["mos"] for batch in steps(batches, 0, 5)])
    assert sorted(found.ravel().tolist()) == list(range(20))


def test_a_disk_without_room_is_told_before_anything_is_made(
    part, tmp_path, monkeypatch
):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    source = Counted()
    # 20 images: 48 numbers of 2 bytes, and a MOS of 4.
    with pytest.raises(
        ValueError, match=r"20 images take 0\.0 GB, and .* 0\.0 GB free"
    ):
        kept(part, tmp_path, source)
    assert source.made == [(0, 1)]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2000))
    assert kept(part, tmp_path).size == 4


def test_what_half_precision_cannot_hold_is_the_most_it_can(tmp_path):
    image = keras.Input((3, 5, 3))
    great = keras.Model(image, (1e8 * image,))
    (batch,) = steps(kept(great, tmp_path, steps=1), 0, 1)
    assert np.isfinite(batch["image"][0]).all()
    assert batch["image"][0].max() == np.finfo(np.float16).max
