"""The card of an export: what model hubs and people read."""

import dataclasses

from export import card
from export.formats import FORMATS
from rankiqa_tf.metadata import Metadata

METADATA = Metadata(
    network="efficientnet_lite0",
    crop_size=224,
    levels="all",
    score_range=(0.0, 1.0),
    trained_on="1,600 photos of mos.csv",
    stages=("finetune",),
)


def written(metadata=METADATA, **changes):
    """A card of a model, its sections by their headings."""
    given = {
        "figures": {"test/srocc": 0.8216, "seconds": 12.0},
        "agreement": {"tflite_int8": "SROCC 0.998"},
        "terms": card.Terms(licence="apache-2.0", data="no redistribution"),
    }
    sizes = {"saved_model": 14_200_000, "tflite_int8": 4_010_000}
    text = card.write("lite0", metadata, sizes, **given | changes)
    parts = text.split("\n## ")
    return {part.splitlines()[0]: part for part in parts}


def test_it_opens_with_yaml_that_hubs_read():
    first = next(iter(written().values()))
    _, block, body = first.split("---\n")
    assert block.splitlines()[:3] == [
        "library_name: rankiqa-tf",
        'license: "apache-2.0"',
        "tags:",
    ]
    assert "- image-quality-assessment" in block
    assert body.lstrip().startswith("# lite0\n")


def test_it_says_which_scores_are_good_and_on_what_scale():
    tuned = next(iter(written().values()))
    assert (
        "Higher is better; the scores have no stated scale; it was trained on scores "
        "from 0 to 1.\n"
    ) in tuned
    scaled = dataclasses.replace(
        METADATA,
        scale=(-1.0, 2.0),
        scale_of="opinions of us",
        percentiles=tuple(n / 100 for n in range(101)),
        percentiles_of="9 photos",
    )
    assert (
        "the scores are on a scale from -1 to 2, opinions of us; training scores "
        "range from 0 to 1; the median of 9 photos is 0.5.\n"
    ) in next(iter(written(scaled).values()))
    ranked = written(dataclasses.replace(METADATA, score_range=None))
    assert "an order, not a scale" in next(iter(ranked.values()))


def test_it_lists_the_files_there_are_with_their_inputs_and_outputs():
    files = written()["Files"]
    assert "| `saved_model/` | 14.2 |" in files
    assert "| `model_int8.tflite` | 4.0 |" in files
    assert "uint8 [1, 224, 224, 3]" in files
    assert "SROCC 0.998" in files
    assert FORMATS["web"].file not in files


def test_files_for_whole_photos_are_said_to_be():
    files = written(photo_size=(480, 640))["Files"]
    assert "uint8 [1, 480, 640, 3], RGB in 0..255: a whole photo" in files


def test_it_shows_how_to_use_what_there_is():
    use = written()["Use"]
    assert "tf.saved_model.load" in use
    assert "--model=model_int8.tflite" in use
    assert "http.server" not in use
    assert "rankiqa_tf.load" not in use
    text = card.write(
        "lite0",
        METADATA,
        {"keras": 7_000_000, "web": 30_000_000},
        figures={},
        agreement={},
        terms=card.Terms(licence="", data=""),
    )
    assert text.index('rankiqa_tf.load("model.keras")') < text.index("http.server")


def test_figures_of_the_run_are_told_in_words_and_others_left_out():
    figures = written()["Figures"]
    assert "SROCC with human scores, on held-out photos | 0.822 |" in figures
    assert "seconds" not in figures
    assert "Figures" not in written(figures={})


def test_terms_that_nobody_stated_are_said_to_be_unknown():
    terms = card.Terms(licence="", data="")
    parts = written(terms=terms)
    assert 'license: "other"' in next(iter(parts.values()))
    assert "Weights: not stated" in parts["Licence and data"]
    assert "1,600 photos of mos.csv" in parts["Licence and data"]
