"""Do scores tell levels apart on photos of another source? The paper's Figure 2.

    python -m benchmarks.experiments.level_histograms --model=m.keras --photos=others

Scores every level of every photo in the folder with a ranker trained on photos of
another source, draws a histogram for each distortion, and prints pair accuracy and
SROCC with level.
"""

from pathlib import Path

from absl import app
from absl import flags

import distortions
from rankiqa_tf.data import decode
from rankiqa_tf.data import versions
from rankiqa_tf.evaluation import histograms
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation.ranking_check import RankingCheck
from rankiqa_tf.model import Model

_MODEL = flags.DEFINE_string("model", None, "The ranker.", required=True)
_PHOTOS = flags.DEFINE_string("photos", None, "Photos to distort.", required=True)
_PRESET = flags.DEFINE_string("preset", "live", "Distortions and their levels.")
_OUTPUT = flags.DEFINE_string("output", "figures", "Folder of the figures.")


def main(argv):
    del argv
    model = Model.load(_MODEL.value)
    photos = decode.find_photos([_PHOTOS.value])
    made = versions.MadeAnew(photos, distortions.find_preset(_PRESET.value))
    check = RankingCheck(made, crop_size=model.metadata.crop_size, seed=0)
    result = check.whole_photos(model.score_many)
    histograms.draw(result, Path(_OUTPUT.value))
    print(metrics.to_json(result.summary("rank"), indent=2))


if __name__ == "__main__":
    app.run(main)
