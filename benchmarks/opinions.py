"""Do scores agree with people on distorted photos? Models compared with PIQE, BRISQUE.

    python -m benchmarks.opinions --models=runs/ranked/model.keras --sets=live_dev.csv,twin_dev.csv --others=others_live,others_twin

Each set is a CSV file, image,mos,reference,distortion, in the folder of its images.
--others has, for each set in order, the folder that `benchmarks.score_by` wrote for it,
in a separate environment. Prints SROCC and LCC, the latter of raw scores, for each kind
and for all, as Markdown.
"""  # noqa: E501 - a command is not cut in two.

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from absl import app
from absl import flags

from benchmarks import method_scores
from rankiqa_tf import library
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import opinion_check

_MODELS = flags.DEFINE_list("models", None, "Models.", required=True)
_SETS = flags.DEFINE_list("sets", None, "CSV files of human scores.", required=True)
_OTHERS = flags.DEFINE_list(
    "others", [], "Folders of other methods' scores, of each set."
)


def methods(
    photos: list[ScoredPhoto], root: Path, others: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields each method and its scores of the photos, whose paths start from root."""
    if others:
        for method in method_scores.read_folder(Path(others), root):
            yield method.name.upper(), method.of(photos)
    for path in _MODELS.value:
        model = library.load(path)
        yield path, opinion_check.check(model.score_many, photos).scores


def main(argv: list[str]) -> None:
    """Prints a table for each set."""
    del argv
    if _OTHERS.value and len(_OTHERS.value) != len(_SETS.value):
        raise app.UsageError("--others needs one folder for each of --sets")
    for place, path in enumerate(_SETS.value):
        photos = scores_csv.read(path)
        opinions = np.array([photo.mos for photo in photos])
        kinds = [photo.distortion for photo in photos]
        columns = ["ALL", *dict.fromkeys(kinds)]
        print(f"\n{Path(path).stem}, {len(photos)} images, SROCC (LCC)\n")
        print("| method |", " | ".join(map(str, columns)), "|")
        print("| --- |", " | ".join(["---:"] * len(columns)), "|")
        others = _OTHERS.value[place] if _OTHERS.value else ""
        for name, scores in methods(photos, Path(path).parent, others):
            cells = []
            for column in columns:
                of = np.array([column in ("ALL", kind) for kind in kinds])
                pair = scores[of], opinions[of]
                cells.append(f"{metrics.srocc(*pair):.3f} ({metrics.lcc(*pair):.3f})")
            print(f"| {name} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    app.run(main)
