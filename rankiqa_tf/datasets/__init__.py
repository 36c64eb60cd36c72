"""Photos with human scores: the public data sets by name, and any CSV (`scores_csv`).

A reader takes a data set as its authors distribute it, once unpacked: their folders,
their lists, their file names. Nothing is downloaded; a folder that is not as it should
be gives an error that says where the data set can be had.
"""

import dataclasses
import difflib
import inspect
import os
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rankiqa_tf.datasets import biq2021
from rankiqa_tf.datasets import csiq
from rankiqa_tf.datasets import kadid10k
from rankiqa_tf.datasets import koniq10k
from rankiqa_tf.datasets import live
from rankiqa_tf.datasets import live_md
from rankiqa_tf.datasets import opinion_table
from rankiqa_tf.datasets import scores_csv
from rankiqa_tf.datasets import tid2013
from rankiqa_tf.datasets.data_folder import DataFolder
from rankiqa_tf.datasets.scored_photo import ScoredPhoto
from rankiqa_tf.datasets.splits import References


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table of data sets.

    Attributes:
        read: takes a DataFolder, and options by name; gives the photos and the official
            split or None.
        title: what the data set is called.
        source: where it can be had, an address or a command.
        licence: what its authors allow, as far as it could be found; look there before
            use.
        scale: the worst and the best `mos` that the scale of the experiment has.
            Scores that were processed may go somewhat beyond.
        scale_of: what `mos` is, in words.
        turned_round: whether `mos` was made of a difference score, lower is better.
        official_split: whether its authors say what to train and what to test on.
    """

    read: Callable[..., tuple[list[ScoredPhoto], References | None]]
    title: str
    source: str
    licence: str
    scale: tuple[float, float]
    scale_of: str
    turned_round: bool
    official_split: bool


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
            official_split=False,
        ),
        "live_not_realigned": Row(
            read=live.read_not_realigned,
            title="LIVE, release 2, by the scores of dmos.mat, which are not realigned",
            source="https://live.ece.utexas.edu/research/quality/subjective.htm",
            licence="use, copies and changes for any purpose, with the notice of its "
            "readme kept and its authors named",
            scale=(0, 100),
            scale_of="100 - DMOS of LIVE, not realigned",
            turned_round=True,
            official_split=False,
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
            official_split=False,
        ),
        "tid2013": Row(
            read=tid2013.read,
            title="TID2013",
            source="https://www.ponomarenko.info/tid2013.htm",
            licence="not confirmed; its forerunner TID2008 is for education and "
            "research only",
            scale=(0, 9),
            scale_of="mean opinion scores of TID2013",
            turned_round=False,
            official_split=False,
        ),
        "csiq": Row(
            read=csiq.read,
            title="CSIQ",
            source="https://s2.smu.edu/~eclarson/csiq.html",
            licence="none was found",
            scale=(0, 1),
            scale_of="1 - DMOS of CSIQ",
            turned_round=True,
            official_split=False,
        ),
        "kadid10k": Row(
            read=kadid10k.read,
            title="KADID-10k",
            source="https://database.mmsp-kn.de/kadid-10k-database.html",
            licence="freely available to the research community; no formal licence",
            scale=(1, 5),
            scale_of="mean opinion scores of KADID-10k",
            turned_round=False,
            official_split=False,
        ),
        "koniq10k": Row(
            read=koniq10k.read,
            title="KonIQ-10k",
            source="https://database.mmsp-kn.de/koniq-10k-database.html",
            licence="none was found; the photos are of YFCC100M (Creative Commons)",
            scale=(0, 100),
            scale_of="mean opinion scores of KonIQ-10k",
            turned_round=False,
            official_split=True,
        ),
        "biq2021": Row(
            read=biq2021.read,
            title="BIQ2021",
            source="https://github.com/nisarahmedrana/BIQ2021",
            licence="none is stated",
            scale=(0, 1),
            scale_of="mean opinion scores of BIQ2021",
            turned_round=False,
            official_split=True,
        ),
        "opinion_table": Row(
            read=opinion_table.read,
            title="a ranked set for TID2013's mean opinions of kinds and levels",
            source=opinion_table.SOURCE,
            licence="that of the photos; the means are facts about TID2013",
            scale=opinion_table.SCALE,
            scale_of="mean opinion scores of TID2013",
            turned_round=False,
            official_split=False,
        ),
    }
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set that was read.

    Attributes:
        name: its key in `DATA_SETS`; of a CSV, the name of the file.
        photos: with their scores, in the order of its list; two or more.
        scale: the worst and the best `mos` of the scale, as in `DATA_SETS`; of a CSV,
            those that were told, or else those that are there.
        official_split: by reference, as its authors made it; None if they made none.
    """

    name: str
    photos: tuple[ScoredPhoto, ...]
    scale: tuple[float, float]
    official_split: References | None


