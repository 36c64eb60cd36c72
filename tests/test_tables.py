"""Tables of methods over splits, and the papers' figures beside them."""

import csv
import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from distortions.presets.tid2013 import TID2013
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.evaluation import metrics
from rankiqa_tf.evaluation import tables
from rankiqa_tf.evaluation.figures import METRICS
from rankiqa_tf.evaluation.figures import measure
from rankiqa_tf.evaluation.opinion_check import OpinionScores
from rankiqa_tf.evaluation.published import ALL
from rankiqa_tf.evaluation.published import PUBLISHED

KINDS = tuple(row.name for row in TID2013.rows)


def predictions(seed, *, kinds=("jpeg", "white_noise"), references=5, noise=0.5):
    """Made predictions: levels 1 to 3 of each kind of each reference."""
    generator = np.random.default_rng(seed)
    photos = [
        ScoredPhoto(
            Path(f"{reference}_{kind}_{level}.png"),
            6.0 - level + generator.normal(0, 0.3),
            f"scene {reference}",
            distortion=kind,
            level=level,
        )
        for reference in range(references)
        for kind in kinds
        for level in (1, 2, 3)
    ]
    mos = np.array([photo.mos for photo in photos])
    return OpinionScores(photos, mos + generator.normal(0, noise, len(photos)))


@pytest.fixture(scope="module")
def results():
    return {
        "baseline": [predictions(0, noise=2), predictions(1, noise=2)],
        "rankiqa_ft": [predictions(number) for number in (2, 3, 4)],
    }


@pytest.fixture(scope="module")
def figures(results):
    return measure(results, dataset="tid2013", draws=20)


def of_kind(split, kind):
    rows = [
        (score, photo.mos)
        for score, photo in zip(split.scores, split.photos, strict=True)
        if kind in (ALL, photo.distortion)
    ]
    return np.array(rows).T


INDEPENDENT = {
    "srocc": lambda scores, mos: scipy.stats.spearmanr(scores, mos)[0],
    "lcc": lambda scores, mos: np.corrcoef(scores, mos)[0, 1],
    "krocc": lambda scores, mos: scipy.stats.kendalltau(scores, mos)[0],
    "rmse": lambda scores, mos: math.sqrt(np.mean((scores - mos) ** 2)),
}


@pytest.mark.parametrize("metric", INDEPENDENT)
@pytest.mark.parametrize("kind", ["white_noise", "jpeg", ALL])
def test_figures_are_means_and_deviations_over_splits(results, figures, kind, metric):
    expected = [
        INDEPENDENT[metric](*of_kind(split, kind)) for split in results["rankiqa_ft"]
    ]
    found = figures.values["rankiqa_ft", kind, metric]
    np.testing.assert_allclose(found, expected)
    assert figures.mean("rankiqa_ft", metric, kind) == pytest.approx(np.mean(expected))
    sd = np.sqrt(np.sum((expected - np.mean(expected)) ** 2) / 2)
    assert figures.deviation("rankiqa_ft", metric, kind) == pytest.approx(sd)


def test_a_logistic_is_fitted_to_each_column_of_each_split(results):
    split = predictions(5)
    mos = np.array([photo.mos for photo in split.photos])
    # Scores of which a logistic gives the opinions exactly: their logit.
    share = (mos - mos.min() + 0.5) / (np.ptp(mos) + 1)
    bent = OpinionScores(split.photos, 7 + 3 * np.log(share / (1 - share)))
    figures = measure({"rankiqa": [bent]}, dataset="x", draws=1)
    for kind in figures.columns:
        assert figures.mean("rankiqa", "lcc_logistic", kind) == pytest.approx(
            1, abs=1e-4
        )
    assert figures.mean("rankiqa", "lcc") < 0.9995


