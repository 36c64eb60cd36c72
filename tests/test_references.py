"""The photos that ship with the package."""

import csv

import pytest
from PIL import Image

from rankiqa_tf.data import references


@pytest.fixture
def sources() -> list[dict[str, str]]:
    folder = references.embedded_photos()[0].parent
    with (folder / "sources.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_embedded_photos_are_sorted_files():
    photos = references.embedded_photos()
    assert len(photos) == 24
    assert [photo.name for photo in photos] == sorted(photo.name for photo in photos)
    assert all(photo.is_file() for photo in photos)


def test_embedded_photos_gives_a_list_of_its_own():
    references.embedded_photos().clear()
    assert references.embedded_photos()


def test_embedded_photos_are_small_enough_for_a_wheel():
    total = sum(photo.stat().st_size for photo in references.embedded_photos())
    assert total <= 4_000_000


def test_every_embedded_photo_has_a_source_and_is_cc0(sources):
    names = [photo.name for photo in references.embedded_photos()]
    assert [source["file"] for source in sources] == names
    assert {source["licence"] for source in sources} == {"CC0-1.0"}
    assert all(source["collection"] and source["original_name"] for source in sources)


def test_sources_give_the_size_of_every_embedded_photo(sources):
    for photo, source in zip(references.embedded_photos(), sources, strict=True):
        with Image.open(photo) as image:
            assert image.mode == "RGB"
            assert image.size == (int(source["width"]), int(source["height"]))
