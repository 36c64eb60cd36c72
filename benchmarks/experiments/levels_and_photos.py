"""How many levels, how many photos? The supplement's Table 4.

    python -m benchmarks.experiments.levels_and_photos --photos=photos

Trains with 2 to 6 levels of each distortion, including the pristine photo, spread
evenly over the preset's levels, and with a fifth to all of the training photos; each
run passes equally many images through the network. All are evaluated on all levels of
held-out photos. Prints the table of levels_and_photos.md.
"""

import dataclasses

import numpy as np
import tensorflow as tf
from absl import flags

from benchmarks.experiments import ranking_run
from rankiqa_tf import config as config_lib
from rankiqa_tf.data import versions
from rankiqa_tf.datasets.splits import Split

IMAGES = 48  # Per batch, or slightly fewer.

_SEEDS = flags.DEFINE_integer("seeds", 1, "Runs of each size.", lower_bound=1)
config_lib.define_flags()


class SomeLevels:
    """Versions with only some of the levels; see `versions.Versions`.

    Args:
        all_levels: the source of versions.
        levels: the levels to use, in order, 0 first.
    """

    def __init__(self, all_levels: versions.Versions, levels: np.ndarray):
        self._versions, self._levels = all_levels, tf.constant(levels, tf.int32)
        self.names, self.num_photos = all_levels.names, all_levels.num_photos
        self.num_levels = len(levels) - 1
        self.better = all_levels.better[:, levels][:, :, levels]
        self.graded = np.zeros_like(all_levels.graded)
        self.shares_seed = all_levels.shares_seed

    def photo(self, content):
        """Same as for all levels."""
        return self._versions.photo(content)

    def whole(self, photo, kind, strength, seed):
        """Same as for all levels."""
        return self._versions.whole(photo, kind, self._level(strength), seed)

    def crop(self, photo, kind, strength, size, place_seed, seed):
        """Same as for all levels."""
        level = self._level(strength)
        return self._versions.crop(photo, kind, level, size, place_seed, seed)

    def _level(self, strength):
        return self._levels[tf.cast(strength, tf.int32)]

    def in_memory(self, budget):
        """Same as for all levels."""
        return SomeLevels(self._versions.in_memory(budget), self._levels.numpy())


def compared(config, known, unknown):
    """Returns figures for each seed, with equally many images whatever the levels."""
    parts = Split(training=known, held_out=unknown)
    of_a_photo = len(known.names) * (known.num_levels + 1)
    photos = IMAGES // of_a_photo
    steps = round(config.rank_steps * IMAGES / (photos * of_a_photo))
    config = dataclasses.replace(config, photos_per_batch=photos, rank_steps=steps)
    return [
        ranking_run.figures_of(dataclasses.replace(config, seed=seed), parts)
        for seed in range(_SEEDS.value)
    ]


def main(argv):
    del argv
    config = config_lib.from_flags()
    photos = ranking_run.Photos.of(config).split(seed=0)
    known, unknown = photos.training, photos.held_out
    every = known.num_levels + 1
    found = {}
    for count in range(2, every + 1):
        levels = np.rint(np.linspace(0, known.num_levels, count)).astype(int)
        title = f"{count} levels: {', '.join(map(str, levels))}"
        found[title] = compared(config, SomeLevels(known, levels), unknown)
    for share in (0.2, 0.4, 0.6, 0.8):
        few = np.arange(round(share * known.num_photos))
        some = ranking_run.SomePhotos(known, few)
        title = f"{every} levels of {some.num_photos} photos"
        found[title] = compared(config, some, unknown)
    print(ranking_run.table(f"of {known.num_photos} photos", found))


if __name__ == "__main__":
    ranking_run.start(main, __file__)