def read(name: str, folder: str | os.PathLike[str], **options: Any) -> DataSet:
    """Reads a data set from the folder it was unpacked to.

    Args:
        name: a key of `DATA_SETS`.
        folder: what its authors' archives hold, side by side.
        options: those of the reader, which its module describes.

    Returns:
        The data set; every photo's file is there.

    Raises:
        ValueError: if there is no such data set or option, or if the folder is not as
            it should be; the message says what is missing and where it can be had.
    """
    if name not in DATA_SETS:
        close = difflib.get_close_matches(name, DATA_SETS)
        names = dict.fromkeys([*close, *DATA_SETS])
        raise ValueError(f"no data set {name!r}; there are: {', '.join(names)}")
    row = DATA_SETS[name]
    known = list(inspect.signature(row.read).parameters)[1:]
    for option in options:
        if option not in known:
            raise ValueError(
                f"{name} has no option {option!r}; it has: {', '.join(known) or 'none'}"
            )
    data_folder = DataFolder(folder, title=row.title, source=row.source)
    photos, split = row.read(data_folder, **options)
    if len(photos) < 2:
        raise data_folder.error(f"it lists {len(photos)} photos")
    if len({photo.path for photo in photos}) < len(photos):
        raise data_folder.error("it lists a photo twice")
    return DataSet(
        name=name, photos=tuple(photos), scale=row.scale, official_split=split
    )


def read_any(
    dataset: str,
    folder: str | os.PathLike[str] = "",
    *,
    scale: tuple[float, float] | None = None,
) -> DataSet:
    """Reads a data set by name, or a CSV file of human scores.

    Args:
        dataset: a key of `DATA_SETS`, or the path of a CSV or .xlsx file as
            `scores_csv` reads it.
        folder: of the data set; of a CSV, where its image paths start, its own folder
            if empty.
        scale: of a CSV, the worst and the best score that its people could give; None
            if that is not known. A data set knows its own.

    Raises:
        ValueError: as `read` and `scores_csv.read` do, or if there is neither a file
            nor a data set of this name, or no folder is given for one; or if a score is
            off the scale.
    """
    if dataset in DATA_SETS:
        if not os.fspath(folder):
            raise ValueError(
                f"{dataset} needs its folder; it can be had from "
                f"{DATA_SETS[dataset].source}"
            )
        return read(dataset, folder)
    if not Path(dataset).is_file():
        close = difflib.get_close_matches(dataset, DATA_SETS)
        names = dict.fromkeys([*close, *DATA_SETS])
        raise ValueError(
            f"there is neither a CSV file nor a data set {dataset!r}; data sets are: "
            f"{', '.join(names)}"
        )
    photos = scores_csv.read(dataset, folder or None)
    opinions = [photo.mos for photo in photos]
    found = (min(opinions), max(opinions))
    if scale and not scale[0] <= found[0] <= found[1] <= scale[1]:
        raise ValueError(
            f"the scores of {dataset} go from {found[0]:g} to {found[1]:g}, and the "
            f"scale that they are on is said to go from {scale[0]:g} to {scale[1]:g}"
        )
    return DataSet(
        name=Path(dataset).name,
        photos=tuple(photos),
        scale=scale or found,
        official_split=None,
    )
