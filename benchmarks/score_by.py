"""Scores photos with one method, ours or another's, and measures its cost.

Needs the packages of that method, best in a separate environment:

    python3 -m venv others && others/bin/pip install pypiqe brisque scikit-video scipy pillow "numpy<2.3"
    python3 -m venv contrib && contrib/bin/pip install opencv-contrib-python-headless
    others/bin/python -m benchmarks.score_by piqe mos.csv scores
    others/bin/python -m benchmarks.score_by brisque mos.csv scores
    others/bin/python -m benchmarks.score_by niqe mos.csv scores
    contrib/bin/python -m benchmarks.score_by brisque_opencv mos.csv scores --models=opencv_contrib/modules/quality/samples
    python -m benchmarks.score_by lite0-photos mos.csv scores

Anything that is not in METHODS is a model of ours: a name that the package ships, a
model.keras or a model.tflite.

Writes `scores/<method>.csv`, image,score,seconds, higher scores being better, and
measurements to `scores/<method>.json`; `benchmarks.method_scores` reads both. The
process is kept to one core. Seconds are CPU time from the file to the score, which
other work on the machine hardly changes. A photo that the method cannot score has an
empty score, and is named; the exit code is then 1. It is 2 if nothing could be started.
"""  # noqa: E501 - a command is not cut in two.

import argparse
import csv
import dataclasses
import importlib.metadata
import json
import math
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Score = Callable[[Path], float]  # The path of a photo; higher is better.

# The names that `rankiqa_tf.datasets.scores_csv` accepts, which is not available in
# other environments.
_IMAGE = ("image", "image_name", "filename", "file_name", "dist_img")


@dataclasses.dataclass(frozen=True)
class Method:
    """A method by others.

    Attributes:
        load: makes its function, given the folder of its model files.
        packages: the package that has it, by its name on PyPI, and what that needs
            without requiring it.
        licence: of the package, according to its metadata and its licence file.
    """

    load: Callable[[Path | None], Score]
    packages: tuple[str, ...]
    licence: str


def _piqe(models: Path | None) -> Score:
    import numpy as np
    from pypiqe import piqe

    del models  # It has none, as it was not trained.
    # It expects images as read by OpenCV, with channels from blue to red.
    return lambda path: -piqe(np.ascontiguousarray(_pixels(path)[..., ::-1]))[0]


def _brisque(models: Path | None) -> Score:
    from brisque import BRISQUE

    del models  # It includes its own.
    model = BRISQUE(url=False)
    return lambda path: -model.score(_pixels(path))


def _niqe(models: Path | None) -> Score:
    import numpy as np
    import scipy.misc
    from PIL import Image

    del models  # It includes its own.

    def imresize(image: Any, size: float, interp: str, mode: str) -> Any:
        """Does what SciPy did until 1.2, for the only call: Pillow's resize."""
        del interp, mode  # bicubic, F
        picture = Image.fromarray(image.astype("float32"))
        sides = [int(side * size) for side in picture.size]
        return np.asarray(picture.resize(sides, Image.Resampling.BICUBIC))

    # scikit-video 1.1.11, from 2018, uses functions that SciPy and NumPy have removed.
    scipy.misc.imresize, np.int = imresize, int
    from skvideo.measure import niqe

    def score(path: Path) -> float:
        with Image.open(path) as image:
            return -niqe(np.asarray(image.convert("L")))[0]

    return score


def _brisque_opencv(models: Path | None) -> Score:
    import cv2

    names = "brisque_model_live.yml", "brisque_range_live.yml"
    if models is None or not all((models / name).is_file() for name in names):
        raise SystemExit(
            f"--models must be the folder of {' and '.join(names)}, which the "
            "package does not bring: modules/quality/samples of opencv_contrib"
        )
    model = cv2.quality.QualityBRISQUE_create(*(str(models / name) for name in names))
    return lambda path: -model.compute(cv2.imread(str(path)))[0]


METHODS = {
    "piqe": Method(_piqe, ("pypiqe", "pillow"), "MIT"),
    "brisque": Method(_brisque, ("brisque", "opencv-python"), "Apache 2.0"),
    "niqe": Method(_niqe, ("scikit-video",), "BSD"),
    "brisque_opencv": Method(
        _brisque_opencv, ("opencv-contrib-python-headless",), "Apache 2.0"
    ),
}


def _ours(name: str) -> Score:
    import rankiqa_tf

    if name.endswith(".tflite"):
        return rankiqa_tf.TFLiteModel.load(name).score
    return rankiqa_tf.load(name).score


