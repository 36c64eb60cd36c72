"""What the reader of every data set must do, on a small folder in its layout.

The folder is made by the function of the data set's name in data_folders.py; nothing
here names a data set but in tests of the notation.
"""

import itertools
import shutil

import pytest

from distortions import user_modules
from rankiqa_tf import datasets
from rankiqa_tf.datasets import splits
from tests import data_folders

EVERY = pytest.mark.parametrize("name", datasets.DATA_SETS)
OPTIONS = pytest.mark.parametrize(
    ("name", "option"),
    [(name, o) for name, row in datasets.DATA_SETS.items() for o in row.options],
)

PORTRAITS = datasets.Row(
    read=datasets.DATA_SETS["tid2013"].read,
    title="portraits of ours",
    source="https://example.com",
    licence="ours",
    scale=(0, 10),
    scale_of="means of ours",
)
FACES = 5


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The small folder of every data set; not to be changed."""
    found = {}
    for name in datasets.DATA_SETS:
        found[name] = tmp_path_factory.mktemp(name) / "data"
        found[name].mkdir()
        data_folders.build(name, found[name])
    return found


@pytest.fixture(scope="module")
def read(folders):
    """Every data set, as it is read without options."""
    return {name: datasets.read(name, folder) for name, folder in folders.items()}


@EVERY
def test_photos_are_files_with_a_score_on_the_scale(read, name):
    row, data_set = datasets.DATA_SETS[name], read[name]
    assert data_set.name == name
    assert data_set.scale == row.scale
    for photo in data_set.photos:
        assert photo.path.is_file()
        assert row.scale[0] <= photo.mos <= row.scale[1]
        assert photo.reference
        assert (photo.dmos is not None) == row.turned_round
    if row.turned_round:
        best = max(data_set.photos, key=lambda photo: photo.mos)
        assert best.dmos == min(photo.dmos for photo in data_set.photos)


@EVERY
def test_official_splits_are_of_the_references(read, name):
    data_set = read[name]
    official = datasets.DATA_SETS[name].official_split
    assert (data_set.official_split is not None) == official
    if data_set.official_split:
        parts = splits.divide(data_set.official_split, data_set.photos)
        found = [*parts.training, *parts.validation, *parts.held_out]
        assert len(found) == len(data_set.photos)


@EVERY
def test_a_folder_that_is_not_there_says_where_to_get_the_data_set(tmp_path, name):
    with pytest.raises(ValueError, match="there is no such folder") as error:
        datasets.read(name, tmp_path / "none")
    assert str(tmp_path / "none") in str(error.value)
    assert datasets.DATA_SETS[name].source in str(error.value)


@EVERY
def test_every_file_that_is_needed_is_named_where_it_is_missing(
    folders, read, tmp_path, name
):
    before = read[name]
    photos = {photo.path for photo in before.photos}
    files = [path for path in folders[name].rglob("*") if path.is_file()]
    # One file of each name, and of the photos the last.
    others = {path.name: path for path in files if path not in photos}
    named = []
    for path in [*others.values(), before.photos[-1].path]:
        away = path.rename(tmp_path / "away")
        said = refusal(name, folders[name], before)
        away.rename(path)
        if said is not None:
            assert path.name.lower() in said.lower()
            named.append(path)
            source = datasets.DATA_SETS[name].source
            assert source in said or not source.startswith("https://")
    assert before.photos[-1].path in named
    assert len(named) >= 2


def refusal(name, folder, expected):
    """What is said of a folder; None where the data set is read as expected."""
    try:
        found = datasets.read(name, folder)
    except ValueError as error:
        return str(error)
    assert found == expected
    return None


@EVERY
def test_an_empty_folder_says_where_files_were_looked_for(tmp_path, name):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    with pytest.raises(ValueError, match="there is no file") as error:
        datasets.read(name, tmp_path / "data")
    for place in (f"{tmp_path}/data", "in the folders inside", "in the one above"):
        assert place in str(error.value)


def relative(data_set, folder):
    return [photo.path.relative_to(folder) for photo in data_set.photos]


@EVERY
def test_the_folder_above_and_those_inside_will_do(folders, read, name):
    folder = folders[name]
    expected = relative(read[name], folder)
    found = datasets.read(name, folder.parent)
    assert relative(found, folder) == expected
    for inside in {folder / path.parts[0] for path in expected if len(path.parts) > 1}:
        found = datasets.read(name, inside)
        assert [photo.path.resolve() for photo in found.photos] == [
            (folder / path).resolve() for path in expected
        ]


def test_a_folder_above_two_copies_is_refused(folders, tmp_path):
    for copy in ("one", "two"):
        shutil.copytree(folders["kadid10k"], tmp_path / copy)
    with pytest.raises(ValueError, match="one and two both contain one: give the one"):
        datasets.read("kadid10k", tmp_path)


@OPTIONS
def test_every_option_has_a_form_and_changes_what_is_read(folders, read, name, option):
    default = datasets.DATA_SETS[name].options[option]
    assert default is False or type(default) in (str, int, float)
    if default is False:
        text = f"{name},{option}"
        found = datasets.read(text, folders[name])
        assert found.name == text
        assert found.photos != read[name].photos
        with pytest.raises(ValueError, match="takes no value"):
            datasets.choose(f"{text}=yes")
    else:
        found = datasets.read(f"{name},{option}={default}", folders[name])
        assert found.photos == read[name].photos
        with pytest.raises(ValueError, match=f"needs a value, such as {name},{option}"):
            datasets.choose(f"{name},{option}")


def test_all_options_of_a_data_set_go_together(folders):
    for name, row in datasets.DATA_SETS.items():
        switches = [option for option, default in row.options.items() if not default]
        for some in itertools.permutations(switches, len(switches)):
            assert datasets.read(",".join((name, *some)), folders[name]).photos


def test_an_unknown_data_set_or_option_is_named_with_those_there_are(folders):
    with pytest.raises(ValueError, match="no data set 'kadid'; there are: kadid10k, "):
        datasets.read("kadid", "folder")
    with pytest.raises(
        ValueError, match="live has no option 'size'; it has: not_realigned, copies"
    ):
        datasets.choose("live,size=3")
    with pytest.raises(ValueError, match="has no option 'x'; it has: size=1024x768"):
        datasets.choose("koniq10k,x")
    with pytest.raises(ValueError, match="biq2021 has no option 'size'; it has: none"):
        datasets.choose("biq2021,size=3")
    with pytest.raises(ValueError, match="gives copies twice"):
        datasets.choose("live,copies, copies")


def test_options_stand_in_the_title_and_in_what_the_scores_are():
    chosen = datasets.choose("live, not_realigned,copies")
    assert chosen.name == "live,not_realigned,copies"
    assert chosen.title.endswith("release 2 (not_realigned,copies)")
    assert chosen.scale_of == "100 - DMOS of LIVE (not_realigned,copies)"
    assert datasets.choose("live").scale_of == "100 - DMOS of LIVE"


def test_a_data_set_of_ones_own_is_named_by_its_module(folders):
    text = "test_every_data_set:PORTRAITS"
    assert datasets.choose(text).row is PORTRAITS
    found = datasets.read_any(text, folders["tid2013"])
    assert (found.name, found.scale) == (text, (0, 10))
    assert found.photos == datasets.read("tid2013", folders["tid2013"]).photos
    more = datasets.read_any(f"{text},synthetic", folders["tid2013"])
    assert len(more.photos) > len(found.photos)
    with pytest.raises(ValueError, match=r"needs its folder: .* https://example\.com"):
        datasets.read_any(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no_such_module:X", "no module 'no_such_module'; modules are looked for in"),
        ("test_every_data_set:X", r"data_set\.py has no X; of .*Row it has: PORTRAITS"),
        ("test_every_data_set:FACES", r"a rankiqa_tf\.datasets\.Row, not a int"),
        ("test_every_data_set:PORTRAITS,copies", "no option 'copies'; it has: synth"),
    ],
)
def test_a_data_set_of_ones_own_that_cannot_be_had_says_why(text, message):
    with pytest.raises(ValueError, match=message):
        datasets.choose(text)


@pytest.mark.parametrize(
    "path",
    [
        "scores.csv",
        "a,b.csv",
        "folder/live.csv",
        "C:\\data\\scores.csv",
        "C:/data/scores.csv",
        "a:b.csv",
        "",
    ],
)
def test_a_path_is_no_name(path):
    assert datasets.choose(path) is None


def test_where_a_module_fails_is_told(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name, text, message in (
        ("broken_syntax", "x = (", r"failed at .*broken_syntax\.py:1: SyntaxError"),
        ("broken_run", "\n1 / 0", r"failed at .*broken_run\.py:2: ZeroDivisionError"),
        ("needs_more", "import nowhere_to_be_had", "needs_more imports it: install it"),
    ):
        (tmp_path / f"{name}.py").write_text(text)
        with pytest.raises(ValueError, match=message):
            user_modules.find(f"{name}:X", int, what="number", kind_name="int")
