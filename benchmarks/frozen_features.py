"""The baseline for fine-tuning: ridge regression on the frozen ImageNet network.

    python -m benchmarks.frozen_features mos.csv [images_folder]

Prints, for several penalties, the SROCC on the part held out by training with --seed=0
and by five more splits: with the features of all levels, and with those of the last
level alone. Photos are scored with crops of 512 pixels.
"""

import sys

import numpy as np

from rankiqa_tf import models
from rankiqa_tf.data import scored
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets import splits
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.models import heads
from rankiqa_tf.models import ridge


def main(path, folder=None):
    model = models.build("efficientnet_lite0", weights="imagenet", levels="all")
    extract, shares = heads.extractor(model)
    photos = scores_csv.read(path, folder)
    crops = scored.recipe_crops(photos, 512)
    features = np.stack([extract(grid) for grid, _ in crops])
    opinions = np.array([photo.mos for photo in photos])
    names = [photo.reference for photo in photos]
    numbers = list(range(len(photos)))
    parts = [
        splits.hold_out(numbers, holdout=0.2, seed=seed, groups=names)
        for seed in range(6)
    ]
    last = 2 * model.get_layer("head").filters  # Means and deviations, at the end.
    every, last = slice(None), slice(-last, None)
    for levels, used in (("all", every), ("last", last)):
        part = features[:, used]
        used_shares = shares[used] * (1 / shares[used]).sum()
        for penalty in (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, None):
            found = []
            for a, b in parts:
                fitted = ridge.fit(
                    part[a], opinions[a], shares=used_shares, penalty=penalty
                )
                found.append(metrics.srocc(fitted.predict(part[b]), opinions[b]))
            shown = " ".join(f"{x:.3f}" for x in found)
            print(f"{levels} levels, penalty {penalty or 'found'}: SROCC {shown}")


if __name__ == "__main__":
    main(*sys.argv[1:])
