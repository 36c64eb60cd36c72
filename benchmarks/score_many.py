"""Photos scored together against one by one: photos a second of both, in one run.

    python -m benchmarks.score_many --model=model.keras --photos=photos

Both ways score the same photos, in turns of a tenth of them, so that a machine whose
speed drifts is as slow for one as for the other. Prints the table of score_many.md.
"""

import time

import numpy as np
from absl import app
from absl import flags

import rankiqa_tf
from rankiqa_tf.data import decode

_MODEL = flags.DEFINE_string("model", None, "A model.keras.", required=True)
_PHOTOS = flags.DEFINE_string("photos", None, "A folder of photos.", required=True)
_COUNT = flags.DEFINE_integer("count", 200, "How many of them.", lower_bound=10)
_CROP_SIZES = flags.DEFINE_list("crop_sizes", ["224", "512"], "Sides of the crops.")


def main(argv):
    del argv
    photos = decode.find_photos([_PHOTOS.value])[: _COUNT.value]
    model = rankiqa_tf.load(_MODEL.value)
    print("| crops of | one by one, photos a second | together | ratio | difference |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for size in map(int, _CROP_SIZES.value):
        sized = model.with_crop_size(size)
        list(sized.score_many(photos[:5]))  # Traces the graph.
        seconds, scores = np.zeros(2), ([], [])
        for turn in np.array_split(np.array(photos, object), 10):
            for way, scored in enumerate(
                (map(sized.score, turn), sized.score_many(turn))
            ):
                started = time.perf_counter()
                scores[way].extend(scored)
                seconds[way] += time.perf_counter() - started
        one, many = map(np.array, scores)
        speeds = len(photos) / seconds
        difference = np.abs(one - many).max() / np.ptp(one)
        print(
            f"| {size} | {speeds[0]:.2f} | {speeds[1]:.2f} "
            f"| {speeds[1] / speeds[0]:.2f} | {difference:.1e} |"
        )


if __name__ == "__main__":
    app.run(main)
