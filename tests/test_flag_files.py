"""Flagfiles with marks, in UTF-8 and UTF-16, and those of absl's own kind."""

import pytest
from absl import flags
from programs import run_several

from distortions import flag_files


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a flagfile in the current folder."""
    monkeypatch.chdir(tmp_path)

    def write_text(name, *lines, encoding="utf-8"):
        path = tmp_path / name
        path.write_text("\n".join(lines), encoding=encoding, newline="")
        return path

    return write_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines_stand_in_place_of_the_file(write, encoding):
    lines = ("--a=1\r", "# no flag", "", "// nor this", "  --b=дом  ", "--noc")
    write("x.cfg", *lines, encoding=encoding)
    expected = ["program", "--a=0", "--a=1", "--b=дом", "--noc", "word"]
    for way in (["--flagfile=x.cfg"], ["--flagfile", "x.cfg"], ["-flagfile=x.cfg"]):
        assert flag_files.expand(["program", "--a=0", *way, "word"]) == expected


def test_a_file_may_name_others(write):
    write("x.cfg", "--flagfile=y.cfg", "--b=2", encoding="utf-8-sig")
    write("y.cfg", "--a=1", encoding="utf-16")
    found = flag_files.expand(["program", "--flagfile=x.cfg", "--flagfile=y.cfg"])
    assert found == ["program", "--a=1", "--b=2", "--a=1"]


def test_what_is_no_flagfile_stays(write):
    argv = ["--flagfile=x", "--flagfiles=x", "--", "--flagfile=x.cfg"]
    assert flag_files.expand(argv) == argv
    assert flag_files.expand(["program", "--flagfile="]) == ["program"]


def test_absl_reads_files_without_marks_to_the_same(write):
    path = write("x.cfg", "# no flag", "--text=a b", "", "--number=3", "--number=4")
    values = flags.FlagValues()
    flags.DEFINE_string("text", "", "", flag_values=values)
    flags.DEFINE_integer("number", 0, "", flag_values=values)
    argv = ["program", f"--flagfile={path}"]
    expected = values.read_flags_from_files(argv[1:], force_gnu=True)
    assert flag_files.expand(argv)[1:] == expected


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("loop.cfg", ValueError, "loop.cfg names itself"),
        ("none.cfg", OSError, "none.cfg"),
        ("latin.cfg", ValueError, "latin.cfg is not text in UTF-8"),
    ],
)
def test_says_what_is_wrong(write, name, error, message):
    write("loop.cfg", "--flagfile=other.cfg")
    write("other.cfg", "--flagfile=loop.cfg")
    write("latin.cfg", "--a=é", encoding="latin-1")
    with pytest.raises(error, match=message):
        flag_files.expand(["program", f"--flagfile={name}"])


def test_a_program_takes_flagfiles_with_marks(write):
    for encoding in ("utf-8-sig", "utf-16"):
        write(f"{encoding}.cfg", "--preset=life", encoding=encoding)
    calls = [[f"--flagfile={name}.cfg"] for name in ("utf-8-sig", "utf-16", "none")]
    *marked, (code, _, errors) = run_several("distortions.generate", calls)
    for each in marked:
        assert each[0] == 2
        assert each[2].startswith("error: no preset 'life'")
    assert code == 2
    assert "No such file or directory" in errors
