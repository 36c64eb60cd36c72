"""Files of rows: written, read back, and continued."""

import contextlib
import csv
import dataclasses
import json
import os

import pytest

from rankiqa_tf.metadata import Metadata
from rankiqa_tf.scores import formats
from rankiqa_tf.scores import output
from rankiqa_tf.scores.formats import FORMATS
from rankiqa_tf.scores.formats import Facts
from rankiqa_tf.scores.rows import Row

METADATA = Metadata(
    network="shallow",
    crop_size=227,
    levels="last",
    score_range=(0.2, 0.8),
    trained_on="photos",
    stages=("finetune",),
    scale=(0.0, 1.0),
    scale_of="opinions, of us",
    percentiles=tuple(n / 100 for n in range(101)),
    percentiles_of="9 photos",
)
FACTS = Facts(METADATA, "sha256:0123")
ROWS = [
    Row('a, "b"\nc.jpg', 0.1 + 0.2, 30, "", ""),
    Row(os.fsdecode(b"caf\xe9.png"), None, None, "broken", ""),
    Row("дом.png", 0.5, 50, "", "half of it is grey"),
]
RESUMED = pytest.mark.parametrize("name", ["csv", "jsonl"])


def write(path, rows, facts=FACTS, *, anew=False):
    """Writes rows as the program does; gives those that were there."""
    form = FORMATS[formats.of_name(path.name)]
    with output.opened(path, form, facts, anew=anew) as found:
        for row in rows:
            found.file.write(form.line(row, facts))
        return found.known


def test_csv_is_read_by_others_with_one_header_and_the_scale_in_columns(tmp_path):
    write(tmp_path / "x.csv", ROWS)
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "path": 'a, "b"\nc.jpg',
        "score": "0.30000000000000004",
        "percentile": "30",
        "error": "",
        "warning": "",
        "scale_low": "0.0",
        "scale_high": "1.0",
        "scale_of": "opinions, of us",
        "percentile_of": "9 photos",
        "scored_by": "sha256:0123",
    }
    assert (rows[1]["score"], rows[1]["error"]) == ("", "broken")
    assert [row["path"] for row in rows[1:]] == ["caf\\udce9.png", "дом.png"]


def test_json_lines_hold_what_there_is(tmp_path):
    write(tmp_path / "x.jsonl", ROWS)
    rows = [json.loads(line) for line in (tmp_path / "x.jsonl").open()]
    of_all = {
        "scale_low": 0,
        "scale_high": 1,
        "scale_of": "opinions, of us",
        "percentile_of": "9 photos",
        "scored_by": "sha256:0123",
    }
    assert rows == [
        {"path": 'a, "b"\nc.jpg', "score": 0.1 + 0.2, "percentile": 30} | of_all,
        {"path": os.fsdecode(b"caf\xe9.png"), "error": "broken"} | of_all,
        {"path": "дом.png", "score": 0.5, "percentile": 50}
        | {"warning": "half of it is grey"}
        | of_all,
    ]


def test_a_table_tells_the_scale_and_what_photos_are_better_than(tmp_path):
    write(tmp_path / "x.txt", ROWS[1:])
    assert (tmp_path / "x.txt").read_text().splitlines() == [
        "     score  better than  photo (higher is better; on a scale from 0 to 1, "
        "opinions, of us; compared with 9 photos)",
        "         -            -  caf\\udce9.png: broken",
        "    0.5000!        50 %  дом.png: half of it is grey",
    ]


