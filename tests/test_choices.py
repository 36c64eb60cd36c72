"""The names that --help lists are those of the tables."""

import pytest

import distortions
from rankiqa_tf import choices
from rankiqa_tf import measures
from rankiqa_tf import models
from rankiqa_tf.training import methods


@pytest.mark.parametrize(
    ("names", "table"),
    [
        ("PRESETS", distortions.PRESETS),
        ("NETWORKS", models.NETWORKS),
        ("MEASURES", measures.MEASURES),
        ("METHODS", methods.METHODS),
    ],
)
def test_the_names_are_those_of_the_table(names, table):
    assert getattr(choices, names) == tuple(table)
