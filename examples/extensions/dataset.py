"""A data set from outside the package: ratings in a JSON file beside the photos.

    python -m rankiqa_tf.evaluate --dataset=dataset:RATINGS --data_dir=my_ratings

Run this in the folder that holds the file. docs/extending/dataset.md explains it.
"""

import json
import statistics

from rankiqa_tf.datasets import DataFolder
from rankiqa_tf.datasets import References
from rankiqa_tf.datasets import Row
from rankiqa_tf.datasets import ScoredPhoto

_LIST = "ratings.json"


def read(
    folder: DataFolder, *, fewest_ratings: int = 1
) -> tuple[list[ScoredPhoto], References | None]:
    """Reads ratings.json, a list of {"file", "scene", "stars"}.

    Args:
        folder: contains ratings.json and the photos it names.
        fewest_ratings: photos rated by fewer people are left out.

    Returns:
        The photos, with the mean of their stars as MOS, and no official split.

    Raises:
        ValueError: if a file is missing or an entry is wrong.
    """
    folder = folder.containing(_LIST)
    text = folder.file(_LIST).read_text(encoding="utf-8")
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise folder.error(f"{_LIST} is not a JSON file: {error}") from error
    photos = []
    for number, entry in enumerate(entries, start=1):
        where = f"entry {number} of {_LIST}"
        try:
            file, scene, stars = entry["file"], entry["scene"], entry["stars"]
        except (KeyError, TypeError) as error:
            raise folder.error(f"{where} must have file, scene and stars") from error
        if len(stars) < max(fewest_ratings, 1):
            continue
        ratings = [folder.number(each, where) for each in stars]
        photos.append(
            ScoredPhoto(folder.file(file), statistics.fmean(ratings), reference=scene)
        )
    return photos, None


RATINGS = Row(
    read=read,
    title="our own ratings",
    source="https://example.com/ratings",
    licence="ours",
    scale=(1, 5),  # The worst and the best that people could give.
    scale_of="mean stars of our own ratings",
)
