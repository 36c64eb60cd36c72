"""What an installation brings: licences, pinned versions and the bill of materials."""

import ast
import hashlib
import json
import os
import re
import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from benchmarks import installed_licences

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
BILL = json.loads((ROOT / "docs" / "sbom.cdx.json").read_text())


def environment(python, platform="linux"):
    return {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "sys_platform": platform,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "platform_machine": "x86_64",
    }


def pins(python, platform="linux"):
    """The version that each package has under a Python."""
    found = {}
    for line in CONSTRAINTS.read_text().splitlines():
        if line.startswith("#"):
            continue
        pinned = Requirement(line)
        (only,) = pinned.specifier
        assert only.operator == "==", line
        if pinned.marker and not pinned.marker.evaluate(environment(python, platform)):
            continue
        name = canonicalize_name(pinned.name)
        assert name not in found, f"{name} is pinned twice for Python {python}"
        found[name] = Version(only.version)
    return found


@pytest.fixture(scope="module")
def required():
    """What setup.py requires: of every installation and of each extra."""
    told = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", told.update)
        runpy.run_path(str(ROOT / "setup.py"))
    extras = told["extras_require"].values()
    return [Requirement(r) for r in sum(extras, told["install_requires"])]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_the_constraints_pin_what_is_required_within_what_is_allowed(
    required, python, platform
):
    pinned = pins(python, platform)
    asked = [
        each
        for each in required
        if not each.marker or each.marker.evaluate(environment(python, platform))
    ]
    assert len(asked) > 25
    for requirement in asked:
        name = canonicalize_name(requirement.name)
        assert requirement.specifier.contains(pinned[name]), (str(requirement), pinned)


def test_the_constraints_say_which_command_wrote_them():
    head = CONSTRAINTS.read_text().splitlines()[1]
    assert head.removeprefix("#").split() == [
        *("uv", "pip", "compile", "setup.py", "--universal", "--python-version"),
        *("3.11", "--all-extras", "--strip-extras", "--no-annotate"),
        *("-o", "constraints.txt"),
    ]


def test_the_bill_of_materials_has_the_constraints_versions_and_our_models():
    pinned = pins("3.11")
    of_models, of_packages = [], {}
    for component in BILL["components"]:
        if component["type"] == "machine-learning-model":
            of_models.append(component)
        else:
            name = canonicalize_name(component["name"])
            of_packages[name] = Version(component["version"])
    advice = "write both anew: see benchmarks/bill_of_materials.py"
    assert of_packages == {name: pinned[name] for name in of_packages}, advice
    assert {"tensorflow", "keras", "pillow", "protobuf"} <= set(of_packages)
    files = sorted((ROOT / "rankiqa_tf" / "assets" / "weights").glob("*.keras"))
    assert [each["name"] for each in of_models] == [path.stem for path in files]
    for component, path in zip(of_models, files, strict=True):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert component["hashes"] == [{"alg": "SHA-256", "content": digest}], advice
    assert "file://" not in json.dumps(BILL)


def test_the_bill_of_materials_reaches_each_component_from_the_project():
    needs = {each["ref"]: each.get("dependsOn", []) for each in BILL["dependencies"]}
    ahead = [BILL["metadata"]["component"]["bom-ref"]]
    reached = set(ahead)
    while ahead:
        ahead += set(needs[ahead.pop()]) - reached
        reached |= set(ahead)
    named = {each["bom-ref"] for each in BILL["components"]}
    assert reached == named | {BILL["metadata"]["component"]["bom-ref"]}


def test_the_bill_of_materials_is_valid():
    reason = "needs cyclonedx-bom, whose schema it is checked against"
    schema = pytest.importorskip("cyclonedx.schema", reason=reason)
    validation = pytest.importorskip("cyclonedx.validation.json", reason=reason)
    pytest.importorskip("jsonschema", reason=reason)
    validator = validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(BILL)) is None
    assert validator.validate_str(json.dumps(BILL | {"components": [{"name": 3}]}))


def test_what_is_installed_here_has_licences_that_allow_commercial_use():
    packages, brought_by, _ = installed_licences.survey()
    assert {"tensorflow", "keras", "numpy"} <= set(brought_by)
    assert [(each.name, each.problem) for each in packages if each.problem] == []


