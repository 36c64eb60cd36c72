"""Measuring how closely two forms agree, and what passes."""

import re

import numpy as np
import pytest
import toy_scorer
from scipy import stats

from export import forms
from export import gate
from export import samples as samples_lib
from rankiqa_tf.data import decode
from rankiqa_tf.model import Model

KINDS = ("gaussian_blur", "mean_shift", "white_noise")


@pytest.fixture(scope="module")
def model():
    return toy_scorer.of_several_levels()


@pytest.fixture(scope="module")
def samples(photos):
    return samples_lib.Samples(photos[:3], names=KINDS, levels=(1, 4))


class Scorer(forms.Keras):
    """A model whose scores something is made of."""

    def __init__(self, model, change, form="float32"):
        super().__init__(model, "changed")
        self.form, self._change = form, change

    def score(self, photo):
        return self._change(super().score(photo))


def compared(model, samples, change):
    both = Scorer(model, change), forms.Keras(model)
    found, expected = gate.score(both, samples)
    return gate.compare(*both, found, expected, samples), expected


def test_samples_are_the_photos_and_their_levels(samples, photos):
    for number, path in enumerate(photos[:3]):
        assert samples.photo(number) == path.read_bytes()
        pixels = decode.read_photo(path)
        weak, strong = (samples.version(number, 0, level) for level in (1, 4))
        assert weak.shape == strong.shape == pixels.shape
        weaker, stronger = (
            np.abs(each.astype(float) - pixels).mean() for each in (weak, strong)
        )
        assert 0 < weaker < stronger
    assert samples.better[0].tolist() == [
        [False, True, True],
        [False, False, True],
        [False, False, False],
    ]
    np.testing.assert_array_equal(
        samples.version(0, 2, 4), samples.version(0, 2, 4)
    )  # The same noise for every form.


def test_parts_of_photos_are_of_the_size_that_was_asked_for(photos):
    cut = samples_lib.Samples(photos, names=KINDS, cut=(50, 70))
    exact = samples_lib.Samples(photos, names=KINDS, cut=(50, 70), mirror=True)
    found = [cut.photo(number).shape[:2] for number in range(4)]
    assert found == [(50, 70), (50, 57), (50, 65), (43, 70)]
    assert {exact.photo(number).shape for number in range(4)} == {(50, 70, 3)}
    assert exact.version(1, 0, 1).shape == (50, 70, 3)
    # 95 x 57: the middle.
    middle = decode.read_photo(photos[1])[22:72]
    np.testing.assert_array_equal(cut.photo(1), middle)


def test_the_difference_is_a_share_of_the_spread(model, samples):
    agreement, expected = compared(model, samples, lambda score: score + 0.25)
    scores = expected.each()
    assert len(scores) == agreement.images == 3 * (1 + 3 * 2)
    assert agreement.difference == pytest.approx(0.25 / np.ptp(scores))
    assert agreement.srocc == pytest.approx(1)
    assert agreement.order == agreement.reference_order


def test_the_worst_image_is_named_with_both_scores(model, samples, photos):
    greatest = {}

    def lift(score):
        # Of the image that is scored best.
        return score + 1 if score == greatest["score"] else score

    greatest["score"] = np.inf
    _, expected = compared(model, samples, lift)
    greatest["score"] = expected.each().max()
    agreement, _ = compared(model, samples, lift)
    match = re.fullmatch(
        r"(.*\.png)( with \w+ of level \d)? (-?\d+\.\d+), Keras (-?\d+\.\d+)",
        agreement.worst,
    )
    assert match
    assert match[1] in map(str, photos[:3])
    assert float(match[3]) == pytest.approx(float(match[4]) + 1, abs=1e-5)
    assert float(match[4]) == pytest.approx(greatest["score"], abs=1e-5)


def test_rank_correlation_and_order_are_those_of_the_scores(model, samples):
    _, expected = compared(model, samples, lambda score: score)
    scores = expected.each()
    middle = np.median(scores)
    agreement, _ = compared(model, samples, lambda score: abs(score - middle))
    changed = np.abs(scores - middle)
    assert agreement.srocc == pytest.approx(stats.spearmanr(changed, scores)[0])
    shares = []
    for kind, better in enumerate(samples.better):
        pairs = [(i, j) for i in range(3) for j in range(3) if better[i, j]]
        levels = np.abs(expected.levels[:, kind] - middle)
        shares += [[photo[i] > photo[j] for i, j in pairs] for photo in levels]
    assert agreement.order == pytest.approx(np.mean([np.mean(each) for each in shares]))
    assert agreement.reference_order != agreement.order