def test_distortions_stand_in_the_order_of_the_papers_tables_or_as_they_come(results):
    for dataset, kinds in {
        "tid2013": ("white_noise", "jpeg"),
        "live": ("jpeg", "white_noise"),
        "mine": ("jpeg", "white_noise"),
    }.items():
        figures = measure(results, dataset=dataset, draws=1)
        assert figures.columns == ("ALL", *kinds)
        assert figures.kinds == kinds


def test_columns_are_named_as_the_paper_prints_them():
    kinds = ("fast_fading", "gaussian_blur", "white_noise", "jpeg", "jpeg2000")
    split = predictions(0, kinds=kinds, references=2)
    figures = measure({"rankiqa": [split]}, dataset="live", draws=1)
    # Table 3 of the paper, but for ALL, which comes first.
    assert "| method | ALL | JP2K | JPEG | GN | GB | FF |" in tables.markdown(figures)
    _, block, _ = tables.blocks(figures)
    assert block.names["FF"] == "fast fading"


def test_a_method_that_is_on_no_scale_has_no_rmse(results):
    figures = measure(results, dataset="mine", unscaled=["baseline"], draws=1)
    assert "baseline/rmse" not in figures.summary()
    assert "baseline/rmse/jpeg" not in figures.summary()
    assert "rankiqa_ft/rmse/jpeg" in figures.summary()
    text = tables.markdown(figures)
    assert " RMSE | splits |" in text
    assert re.search(r"\n\| Baseline \|.* - \| 2 \|\n", text)
    assert "No RMSE of Baseline: these scores are not on the scale" in text
    none = measure(results, dataset="mine", unscaled=list(results), draws=1)
    assert " RMSE |" not in tables.markdown(none)


