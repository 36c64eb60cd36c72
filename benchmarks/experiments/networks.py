"""Networks trained to rank from scratch, compared: the paper's Table 1.

    python -m benchmarks.experiments.networks --photos=photos

Prints a table: every network after the same number of steps, and their times.
"""

import dataclasses

import keras
from absl import flags

from benchmarks.experiments import ranking_run
from rankiqa_tf import config as config_lib
from rankiqa_tf import models

_SEEDS = flags.DEFINE_integer("seeds", 1, "Runs of each network.", lower_bound=1)
_NETWORKS = flags.DEFINE_list(
    "networks",
    ["shallow", "alexnet", "MobileNetV2", "efficientnet_lite0"],
    "What to compare.",
)
config_lib.define_flags()


def main(argv):
    del argv
    config = config_lib.from_flags()
    photos = ranking_run.Photos.of(config).split(seed=0)
    found = {}
    for name in _NETWORKS.value:
        size = models.build(name, levels=config.levels).count_params()
        keras.backend.clear_session()
        found[f"{name} ({size:,} parameters)"] = [
            ranking_run.figures_of(
                dataclasses.replace(config, network=name, seed=seed), photos
            )
            for seed in range(_SEEDS.value)
        ]
    print(ranking_run.table("network", found))


if __name__ == "__main__":
    ranking_run.start(main, __file__)