def test_the_committed_table_of_licences_lists_what_the_bill_lists():
    text = (ROOT / "docs" / "licences.md").read_text()
    listed = dict(re.findall(r"^\| ([a-z0-9-]+) \| (\S+) \|", text, re.MULTILINE))
    for component in BILL["components"]:
        if "version" in component:
            name = canonicalize_name(component["name"])
            assert listed[name] == component["version"]


def installed(folder, name, *lines):
    """A package as it lies in an environment, as far as its metadata go."""
    place = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    place.mkdir()
    told = ("Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines)
    (place / "METADATA").write_text("\n".join(told) + "\n")
    return metadata.Distribution.at(place)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["License-Expression: MIT"], ""),
        (["License-Expression: Apache-2.0 OR (MIT AND BSD-3-Clause)"], ""),
        (["Classifier: License :: OSI Approved :: Apache Software License"], ""),
        (["License: 3-Clause BSD License"], ""),
        (["License-Expression: CC-BY-NC-4.0"], "CC-BY-NC-4.0 is not among"),
        (["License-Expression: MIT AND AGPL-3.0-only"], "AGPL-3.0-only is not"),
        (["License: Free for non-commercial use"], "non-commercial use is not"),
        (["Classifier: License :: Free for non-commercial use"], "is not among"),
        (["License: UNKNOWN"], "it states no licence"),
        (["Classifier: License :: OSI Approved"], "it states no licence"),
        ([], "it states no licence"),
    ],
)
def test_a_licence_that_forbids_commercial_use_or_is_unknown_is_a_problem(
    tmp_path, lines, problem
):
    found = installed_licences.read(installed(tmp_path, "made-up", *lines))
    assert problem in found.problem
    assert bool(problem) == bool(found.problem)


def test_the_licence_check_ends_with_1_and_names_the_package(tmp_path):
    installed(
        tmp_path,
        "rankiqa-tf",
        "Provides-Extra: more",
        "Provides-Extra: gone",
        "Requires-Dist: outer",
        "Requires-Dist: absent; python_version < '3'",
        "Requires-Dist: middle; extra == 'more'",
        "Requires-Dist: absent; extra == 'gone'",
    )
    installed(tmp_path, "outer", "License-Expression: MIT")
    installed(
        tmp_path,
        "middle",
        "License-Expression: ISC",
        "Provides-Extra: some",
        "Requires-Dist: inner; extra == 'some'",
        "Requires-Dist: middle[some]",
    )
    installed(tmp_path, "inner", "License-Expression: CC-BY-NC-4.0")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.licences", f"--output={tmp_path}/table.md"],
        cwd=tmp_path,  # Which comes before all that is installed.
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    reason = "CC-BY-NC-4.0 is not among the licences that are known to allow"
    assert done.stdout.splitlines() == [
        "left out: gone: not installed: absent",
        f"error: inner 1.0: {reason} commercial use",
        "3 packages, 1 with a licence that will not do",
    ]
    rows = (tmp_path / "table.md").read_text().splitlines()
    assert "| outer | 1.0 | MIT | every installation |" in rows
    assert "| middle | 1.0 | ISC | more |" in rows
    assert "| inner | 1.0 | CC-BY-NC-4.0 | more |" in rows


def test_no_protobuf_is_made_of_json():
    # What CVE-2026-0994 needs, which .ci/audit says does not reach us.
    reached = [
        f"{path.relative_to(ROOT)}: {node.attr}"
        for package in ("rankiqa_tf", "distortions", "export")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("ParseDict", "Parse")
    ]
    assert reached == []


def test_what_the_audit_passes_over_is_explained():
    text = (ROOT / ".ci" / "audit").read_text()
    passed = re.findall(r"^  ((?:CVE|GHSA|PYSEC)-\S+)$", text, re.MULTILINE)
    assert passed == ["CVE-2026-0994"]
    documents = "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    assert all(each in documents for each in passed)


def test_our_least_keras_and_pillow_are_those_without_known_holes(required):
    least = {each.name: each.specifier for each in required}
    assert not least["keras"].contains("3.14.9")  # CVE-2026-12570.
    assert least["keras"].contains("3.15.0")
    assert not least["pillow"].contains("12.2.0")  # In 12.3 thirteen were mended.
    assert least["pillow"].contains("12.3.0")