def test_the_interval_is_that_of_the_mean_over_splits():
    # Two splits with the same four references. A draw takes whole references, the
    # same in both splits; all 256 draws give the distribution of which it is a part.
    first, second = (predictions(seed, references=4, noise=1.5) for seed in (6, 7))
    by_reference = [
        [
            place
            for place, photo in enumerate(first.photos)
            if photo.reference == f"scene {number}"
        ]
        for number in range(4)
    ]
    means = []
    for number in range(256):
        drawn = [number // 4**digit % 4 for digit in range(4)]
        places = np.concatenate([by_reference[reference] for reference in drawn])
        means.append(
            np.mean(
                [
                    np.corrcoef(
                        split.scores[places],
                        [split.photos[place].mos for place in places],
                    )[0, 1]
                    for split in (first, second)
                ]
            )
        )
    figures = measure({"rankiqa": [first, second]}, dataset="x", draws=400)
    low, high = figures.intervals["rankiqa", "lcc"]
    assert low < figures.mean("rankiqa", "lcc") < high
    np.testing.assert_allclose(
        [low, high], np.quantile(means, (0.025, 0.975)), atol=0.04
    )


def test_the_same_split_again_does_not_make_the_interval_narrower():
    split = predictions(8, noise=1.5)
    one, three = (
        measure({"x": count * [split]}, dataset="x", draws=50).intervals
        for count in (1, 3)
    )
    for ends in one:
        np.testing.assert_allclose(one[ends], three[ends])


def test_the_seed_decides_the_intervals(results, figures):
    again = measure(results, dataset="tid2013", draws=20)
    other = measure(results, dataset="tid2013", draws=20, seed=1)
    assert again.intervals == figures.intervals
    assert other.intervals != figures.intervals


def test_markdown_is_laid_out_like_table_2():
    split = predictions(0, kinds=KINDS[::-1], references=2)
    figures = measure({"rankiqa": [split]}, dataset="tid2013", draws=1)
    text = tables.markdown(figures)
    # As in the paper, thirteen columns, then the rest; but ALL is the first of them.
    for numbers, first in ((range(1, 13), " ALL |"), (range(13, 25), "")):
        head = " | ".join(f"#{number:02}" for number in numbers)
        assert text.count(f"\n| method |{first} {head} |\n") == 2
    assert "| RankIQA+FT (paper) | 0.780 | 0.667 | 0.620 | 0.821 |" in text
    assert "| 0.629 | 0.859 |\n" in text
    assert "| RankIQA (paper) | 0.623 | - | 0.566 | - | - | - | - | 10 |" in text
    mean, kind = (figures.mean("rankiqa", "srocc", key) for key in (ALL, KINDS[0]))
    ours = f"| RankIQA | {mean:.3f} | {kind:.3f} |"
    assert ours in text
    assert text.index(ours) < text.index("| RankIQA (paper) | 0.623 | 0.891 |")
    assert "#10 jpeg, #11 jpeg2000" in text
    assert "Table 2 (SROCC) and supplement, Table 1 (LCC)" in text


def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_head(figures):
    widths = []
    for line in tables.markdown(figures).splitlines():
        if line.startswith("| method"):
            widths.append(line.count("|"))
        if line.startswith("|"):
            assert line.count("|") == widths[-1]
    assert len(widths) == 3


def test_markdown_says_mean_and_spread_of_all_and_intervals(figures):
    text = tables.markdown(figures)
    mean, sd = figures.mean("baseline", "srocc"), figures.deviation("baseline", "srocc")
    low, high = figures.intervals["baseline", "srocc"]
    assert f"| Baseline | {mean:.3f} ± {sd:.3f} | {low:.3f} to {high:.3f} |" in text
    kind = figures.mean("baseline", "srocc", "white_noise")
    assert f"| Baseline | {mean:.3f} ± {sd:.3f} | {kind:.3f} |" in text
    # Of a method that was not run, too.
    assert "| RankIQA (paper) |" in text


def test_a_data_set_that_the_papers_have_not_has_no_figures_of_theirs(results):
    text = tables.markdown(measure(results, dataset="kadid10k", draws=1))
    assert text.startswith("# KADID-10k\n")
    assert "paper" not in text


def test_without_distortions_every_metric_of_all_is_shown():
    split = predictions(0, kinds=(None,), references=9)
    figures = measure({"rankiqa": [split, split]}, dataset="biq2021", draws=5)
    assert figures.columns == ("ALL",)
    text = tables.markdown(figures)
    for title in tables.METRIC_TITLES.values():
        assert f" {title} |" in text
    assert "by distortion" not in text
    for metric in METRICS:
        assert f"{figures.mean('rankiqa', metric):.3f} ± 0.000" in text


def test_what_cannot_be_had_is_a_dash_empty_or_null():
    photos = [
        ScoredPhoto(Path("a"), 1.0, "a", distortion="jpeg"),
        ScoredPhoto(Path("b"), 2.0, "b", distortion="blur"),
        ScoredPhoto(Path("c"), 3.0, "c", distortion="blur"),
    ]
    split = OpinionScores(photos, np.array([5.0, 5.0, 5.0]))
    figures = measure({"rankiqa": [split]}, dataset="mine", draws=3)
    assert "| RankIQA | - | - | - | - | - | - | 3.109 | 1 |" in tables.markdown(figures)
    rows = tables.to_csv(figures).splitlines()
    assert "rankiqa,1,jpeg,rmse," in rows
    assert "rankiqa,1,ALL,srocc," in rows
    assert "rankiqa,sd,ALL,rmse," in rows
    assert f"rankiqa,mean,ALL,rmse,{math.sqrt(29 / 3)}" in rows
    summary = json.loads(metrics.to_json(figures.summary()))
    assert summary["rankiqa/srocc"] is None
    assert summary["rankiqa/srocc/low"] is None
    assert summary["rankiqa/rmse/blur"] == pytest.approx(math.sqrt((9 + 4) / 2))


def test_a_split_without_a_figure_is_left_out_of_mean_and_deviation():
    good = predictions(0)
    constant = OpinionScores(good.photos, np.zeros(len(good.photos)))
    figures = measure({"x": [good, constant]}, dataset="mine", draws=1)
    expected = scipy.stats.spearmanr(*of_kind(good, ALL))[0]
    assert figures.mean("x", "srocc") == pytest.approx(expected)
    assert math.isnan(figures.deviation("x", "srocc"))


def test_a_single_reference_has_no_interval():
    figures = measure({"x": [predictions(0, references=1)]}, dataset="x", draws=3)
    assert all(map(math.isnan, figures.intervals["x", "srocc"]))


def test_csv_holds_every_figure_in_full(figures):
    rows = list(csv.reader(io.StringIO(tables.to_csv(figures))))
    assert rows[0] == ["method", "split", "distortion", "metric", "value"]
    found = {tuple(row[:4]): row[4] for row in rows[1:]}
    assert len(found) == len(rows) - 1
    for (method, column, metric), values in figures.values.items():
        for number, value in enumerate(values, start=1):
            assert float(found[method, str(number), column, metric]) == value
    low, high = figures.intervals["rankiqa_ft", "lcc"]
    assert float(found["rankiqa_ft", "low", "ALL", "lcc"]) == low
    assert float(found["rankiqa_ft", "high", "ALL", "lcc"]) == high


def test_names_cannot_break_a_markdown_table():
    split = predictions(0, kinds=("a|b\n<script>", "c_d"))
    figures = measure({"my*method": [split]}, dataset="<b>|", draws=1)
    text = tables.markdown(figures)
    assert text.startswith("# &lt;b>\\|\n")
    assert "| method | ALL | a\\|b &lt;script> | c d |" in text
    assert "| my\\*method |" in text


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({}, "1 or more methods"),
        ({"rankiqa": []}, "rankiqa has no split"),
        ({"rankiqa": [OpinionScores([], np.array([]))]}, "without photos"),
        ({"rankiqa": [predictions(0, kinds=("ALL",))]}, "another name than ALL"),
    ],
)
def test_refuses_what_is_no_result(results, message):
    with pytest.raises(ValueError, match=message):
        measure(results, dataset="mine", draws=1)


