"""Model cards: the README.md of an export, in the form that model hubs read."""

import dataclasses
import json
import sys
from collections.abc import Mapping
from collections.abc import Sequence

from export.formats import FORMATS
from rankiqa_tf.data import crop_grid
from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scores import scale as scale_lib

_TAGS = (
    "image-quality-assessment",
    "no-reference",
    "blind-iqa",
    "rankiqa",
    "keras",
    "tensorflow",
    "tflite",
    "litert",
)
# The figures of a run's results.json to include, and their descriptions.
_FIGURES = {
    "test/srocc": "SROCC with human scores, on held-out photos",
    "test/lcc": "LCC with human scores",
    "test/krocc": "KROCC with human scores",
    "test/rmse": "root mean squared error, in the scores' unit",
    "rank/pair_accuracy": "share of pairs of levels ranked right, on held-out photos",
    "rank/order_kept/photo_from_level_2": "share of distorted versions of level 2 and "
    "above that score below their photo, after ranking",
    "test/order_kept/photo_from_level_2": "the same after fine-tuning",
}
_SNIPPETS = {
    "keras": """```python
import rankiqa_tf

print(rankiqa_tf.load("model.keras").score("photo.jpg"))
```
""",
    "saved_model": """```python
import tensorflow as tf

model = tf.saved_model.load("saved_model")
with open("photo.jpg", "rb") as file:
    found = model.signatures["serving_default"](tf.constant([file.read()]))
print(found["score"], found["error"])
```
""",
    "tflite": """```sh
pip install --no-deps rankiqa-tf && pip install ai-edge-litert numpy pillow absl-py
python -m rankiqa_tf.score --model={file} photo.jpg
```
""",
    "web": """```sh
python -m http.server --directory web   # Then open http://localhost:8000
```
""",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms of use of a model, which only its publisher can state.

    Attributes:
        licence: SPDX name of the weights' licence, such as apache-2.0.
        data: the terms of the training data, in a sentence.
    """

    licence: str
    data: str


def write(
    name: str,
    metadata: Metadata,
    sizes: Mapping[str, int],
    *,
    figures: Mapping[str, float],
    agreement: Mapping[str, str],
    terms: Terms,
    photo_size: tuple[int, int] | None = None,
) -> str:
    """Returns the text of a model card.

    Args:
        name: of the model.
        metadata: the model's.
        sizes: size in bytes of each exported form, by its name in `FORMATS`.
        figures: figures of the training run, by their names in results.json; empty if
            unknown.
        agreement: for each form, how closely it agrees with the Keras model, in words.
        terms: terms of use.
        photo_size: height and width of the whole photos that TFLite files take; None if
            they take crops.

    Returns:
        Markdown with a block of YAML in front.
    """
    parts = [
        _front_matter(terms),
        f"# {name}\n\nScores how good a photo looks, without an original to "
        f"compare it with.\n\n{_facts(metadata)}",
        f"## Files\n\n{_files(metadata, sizes, agreement, photo_size)}",
        f"## Use\n\n{_use(sizes)}",
    ]
    told = [(text, figures[key]) for key, text in _FIGURES.items() if key in figures]
    if told:
        rows = "".join(f"| {text} | {value:.3f} |\n" for text, value in told)
        parts.append(
            f"## Figures\n\nFrom the training run.\n\n| | |\n| --- | ---: |\n{rows}"
        )
    parts.append(
        f"## Licence and data\n\n- Weights: {terms.licence or 'not stated'}.\n"
        f"- Data: {terms.data or 'terms not stated'}.\n"
        f"- Trained on: {metadata.trained_on or 'nothing'}.\n"
    )
    return "\n".join(parts)


def _front_matter(terms: Terms) -> str:
    lines = [
        "library_name: rankiqa-tf",
        # JSON strings are valid YAML.
        f"license: {json.dumps(terms.licence or 'other')}",
        "tags:",
        *(f"- {tag}" for tag in _TAGS),
    ]
    return "\n".join(["---", *lines, "---", ""])


def _facts(metadata: Metadata) -> str:
    if scale_lib.of_model(metadata).low is None:
        scale = (
            "are an order, not a scale: it was only ranked, so its scores compare "
            "versions of photos, and no threshold means good"
        )
    elif metadata.scale is None:
        scale = f"have no stated scale; it was {scale_lib.in_words(metadata)}"
    else:
        scale = f"are {scale_lib.in_words(metadata)}"
    if metadata.scale is not None and metadata.score_range is not None:
        low, high = metadata.score_range
        scale += f"; training scores range from {low:g} to {high:g}"
    if metadata.percentiles:
        median = metadata.percentiles[50]
        scale += f"; the median of {metadata.percentiles_of} is {median:.3g}"
    size, most = metadata.crop_size, crop_grid.MAX_CROPS_A_SIDE**2
    return (
        f"- {metadata.direction.capitalize()}; the scores {scale}.\n"
        f"- Network: {metadata.network}, levels: {metadata.levels}; stages: "
        f"{', '.join(metadata.stages) or 'none'}.\n"
        f"- A photo is scored by 1 to {most} crops of {size} x {size} pixels. "
        f"{metadata.recipe}\n"
    )


def _files(
    metadata: Metadata,
    sizes: Mapping[str, int],
    agreement: Mapping[str, str],
    photo_size: tuple[int, int] | None,
) -> str:
    lines = [
        "| file | MB | for | in | out | against Keras |",
        "| --- | ---: | --- | --- | --- | --- |",
    ]
    height, width = photo_size or (metadata.crop_size, metadata.crop_size)
    image = "a whole photo" if photo_size else "one crop"
    for name, size in sizes.items():
        form = FORMATS[name]
        cells = (
            f"`{form.file}`",
            f"{size / 1e6:.1f}",
            form.use,
            form.inputs.format(height=height, width=width, image=image),
            form.outputs,
            agreement.get(name, ""),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _use(names: Sequence[str] | Mapping[str, int]) -> str:
    found = {name: _SNIPPETS[name] for name in names if name in _SNIPPETS}
    tflite = [name for name in names if name.startswith("tflite")]
    if tflite:
        file = FORMATS[tflite[-1]].file
        found["tflite"] = _SNIPPETS["tflite"].format(file=file)
    return "\n".join(found[name] for name in _SNIPPETS if name in found)


if __name__ == "__main__":
    sys.exit("export.card is a library; the program is python -m export")
