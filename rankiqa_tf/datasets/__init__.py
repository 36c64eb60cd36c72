"""Photos with human scores: the public data sets by name, and any CSV (`scores_csv`).

Each reader reads a data set as its authors distribute it, unpacked: with their folders,
lists and file names. Nothing is downloaded. If something is missing from the folder,
the error says what, and where to get the data set.

To add a data set, write its reader in a new file and add a row to `DATA_SETS`. A data
set of your own needs no change here: give its `Row` as module:NAME.
"""

import dataclasses
import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from distortions import user_modules
from rankiqa_tf.datasets import biq2021
from rankiqa_tf.datasets import cid2013
from rankiqa_tf.datasets import csiq
from rankiqa_tf.datasets import kadid10k
from rankiqa_tf.datasets import koniq10k
from rankiqa_tf.datasets import live
from rankiqa_tf.datasets import live_challenge
from rankiqa_tf.datasets import live_md
from rankiqa_tf.datasets import opinion_table
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets import spaq
from rankiqa_tf.datasets import tid2013
from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.row import Choice
from rankiqa_tf.datasets.row import Row
from rankiqa_tf.datasets.row import choice
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import References

__all__ = [
    "DATA_SETS",
    "Choice",
    "DataFolder",
    "DataSet",
    "References",
    "Row",
    "ScoredPhoto",
    "choose",
    "read",
    "read_any",
]

