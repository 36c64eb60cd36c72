"""examples/quickstart.ipynb is run as a reader would run it, and does what it says."""

import re
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOK = Path(__file__).resolve().parents[1] / "examples" / "quickstart.ipynb"


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the cells print when they are all run, in an empty folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = str(tmp_path_factory.mktemp("notebook"))
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": folder}}
    )
    client.execute()  # A cell that fails is an error here, with its traceback.
    return "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == "stdout"
    )


def test_scores_fall_from_level_to_level(printed):
    line = re.search(r"scores by level: (.*)", printed)[1]
    scores = [float(score) for score in line.split()]
    assert len(scores) == 6
    assert scores == sorted(scores, reverse=True)


def test_the_network_learns_to_rank(printed):
    share = int(re.search(r"in the right order: (\d+)%", printed)[1])
    assert share >= 75  # A coin would have 50.


def test_the_model_tuned_on_ten_photos_scores_compressed_photos_lower(printed):
    before, after = re.search(r"as they are: (.*), compressed: (.*)", printed).groups()
    assert 1 < float(after) < float(before) - 1 < 10


def test_the_notebook_holds_the_pictures_of_its_last_run():
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    numbers = [cell.execution_count for cell in code]
    assert numbers == list(range(1, len(code) + 1))
    pictures = [
        output
        for cell in code
        for output in cell.outputs
        if "image/jpeg" in output.get("data", {})
    ]
    assert len(pictures) == 6
