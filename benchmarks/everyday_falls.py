"""On how many photos the score falls, for each strength of everyday damage.

    python -m benchmarks.everyday_falls --models=lite0-photos --photos=photos

Prints a table as Markdown (benchmarks/shipped_models.md).
"""

from absl import app
from absl import flags

from benchmarks.everyday_damage import PRESET
from rankiqa_tf import library
from rankiqa_tf.data import decode
from rankiqa_tf.data import versions
from rankiqa_tf.evaluation.ranking_check import RankingCheck

_MODELS = flags.DEFINE_list("models", ["lite0-photos"], "Names or paths of models.")
_PHOTOS = flags.DEFINE_string("photos", None, "A folder of good photos.", required=True)


def main(argv):
    del argv
    photos = versions.MadeAnew(decode.find_photos([_PHOTOS.value]), PRESET)
    print(
        f"Of {photos.num_photos} photos:\n\n| model | damage | strengths | falls, % |"
    )
    print("| --- | --- | --- | --- |")
    for name in _MODELS.value:
        model = library.load(name)
        check = RankingCheck(photos, crop_size=model.metadata.crop_size, seed=0)
        scores = check.whole_photos(model.score_many).scores
        falls = 100 * (scores[..., 1:] < scores[..., :1]).mean(0)
        for row, shares in zip(PRESET.rows, falls, strict=True):
            strengths = ", ".join(f"{value:.3g}" for value in row.parameters)
            print(
                f"| {name} | {row.name} | {strengths} "
                f"| {', '.join(f'{share:.0f}' for share in shares)} |"
            )


if __name__ == "__main__":
    app.run(main)
