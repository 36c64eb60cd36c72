"""The last level compared with several levels, in ranking.

    python -m benchmarks.experiments.fusion --photos=photos

Each seed splits the photos anew. Prints the first table of fusion.md.
"""

import dataclasses

from absl import flags

from benchmarks.experiments import ranking_run
from rankiqa_tf import config as config_lib

_SEEDS = flags.DEFINE_integer("seeds", 3, "Splits.", lower_bound=1)
_CHOICES = flags.DEFINE_list(
    "choices", ["last", "block4", "all"], "Levels to compare, + for a comma."
)
config_lib.define_flags()


def main(argv):
    del argv
    config = config_lib.from_flags()
    photos = ranking_run.Photos.of(config)
    found = {choice: [] for choice in _CHOICES.value}
    for seed in range(_SEEDS.value):
        parts = photos.split(seed=seed)
        for choice in found:
            changed = dataclasses.replace(
                config, levels=choice.replace("+", ","), seed=seed
            )
            found[choice].append(ranking_run.figures_of(changed, parts))
    print(ranking_run.table("levels", found))


if __name__ == "__main__":
    ranking_run.start(main, __file__)