def _pixels(path: Path) -> Any:
    """Reads a photo as uint8 [height, width, 3], from red to blue."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _our_method(name: str) -> Method:
    """Returns a model of ours as a method, with or without TensorFlow."""
    if name.endswith(".tflite"):
        needed = ("rankiqa-tf", "ai-edge-litert", "numpy", "pillow", "absl-py")
    else:
        needed = ("rankiqa-tf",)
    return Method(lambda models: _ours(name), needed, "Apache 2.0")


def _images(table: Path) -> list[str]:
    """Returns the image column of a CSV file."""
    with table.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        for column in rows.fieldnames or ():
            if re.sub(r"[\s_-]+", "_", column.strip().lower()) in _IMAGE:
                return [row[column].strip() for row in rows]
    raise SystemExit(f"{table} has no column of images, such as {', '.join(_IMAGE)}")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # Run from its source folder.
        return ""


def _installed(packages: tuple[str, ...]) -> int:
    """Returns the installed size of packages with requirements, without bytecode."""
    sizes: dict[Path, int] = {}
    seen = set()
    waiting = list(packages)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        if name == "rankiqa-tf":  # Its folders, whether installed or not.
            sizes |= _folder_sizes()
            if len(packages) > 1:  # Without TensorFlow, which it requires.
                continue
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # Only required on another system or Python.
        for file in distribution.files or ():
            path = Path(str(file.locate()))
            if path.suffix != ".pyc" and path.is_file():
                sizes[path.resolve()] = path.stat().st_size
        for requirement in distribution.requires or ():
            asked, _, condition = requirement.partition(";")
            if "extra" not in condition:
                waiting.append(re.split(r"[^\w.-]", asked.strip())[0])
    return sum(sizes.values())


def _size(model: str) -> int:
    """Returns the size in bytes of a model that is not part of a package."""
    return Path(model).stat().st_size if Path(model).is_file() else 0


def _folder_sizes() -> dict[Path, int]:
    import rankiqa_tf

    root = Path(rankiqa_tf.__file__).resolve().parents[1]
    return {
        path: path.stat().st_size
        for folder in ("rankiqa_tf", "distortions", "export")
        for path in (root / folder).rglob("*")
        if path.suffix != ".pyc" and path.is_file()
    }


def _age() -> float:
    """Returns the seconds since the process started; nan if unknown."""
    status = Path("/proc/self/stat")
    if not status.exists():
        return math.nan
    # Field 22; the second one, the name in brackets, may contain spaces.
    started = int(status.read_text().rpartition(")")[2].split()[19])
    ticks = os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / ticks


def _peak_memory() -> float:
    """Returns the process's peak memory in bytes; nan if unknown."""
    status = Path("/proc/self/status")
    match = status.exists() and re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    return 1024.0 * int(match[1]) if match else math.nan


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Scores photos by one method, and measures what it takes."
    )
    parser.add_argument(
        "method", help=f"{', '.join(METHODS)}, or a model of ours by name or path"
    )
    parser.add_argument("table", type=Path, help="CSV file with a column of images")
    parser.add_argument("output", type=Path, help="folder for the two files")
    parser.add_argument(
        "--folder", type=Path, help="where images' paths start; if not given, the CSV's"
    )
    parser.add_argument("--models", type=Path, help="folder of OpenCV's model files")
    parser.add_argument("--name", help="of the two files; if not given, the method's")
    parser.add_argument("--most", type=int, help="score only so many photos")
    return parser.parse_args()


def main() -> int:
    """Writes a method's scores and measurements; see above."""
    arguments = _arguments()
    # Before any library counts cores to start as many threads.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    images = _images(arguments.table)[: arguments.most]
    folder = arguments.folder or arguments.table.parent
    missing = [image for image in images if not (folder / image).is_file()]
    if missing or not images:
        raise SystemExit(
            f"{len(missing)} of {len(images)} photos are not in {folder}, the first "
            f"being {missing[0]}"
            if missing
            else f"{arguments.table} names no photo"
        )
    method = METHODS.get(arguments.method) or _our_method(arguments.method)
    try:
        score = method.load(arguments.models)
    except ImportError as error:
        raise SystemExit(
            f"{error}: {arguments.method} needs {' and '.join(method.packages)}"
        ) from error
    except (ValueError, OSError) as error:
        raise SystemExit(f"{arguments.method} cannot be loaded: {error}") from error
    arguments.output.mkdir(parents=True, exist_ok=True)
    name = arguments.name or Path(arguments.method).stem
    output = arguments.output / f"{name}.csv"
    facts: dict[str, float | str] = {}
    failed = 0
    with output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("image", "score", "seconds"))
        for image in images:
            begun = time.process_time()
            found = _found(score, folder / image)
            ended = time.process_time()
            if not facts:
                facts = {"first_seconds": _age(), "first_cpu_seconds": ended}
            failed += found is None
            cell = "" if found is None else f"{found:.6g}"
            writer.writerow((image, cell, f"{ended - begun:.6f}"))
    facts |= {
        "package": method.packages[0],
        "version": _version(method.packages[0]),
        "licence": method.licence,
        "peak_bytes": _peak_memory(),
        "installed_bytes": _installed(method.packages) + _size(arguments.method),
    }
    output.with_suffix(".json").write_text(
        json.dumps(facts, indent=1) + "\n", encoding="utf-8"
    )
    return 1 if failed else 0


def _found(score: Score, path: Path) -> float | None:
    """Returns the score; None if there is none, after reporting why."""
    try:
        found = float(score(path))
    # Packages raise anything; scikit-video even exits the program.
    except (Exception, SystemExit) as error:
        print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
        return None
    if math.isfinite(found):
        return found
    print(f"{path}: the score is {found}", file=sys.stderr)
    return None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
            sys.exit(2)
        raise
