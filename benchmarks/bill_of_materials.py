"""Writes the bill of materials: the packages installed according to constraints.txt.

    python3 -m venv bill && bill/bin/pip install -c constraints.txt .
    python3 -m venv tools && tools/bin/pip install cyclonedx-bom
    tools/bin/python -m benchmarks.bill_of_materials bill/bin/python docs/sbom.cdx.json

It is CycloneDX 1.6 in JSON, which supply chain scanners read: rankiqa-tf, the packages
it needs, with versions and licences, and the models it ships with their SHA-256. It is
committed, since constraints.txt determines its content, and has to be rewritten when
that file or a model changes; a test compares it with both. The output was checked
against CycloneDX's schema.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "rankiqa-tf"
CONSTRAINTS = ROOT / "constraints.txt"
MODELS = ROOT / "rankiqa_tf" / "assets" / "weights"


def of_environment(python: str) -> dict[str, Any]:
    """Returns the bill of all that is installed for an interpreter, by cyclonedx-py."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    command = [tool, "environment", "--output-reproducible", "--sv=1.6", python]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def of_project(bill: dict[str, Any]) -> dict[str, Any]:
    """Returns the part of a bill that the project needs, headed by the project.

    Raises:
        ValueError: if the bill does not include the project.
    """
    components = {each["bom-ref"]: each for each in bill["components"]}
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    top = next((ref for ref, each in components.items() if each["name"] == PROJECT), "")
    if not top:
        raise ValueError(f"{PROJECT} is not installed there: pip install it first")
    # The tool also follows extras that nobody asked for if they happen to be installed:
    # pip, which is in every environment, because setuptools uses it in its tests.
    pinned = {
        canonicalize_name(line.partition("==")[0])
        for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    }
    for ref, wanted in needs.items():
        needs[ref] = [
            each
            for each in wanted
            if canonicalize_name(components[each]["name"]) in pinned
        ]
    reached, ahead = {top}, [top]
    while ahead:
        new = set(needs[ahead.pop()]) - reached
        reached |= new
        ahead += new
    project = components[top] | {"type": "application"}
    project.pop("externalReferences")  # The folder it was installed from.
    models = [model(path) for path in sorted(MODELS.glob("*.keras"))]
    names = [each["bom-ref"] for each in models]
    used = sorted(reached - {top})
    return bill | {
        "metadata": bill["metadata"] | {"component": project},
        "components": [components[ref] for ref in used] + models,
        "dependencies": [
            {"ref": top, "dependsOn": sorted([*needs[top], *names])},
            *({"ref": ref, "dependsOn": sorted(needs[ref])} for ref in used),
            *({"ref": name} for name in names),
        ],
    }


def model(path: Path) -> dict[str, Any]:
    """Returns a model shipped in the package as a component."""
    return {
        "bom-ref": f"model:{path.stem}",
        "type": "machine-learning-model",
        "name": path.stem,
        "hashes": [
            {"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}
        ],
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }


def check(text: str) -> None:
    """Checks a bill against CycloneDX's schema.

    Raises:
        ValueError: if it is invalid.
    """
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"it is no CycloneDX: {fault}")


def main() -> int:
    """Writes the bill of an environment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", help="of the environment that rankiqa-tf is in")
    parser.add_argument("output", type=Path, help="where the bill goes")
    given = parser.parse_args()
    text = json.dumps(of_project(of_environment(given.python)), indent=1) + "\n"
    check(text)
    given.output.write_text(text, encoding="utf-8")
    print(f"{given.output} was written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
