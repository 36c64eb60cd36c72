"""Exports every form of the models that the package carries, into a folder to publish.

    python -m export.release --output=FOLDER --litert_js=node_modules/@litertjs/core

FOLDER then holds a folder for each model: its forms, each gated on agreement with the
Keras model, and its card; and an index, README.md. The page for the browser is left out
where there is no LiteRT.js.

Exit code: 0 if all else was written; 1 if something failed; 2 if nothing was begun.
"""

# ruff: noqa: E402 - what takes long to import comes after the command line is read.

from rankiqa_tf import surroundings

surroundings.settle("distortions", "export")

from absl import flags

from distortions import exit_codes
from distortions import program
from rankiqa_tf import library

_OUTPUT = flags.DEFINE_string(
    "output", None, "The folder to write to; new or empty.", required=True
)
_MODELS = flags.DEFINE_list(
    "models",
    [],
    f"Which models, joined by commas: {library.in_words()}; all if none.",
)
_LITERT_JS = flags.DEFINE_string(
    "litert_js",
    "node_modules/@litertjs/core",
    "For the page: the folder of the npm package @litertjs/core.",
)
program.begin(__name__, __doc__, {"Options": ["output", "models", "litert_js"]})

surroundings.settle_keras()

import dataclasses
import json
import sys
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from export import card
from export import output_folder
from export import web
from export.exporter import CARD
from export.exporter import Exporter
from export.formats import FORMATS
from rankiqa_tf.data import whole_file

_TERMS: Mapping[str, card.Terms] = MappingProxyType(
    {
        "lite0-photos": card.Terms(
            licence="apache-2.0",
            data="the authors of BIQ2021 state no licence for its photos; none of them "
            "is in the model. Where that matters, take lite0-ranked",
        ),
        "lite0-ranked": card.Terms(
            licence="apache-2.0", data="photos with open licences, and no human score"
        ),
    }
)
_UNKNOWN = card.Terms(licence="", data="")


@dataclasses.dataclass(frozen=True)
class Released:
    """What was written of a model.

    Attributes:
        name: of the model.
        sizes: of its forms, by name, in bytes.
        agreement: how near each is to the Keras model, in words.
        failed: forms that were not written, as they failed.
    """

    name: str
    sizes: Mapping[str, int]
    agreement: Mapping[str, str]
    failed: Sequence[str]


def release(name: str, folder: Path, formats: Sequence[str]) -> Released:
    """Writes the forms of a model and their card to a folder.

    Raises:
        ValueError: if the model cannot be loaded.
    """
    model = library.load(name)
    folder.mkdir(exist_ok=True)
    exporter = Exporter(model, folder, litert_js=_LITERT_JS.value)
    written = exporter.write_each(formats)
    exporter.write_card(name, written, _TERMS.get(name, _UNKNOWN))
    sizes = {each: exporter.size_of(each) for each in written}
    failed = [each for each in formats if each not in written]
    return Released(name, sizes, written, failed)


def index(released: Sequence[Released], left_out: Mapping[str, str]) -> str:
    """The index: what there is of each model, and what there is not, with why.

    Args:
        released: the models.
        left_out: forms that none of them has, by name, and why.

    Returns:
        Markdown.
    """
    lines = [
        "# Models of rankiqa-tf",
        "",
        f"Written by version {library.__version__}. Each scores how good a photo "
        "looks; higher is better. Every file was compared with the Keras model that it "
        "was made from before it was written here; the cards say what each takes and "
        "gives.",
        "",
    ]
    for each in released:
        lines += [
            f"## [{each.name}]({each.name}/{CARD})",
            "",
            "| file | MB | for | against Keras |",
            "| --- | ---: | --- | --- |",
        ]
        for form, size in each.sizes.items():
            path = f"{each.name}/{FORMATS[form].file}"
            cells = (
                f"[{path}]({path})",
                f"{size / 1e6:.1f}",
                FORMATS[form].use,
                each.agreement[form],
            )
            lines.append(f"| {' | '.join(cells)} |")
        lines += ["", *(f"- Not written: {form}." for form in each.failed)]
        lines += [""] if each.failed else []
    if left_out:
        lines += ["## Left out", ""]
        lines += [f"- {form}: {why}." for form, why in left_out.items()]
    return "\n".join(lines).rstrip() + "\n"


def chosen() -> list[str]:
    """The models of --models.

    Raises:
        ValueError: if the package carries none of a name, or none at all.
    """
    carried = library.list_models()
    if not carried:
        raise ValueError("the package carries no models: there is nothing to release")
    if unknown := [name for name in _MODELS.value if name not in carried]:
        raise ValueError(
            f"--models must be of {library.in_words()}, not {', '.join(unknown)}"
        )
    return [name for name in carried if name in (_MODELS.value or carried)]


def main(argv: list[str]) -> int:
    """Exports what the flags say, and returns the exit code."""
    output = Path(_OUTPUT.value)
    try:
        if argv[1:]:
            raise ValueError(f"flags only, not {' '.join(argv[1:])}")
        names = chosen()
        program.hold(output_folder.begun(output, json.dumps(names)))
    except (ValueError, OSError) as error:
        return program.fail(error, exit_codes.NOTHING_BEGUN)
    left_out: dict[str, str] = {}
    try:
        web.check_runtime(_LITERT_JS.value)
    except web.RuntimeMissingError as error:
        left_out["web"] = str(error)
        print(f"left out: web: {error}", file=sys.stderr)
    formats = [name for name in FORMATS if name not in left_out]
    try:
        released = [release(name, output / name, formats) for name in names]
    except ValueError as error:
        return program.fail(error, exit_codes.FAILED)
    whole_file.write(output / CARD, index(released, left_out))
    print(f"{output / CARD}: the index")
    if any(each.failed for each in released):
        return exit_codes.FAILED
    output_folder.finish(output)
    return exit_codes.DONE


if __name__ == "__main__":
    program.run(main)