def test_published_figures_are_of_kinds_that_the_readers_give():
    live = ("jpeg2000", "jpeg", "white_noise", "gaussian_blur", "fast_fading")
    kinds = {"tid2013": KINDS, "live": live}
    for dataset, rows in PUBLISHED.items():
        for row in rows:
            for values in (row.srocc, row.lcc):
                assert tuple(values) in ((*kinds.get(dataset, ()), ALL), (ALL,))
                assert all(0 < value < 1 for value in values.values())


@pytest.mark.parametrize(
    ("dataset", "method", "by", "metric", "kind", "value"),
    [
        ("tid2013", "Baseline", "paper", "srocc", "mean_shift", 0.062),
        ("tid2013", "Baseline", "paper", "lcc", "masked_noise", 0.162),
        ("tid2013", "RankIQA", "paper", "srocc", "block_distortion", 0.693),
        ("tid2013", "RankIQA", "paper", "lcc", "jpeg", 0.955),
        ("tid2013", "RankIQA+FT", "paper", "srocc", "sparse_sampling", 0.859),
        ("tid2013", "RankIQA+FT", "released weights", "lcc", ALL, 0.828),
        ("live", "RankIQA+FT", "paper", "lcc", "fast_fading", 0.960),
        ("live", "RankIQA+FT", "released weights", "srocc", ALL, 0.968),
        ("csiq,shared_with_live", "RankIQA+FT", "paper", "lcc", ALL, 0.960),
        ("live_md", "RankIQA", "paper", "srocc", ALL, 0.893),
    ],
)
def test_published_figures_are_those_of_the_papers(
    dataset, method, by, metric, kind, value
):
    (row,) = (r for r in PUBLISHED[dataset] if (r.method, r.by) == (method, by))
    assert getattr(row, metric)[kind] == value
