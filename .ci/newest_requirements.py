"""Prints what `pip install ".[test]"` installs under the newest Python, a line each.

    python .ci/newest_requirements.py >requirements.txt

Under Python 3.11 and 3.12 setup.py asks for an older TensorFlow, for tensorflow-io's
sake. What it asks for under later ones installs under these, too; so the newest
TensorFlow is tried where there is no newer Python. Needs setuptools and packaging.
"""

import runpy
import sys
from pathlib import Path
from typing import Any

import setuptools
from packaging.requirements import Requirement

NEWEST = (3, 13)  # As in setup.py's WITHOUT_TFIO.


def main() -> None:
    """Prints them."""
    version = ".".join(map(str, max(NEWEST, sys.version_info[:2])))
    marks = {"python_version": version, "python_full_version": f"{version}.0"}
    told: dict[str, Any] = {}
    # setuptools itself takes requirements with markers to different places, by version.
    setuptools.setup = told.update
    runpy.run_path(str(Path(__file__).resolve().parents[1] / "setup.py"))
    for line in [*told["install_requires"], *told["extras_require"]["test"]]:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(marks):
            requirement.marker = None
            print(requirement)


if __name__ == "__main__":
    main()
