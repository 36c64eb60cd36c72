"""Lists the licences of all packages that an installation of rankiqa-tf brings.

    python -m benchmarks.licences --output=docs/licences.md

Reads what installed packages state about themselves, without a network, starting from
rankiqa-tf and its requirements, and for each extra what it adds; extras that are not
completely installed are named and left out, so install all extras for the whole table.
Exit code: 0 if each licence is known and allows commercial use; 1 if one does not or is
unknown, which is then named.
"""

import argparse
import platform
import sys
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path

from benchmarks import installed_licences
from benchmarks.installed_licences import Package


def table(packages: Iterable[Package], brought_by: Mapping[str, list[str]]) -> str:
    """Formats packages as a Markdown table, by name."""
    lines = [
        "| package | version | licence | comes with |",
        "| --- | --- | --- | --- |",
    ]
    for package in packages:
        by = ", ".join(brought_by[package.name])
        note = f" ({package.note})" if package.note else ""
        lines.append(
            f"| {package.name} | {package.version} | {package.licence}{note} | {by} |"
        )
    return "\n".join(lines) + "\n"


def document(rows: str, count: int, left_out: Iterable[str]) -> str:
    """Returns the content of docs/licences.md."""
    where = f"Python {platform.python_version()}, {platform.system()}"
    out = f" Left out, not installed there: {', '.join(left_out)}." if left_out else ""
    return (
        "# Licences\n\n"
        "rankiqa-tf is Apache-2.0, and so are the models that it carries; its sample "
        "photos are CC0. Every package that it brings allows commercial use, and only "
        "the extra `gpu` brings any that is not open source. The table is what "
        "packages say of themselves; where that was not enough a person read the "
        "licence, and says so in brackets. Where one lists several, all are named. A "
        "wheel may hold libraries of others; their licences lie in it.\n\n"
        f"{rows}\n"
        f"{count} packages ({where}).{out} Written by `python -m benchmarks.licences "
        "--output=docs/licences.md`, which fails where a package states no licence or "
        "one that it does not know to allow commercial use; a test runs it on what is "
        "installed. The page in the browser needs LiteRT.js, Apache-2.0, which whoever "
        "exports it fetches from npm.\n"
    )


def main() -> int:
    """Checks licences, and writes the table if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, help="where the table goes")
    output = parser.parse_args().output
    packages, brought_by, incomplete = installed_licences.survey()
    if output:
        rows = table(packages, brought_by)
        output.write_text(document(rows, len(packages), incomplete), encoding="utf-8")
    for extra, missing in incomplete.items():
        print(f"left out: {extra}: not installed: {', '.join(sorted(missing))}")
    bad = [package for package in packages if package.problem]
    for package in bad:
        print(f"error: {package.name} {package.version}: {package.problem}")
    print(f"{len(packages)} packages, {len(bad)} with a licence that will not do")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
