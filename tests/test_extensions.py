"""The examples of extension from outside the package, through the real programs."""

import contextlib
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

import distortions
from rankiqa_tf import datasets
from rankiqa_tf.model import Model
from tests import programs

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "extensions"
TRAINING = (
    "--stage=both",
    "--network=network:SMALL",
    "--levels=all",
    "--crop_size=64",
    "--preset=distortion:GHOSTS",
    "--dataset=dataset:RATINGS,fewest_ratings=2",
    "--photos_per_batch=1",
    "--rank_steps=2",
    "--finetune_steps=2",
    "--finetune_batch=4",
    "--holdout=0.4",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six photos with ratings; the last was rated by one person only."""
    folder = tmp_path_factory.mktemp("extensions")
    (folder / "ratings" / "photos").mkdir(parents=True)
    random = np.random.default_rng(0)
    entries = []
    for number in range(6):
        rough = random.normal(size=(83, 97, 3))
        picture = 128 + 300 * scipy.ndimage.gaussian_filter(rough, (1.5, 1.5, 0))
        name = f"photos/{number}.png"
        file = folder / "ratings" / name
        Image.fromarray(picture.clip(0, 255).astype("u1")).save(file)
        stars = [1 + number % 5, 3] if number < 5 else [5]
        entries.append({"file": name, "scene": f"scene {number}", "stars": stars})
    (folder / "ratings" / "ratings.json").write_text(json.dumps(entries))
    return folder


def run(module, *arguments, path=EXAMPLES):
    """Runs a program in the folder of the examples, or in another one."""
    with contextlib.chdir(path):
        done = programs.run("-m", module, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def workdir(folder):
    """A run of all three: a made set, ranked, then fine-tuned; exported at its end."""
    ratings, made = folder / "ratings", folder / "set"
    run(
        "distortions.generate",
        "--preset=distortion:GHOSTS",
        f"--input={ratings}/photos",
        f"--output={made}",
    )
    arguments = (
        *TRAINING,
        f"--photos={made}",
        f"--data_dir={ratings}",
        f"--workdir={folder}/run",
    )
    run("rankiqa_tf.train", *arguments)
    return folder / "run"


def test_a_run_of_all_three_leaves_a_model_that_needs_none_of_their_modules(
    workdir, folder, tmp_path
):
    for name in ("model.tflite", "saved_model/saved_model.pb", "results.json"):
        assert (workdir / name).stat().st_size > 1000
    assert (workdir / "figures" / "scores_ghost.png").is_file()
    model = Model.load(workdir / "model.keras")
    assert model.metadata.network == "network:SMALL"
    assert (model.own_crop_size, model.smallest) == (96, 8)
    assert model.metadata.scale == (1, 5)
    assert model.metadata.scale_of == (
        "mean stars of our own ratings (fewest_ratings=2)"
    )
    images = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    alone = keras.models.load_model(workdir / "model.keras")
    np.testing.assert_allclose(alone(images), model.network(images), rtol=1e-6)
    # Scored where the modules are not to be found.
    photos = sorted((folder / "ratings" / "photos").iterdir())
    arguments = (f"--model={workdir}/model.keras", "--format=jsonl", *photos)
    rows = run("rankiqa_tf.score", *arguments, path=tmp_path).splitlines()
    scores = [json.loads(row)["score"] for row in rows]
    assert len(set(scores)) == 6
    np.testing.assert_allclose(scores, [*model.score_many(photos)], rtol=1e-4)


def test_the_programs_evaluate_on_a_data_set_of_ones_own(workdir, folder):
    report = folder / "page.html"
    arguments = (
        f"--model={workdir}/model.keras",
        "--dataset=dataset:RATINGS",
        f"--data_dir={folder}/ratings",
        f"--report={report}",
        "--format=json",
    )
    figures = json.loads(run("rankiqa_tf.evaluate", *arguments))
    assert figures["photos"] == 6
    assert -1 <= figures["test/srocc"] <= 1
    assert "our own ratings" in report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def modules():
    """The examples, found as a program finds them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        yield


def test_the_data_set_reads_means_and_leaves_out_what_too_few_rated(modules, folder):
    data_set = datasets.read("dataset:RATINGS,fewest_ratings=2", folder / "ratings")
    # (1 + 3) / 2 to (5 + 3) / 2.
    assert [photo.mos for photo in data_set.photos] == [2, 2.5, 3, 3.5, 4]
    assert data_set.photos[1].reference == "scene 1"
    assert len(datasets.read("dataset:RATINGS", folder / "ratings").photos) == 6


def test_the_data_set_says_what_is_wrong(modules, tmp_path):
    for text, message in (
        ('[{"file": "a.png"}]', "entry 1 of ratings.json must have file, scene and"),
        ('[{"file": "a.png", "scene": "a", "stars": ["?"]}]', r"a number, not '\?'"),
        ('[{"file": "a.png", "scene": "a", "stars": [1]}]', "no file a.png"),
        ("[", "ratings.json is not a JSON file"),
    ):
        (tmp_path / "ratings.json").write_text(text)
        with pytest.raises(ValueError, match=message) as error:
            datasets.read("dataset:RATINGS", tmp_path)
        assert "https://example.com/ratings" in str(error.value)


def test_the_ghost_is_the_photo_moved(modules):
    photo = np.random.default_rng(0).random((23, 31, 3), np.float32)
    (row,) = distortions.find_preset("distortion:GHOSTS").rows
    # Level 3: 6 pixels, 0.3.
    mirrored = np.concatenate([photo[:, 6:0:-1], photo], axis=1)[:, :31]
    expected = 0.7 * photo + 0.3 * mirrored
    np.testing.assert_allclose(row.distort(photo, 3), expected, atol=1e-6)
    assert row.reach.margin_of(6, 0.3) == 6
    np.testing.assert_array_equal(row.distort(photo, 0), photo)


@pytest.mark.parametrize("name", ["network", "dataset", "distortion"])
def test_the_page_about_each_shows_the_example_as_it_is(name):
    page = (ROOT / "docs" / "extending" / f"{name}.md").read_text(encoding="utf-8")
    code = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert f"```python\n{code}```\n" in page