def test_a_table_takes_the_place_of_what_was_there_when_it_is_whole(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("what was there before")
    form = FORMATS["table"]
    with output.opened(path, form, FACTS, anew=False) as found:
        found.file.write(form.line(ROWS[2], FACTS))
        found.file.flush()
        assert path.read_text() == "what was there before"
    text = path.read_text()
    assert [line.split()[0] for line in text.splitlines()] == ["score", "0.5000!"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["x.csv", "x.txt"])
def test_a_second_run_that_would_write_to_the_file_is_refused(name, tmp_path):
    form = FORMATS[formats.of_name(name)]
    with (
        output.opened(tmp_path / name, form, FACTS, anew=False) as found,
        pytest.raises(ValueError, match=rf"another run writes to .*{name}: process \d"),
        output.opened(tmp_path / name, form, FACTS, anew=False),
    ):
        found.file.write("")
    write(tmp_path / name, ROWS)  # When the first is done.


def test_a_model_without_scale_and_percentiles_has_the_same_columns(tmp_path):
    ranked = dataclasses.replace(
        METADATA, scale=None, score_range=None, percentiles=(), percentiles_of=""
    )
    write(tmp_path / "x.csv", [Row("a", 7.0, None, "", "")], Facts(ranked, "x"))
    header, row = (tmp_path / "x.csv").read_text().splitlines()
    assert header.encode() == FORMATS["csv"].begins
    assert row == "a,7.0,,,,,,an order without a scale,,x"


@RESUMED
def test_a_file_is_gone_on_with_wherever_it_was_cut(tmp_path, name):
    whole, path = tmp_path / f"whole.{name}", tmp_path / f"x.{name}"
    write(whole, ROWS)
    contents = whole.read_bytes()
    for length in range(len(contents) + 1):
        path.write_bytes(contents[:length])
        known = write(path, [])
        rest = [row for row in ROWS if output.key(row.path) not in known]
        # Rows that are kept are the first ones, and those that were whole.
        assert rest == ROWS[len(known) :]
        assert write(path, rest) == known
        assert path.read_bytes() == contents, length
    for row, before in zip(known.values(), ROWS, strict=True):
        path_of = output.key(before.path) if name == "csv" else before.path
        assert row == dataclasses.replace(before, path=path_of)


@RESUMED
@pytest.mark.parametrize("anew", [False, True])
def test_scores_of_another_model_are_not_gone_on_with(tmp_path, name, anew):
    path = tmp_path / f"x.{name}"
    write(path, ROWS)
    before = path.read_bytes()
    other = dataclasses.replace(FACTS, scored_by="sha256:4567")
    with pytest.raises(ValueError, match="sha256:0123, not sha256:4"):
        write(path, ROWS, other, anew=anew)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("x.csv", b"image,mos\na,3\n", r"begins with 'image,mos\\na,3"),
        ("x.csv", b"no line end", "begins with 'no line end'"),
        ("x.csv", FORMATS["csv"].begins + b"\na,3\nb\n", "its row 1 has 2 columns"),
        ("x.csv", FORMATS["csv"].begins + b'\n"a"b,\nc\n', "its line 2 is not CSV"),
        ("x.csv", FORMATS["csv"].begins + b"\n" + b"\xff" * 9 + b"\n", "codec can't"),
        ("x.csv", FORMATS["csv"].begins + b"\na,b,,,,,,,,c\n", "sha256:0123"),
        ("x.jsonl", b"{}\n", "begins with '{}"),
        ("x.jsonl", b'{"path": \n{}\n', "its line 1 is not a JSON object"),
        ("x.jsonl", b'{"path": "a"}\n', "other settings, None, not"),
    ],
)
def test_a_file_of_another_kind_is_refused_and_left_alone(
    tmp_path, name, contents, message
):
    path = tmp_path / name
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=message) as error:
        write(path, ROWS)
    assert str(error.value).startswith(f"{path} cannot be continued: ")
    assert str(error.value).endswith(
        "choose another output, or delete it to start over"
    )
    assert path.read_bytes() == contents


@RESUMED
def test_a_file_that_is_to_be_replaced_is_so_when_all_is_done(tmp_path, name):
    path = tmp_path / f"x.{name}"
    write(path, ROWS)
    before = path.read_bytes()
    form = FORMATS[name]
    with (
        contextlib.suppress(KeyboardInterrupt),
        output.opened(path, form, FACTS, anew=True) as found,
    ):
        assert len(found.known) == 3
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    write(path, ROWS[::-1], anew=True)
    with path.open("rb") as file:
        rows = [cells["path"] for cells, _ in form.read(file) if cells]
    assert [output.key(row) for row in rows] == [output.key(r.path) for r in ROWS[::-1]]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    assert write(path, ROWS[2:], anew=True) == {}
    assert (
        os.read(reading, 10_000).decode().splitlines()[1].startswith("дом.png,0.5,50")
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("x.csv", "csv"),
        ("a.b/x.JSONL", "jsonl"),
        ("x.txt", "table"),
        ("csv", "table"),
        ("", "table"),
    ],
)
def test_the_name_of_a_file_tells_its_format(path, expected):
    assert formats.of_name(path) == expected