def agreement_of(**changes):
    near = {"difference": 0.0, "srocc": 1.0, "order": 0.9, "reference_order": 0.9}
    return gate.Agreement(
        name="a.tflite", reference="Keras", images=9, worst="x.png", **(near | changes)
    )


@pytest.mark.parametrize(
    ("changes", "tolerance", "problem"),
    [
        ({"difference": 9e-4}, gate.EXACT, None),
        ({"difference": 2e-3}, gate.EXACT, "x.png: 0.20% of .*, where 0.10% is allow"),
        ({"difference": np.nan}, gate.EXACT, "a.tflite scores x.png: nan%"),
        ({"difference": 0.5}, gate.ROUNDED, None),
        ({"srocc": 0.996}, gate.ROUNDED, None),
        ({"srocc": 0.9944}, gate.ROUNDED, "correlation of 0.9944 .*, where 0.995 is"),
        ({"srocc": np.nan}, gate.ROUNDED, "correlation of nan"),
        ({"order": 0.891}, gate.ROUNDED, None),
        ({"order": 0.95}, gate.ROUNDED, None),
        ({"order": 0.885}, gate.ROUNDED, "88.5% .* 90.0%: 1.5% less, where 1.0% is"),
        ({"order": np.nan, "reference_order": np.nan}, gate.ROUNDED, None),
    ],
)
def test_what_is_beyond_the_tolerance_is_told(changes, tolerance, problem):
    problems = agreement_of(**changes).problems(tolerance)
    assert len(problems) == (problem is not None)
    if problem:
        assert re.search(problem, problems[0]), problems


def test_8_bits_are_given_more_than_floats(model):
    forms_of = [Scorer(model, abs, form) for form in gate.TOLERANCES]
    allowed = {each.form: gate.tolerance(each, forms.Keras(model)) for each in forms_of}
    exact = {form for form, tolerance in allowed.items() if tolerance is gate.EXACT}
    assert exact == {"keras", "saved_model", "float32", "float16"}
    int8, floats = Scorer(model, abs, "int8"), Scorer(model, abs)
    assert gate.tolerance(floats, int8) is gate.ROUNDED


@pytest.fixture(scope="module")
def passes(model, photos):
    return gate.Gate(forms.Keras(model), photos=photos[:2], distort=False)


def test_what_passes_is_written_in_the_place_of_what_was_there(model, passes, tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("old")
    (agreement,) = passes.write(model.save, path)
    assert agreement.difference < 1e-6
    assert Model.load(path).metadata == model.metadata
    assert list(tmp_path.iterdir()) == [path]


def test_what_does_not_pass_is_not_written(passes, tmp_path):
    other = toy_scorer.of_several_levels()
    kernel, bias = other.network.get_layer("score").get_weights()
    other.network.get_layer("score").set_weights([kernel * 1.01, bias])
    path = tmp_path / "model.keras"
    with pytest.raises(
        gate.AgreementError,
        match=r"model.keras scores .*photo\d.png .*, Keras .* of the spread of scores",
    ):
        passes.write(other.save, path)
    assert not list(tmp_path.iterdir())
    path.write_text("old")
    with pytest.raises(gate.AgreementError):
        passes.write(other.save, path)
    assert path.read_text() == "old"


def test_the_part_that_scores_may_be_within(model, passes, tmp_path):
    def write(folder):
        folder.mkdir()
        (folder / "page.html").write_text("<p>")
        model.save(folder / "inside.keras")

    passes.write(write, tmp_path / "page", scores="inside.keras")
    names = {path.name for path in (tmp_path / "page").iterdir()}
    assert names == {"page.html", "inside.keras"}


def test_the_gate_looks_at_distorted_versions_too(model, photos):
    # Of photos alone all scores are within a few tenths of each other.
    strict = gate.Gate(forms.Keras(model), photos=photos[:2])
    assert strict.check(forms.Keras(model)).images == 2 + 2 * (1 + 12 * 2)
    with pytest.raises(gate.AgreementError, match=r"rank correlation of -1\.0000"):
        strict.check(Scorer(model, lambda score: -score, "int8"))


@pytest.mark.parametrize("count", [0, 1])
def test_refuses_photos_that_cannot_tell(model, photos, count):
    samples = samples_lib.Samples(photos[:count], names=())
    both = [forms.Keras(model)] * 2
    scores = gate.score(both, samples, files=True)
    with pytest.raises(ValueError, match="at least 2 photos of different scores"):
        gate.compare(*both, *scores, samples)


def test_refuses_levels_that_there_are_not(photos):
    with pytest.raises(ValueError, match="has levels 1 to 5, not 2, 6"):
        samples_lib.Samples(photos, levels=(2, 6))