DATA_SETS: Mapping[str, Row] = MappingProxyType(
    {
        "live": Row(
            read=live.read,
            title="LIVE Image Quality Assessment Database, release 2",
            source="https://live.ece.utexas.edu/research/quality/subjective.htm",
            licence="use, copies and changes for any purpose, with the notice of its "
            "readme kept and its authors named",
            scale=(0, 100),
            scale_of="100 - DMOS of LIVE",
            turned_round=True,
        ),
        "live_md": Row(
            read=live_md.read,
            title="LIVE Multiply Distorted Image Quality Database",
            source="https://live.ece.utexas.edu/research/quality/"
            "live_multidistortedimage.html",
            licence="use, copies and changes for any purpose, with the notice of its "
            "readme kept and its authors named",
            scale=(0, 100),
            scale_of="100 - DMOS of LIVE MD",
            turned_round=True,
        ),
        "tid2013": Row(
            read=tid2013.read,
            title="TID2013",
            source="https://www.ponomarenko.info/tid2013.htm",
            licence="not confirmed; its forerunner TID2008 is for education and "
            "research only",
            scale=(0, 9),
            scale_of="mean opinion scores of TID2013",
        ),
        "csiq": Row(
            read=csiq.read,
            title="CSIQ",
            source="https://s2.smu.edu/~eclarson/csiq.html",
            licence="none was found",
            scale=(0, 1),
            scale_of="1 - DMOS of CSIQ",
            turned_round=True,
        ),
        "kadid10k": Row(
            read=kadid10k.read,
            title="KADID-10k",
            source="https://database.mmsp-kn.de/kadid-10k-database.html",
            licence="freely available to the research community; no formal licence",
            scale=(1, 5),
            scale_of="mean opinion scores of KADID-10k",
        ),
        "koniq10k": Row(
            read=koniq10k.read,
            title="KonIQ-10k",
            source="https://database.mmsp-kn.de/koniq-10k-database.html",
            licence="none was found; the photos are of YFCC100M (Creative Commons)",
            scale=(0, 100),
            scale_of="mean opinion scores of KonIQ-10k",
            official_split=True,
        ),
        "biq2021": Row(
            read=biq2021.read,
            title="BIQ2021",
            source="https://github.com/nisarahmedrana/BIQ2021",
            licence="none is stated",
            scale=(0, 1),
            scale_of="mean opinion scores of BIQ2021",
            official_split=True,
        ),
        "spaq": Row(
            read=spaq.read,
            title="SPAQ",
            source="https://github.com/h4nwei/SPAQ",
            licence="none was found",
            scale=(0, 100),
            scale_of="mean opinion scores of SPAQ",
        ),
        "live_challenge": Row(
            read=live_challenge.read,
            title="LIVE In the Wild Image Quality Challenge Database",
            source="https://live.ece.utexas.edu/research/ChallengeDB/index.html",
            licence="not confirmed; other LIVE data sets may be used, copied and "
            "changed for any purpose if the notice is kept and the authors are named",
            scale=(0, 100),
            scale_of="mean opinion scores of LIVE In the Wild",
        ),
        "cid2013": Row(
            read=cid2013.read,
            title="CID2013",
            source="https://zenodo.org/records/2647033",
            licence="not confirmed; see its page",
            scale=(0, 100),
            scale_of="realigned mean opinion scores of CID2013",
        ),
        "opinion_table": Row(
            read=opinion_table.read,
            title="a ranked set for TID2013's mean opinions of kinds and levels",
            source=opinion_table.SOURCE,
            licence="that of the photos; the means are facts about TID2013",
            scale=opinion_table.SCALE,
            scale_of="mean opinion scores of TID2013",
        ),
    }
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set that was read.

    Attributes:
        name: as for `choose`; for a CSV file, the name of the file.
        photos: the photos and their scores, in the order of the list; two or more.
        scale: the worst and the best `mos` on its scale, as in its row; for a CSV file,
            the given ends, or else the lowest and the highest score in the file.
        official_split: the authors' split, by reference; None if there is none.
    """

    name: str
    photos: tuple[ScoredPhoto, ...]
    scale: tuple[float, float]
    official_split: References | None


def choose(text: str) -> Choice | None:
    """Finds a data set by its name, which may be followed by options.

    A colon always belongs to module:NAME, and a comma always begins an option.

    Args:
        text: a key of `DATA_SETS`, or module:NAME, a `Row` of your own in a module that
            can be imported; then options of its reader, separated by commas:
            `live,not_realigned`, `koniq10k,size=512x384`, `mine:FACES,copies`.

    Returns:
        The data set with its options; None if the text is not a name, but may be a
        path.

    Raises:
        ValueError: if the module has no such Row, or the data set has no such option.
    """
    name = text.split(",")[0].strip()
    if name in DATA_SETS:
        return choice(text, DATA_SETS[name])
    if not user_modules.is_name(name):
        return None
    kind_name = "rankiqa_tf.datasets.Row"
    row = user_modules.find(name, Row, what="data set", kind_name=kind_name)
    return choice(text, row)


def read(name: str, folder: str | os.PathLike[str]) -> DataSet:
    """Reads a data set.

    Args:
        name: as for `choose`.
        folder: the folder that its authors' archives were unpacked to, side by side; or
            the folder above it, or one inside it.

    Returns:
        The data set; the files of all its photos exist.

    Raises:
        ValueError: if there is no such data set or option, or something is missing from
            the folder; the message says what, and where to get it.
    """
    chosen = choose(name)
    if chosen is None:
        raise ValueError(f"no data set {name!r}; there are: {_names(name)}")
    row = chosen.row
    data_folder = DataFolder(folder, title=row.title, source=row.source)
    photos, split = row.read(data_folder, **chosen.options)
    if len(photos) < 2:
        raise data_folder.error(f"it lists {len(photos)} photos")
    if len({photo.path for photo in photos}) < len(photos):
        raise data_folder.error("it lists a photo twice")
    return DataSet(
        name=chosen.name, photos=tuple(photos), scale=row.scale, official_split=split
    )


def read_any(
    dataset: str,
    folder: str | os.PathLike[str] = "",
    *,
    scale: tuple[float, float] | None = None,
) -> DataSet:
    """Reads a data set by name, or a CSV file of human scores.

    Args:
        dataset: as for `choose`, or the path of a CSV or .xlsx file as for
            `scores_csv.read`.
        folder: the folder of the data set; for a CSV file, the folder that its image
            paths start from, by default the file's own.
        scale: for a CSV file, the worst and the best score that people could give; None
            if that is not known.

    Raises:
        ValueError: as for `read` and `scores_csv.read`; if there is neither a file nor
            a data set with this name; if a data set is given without a folder; or if a
            score is outside the scale.
    """
    chosen = choose(dataset)
    if chosen is not None:
        if not os.fspath(folder):
            raise ValueError(
                f"{dataset} needs its folder: give it as data_dir; get the data set "
                f"from {chosen.row.source}"
            )
        return read(dataset, folder)
    if not Path(dataset).is_file():
        raise ValueError(
            f"there is neither a CSV file nor a data set {dataset!r}; data sets are: "
            f"{_names(dataset)}, and any of your own as module:NAME"
        )
    photos = scores_csv.read(dataset, folder or None)
    opinions = [photo.mos for photo in photos]
    found = (min(opinions), max(opinions))
    if scale and not scale[0] <= found[0] <= found[1] <= scale[1]:
        raise ValueError(
            f"the scores of {dataset} go from {found[0]:g} to {found[1]:g}, but their "
            f"scale is given as {scale[0]:g} to {scale[1]:g}"
        )
    return DataSet(
        name=Path(dataset).name,
        photos=tuple(photos),
        scale=scale or found,
        official_split=None,
    )


def _names(wrong: str) -> str:
    """Lists the names of all data sets, those most like a wrong name first."""
    close = difflib.get_close_matches(wrong.split(",")[0], DATA_SETS)
    return ", ".join(dict.fromkeys([*close, *DATA_SETS]))
