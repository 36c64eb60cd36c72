"""Photo formats that are recognised but not supported, and advice on what to do.

A single file is recognised by its first bytes, whatever its name; in a folder, where
most files are not photos, by its extension.
"""

import importlib.util
import re
from collections.abc import Mapping
from types import MappingProxyType

HEIC = "HEIC"
# What reads it, in addition to Pillow. The extra `heif` installs the first, which is
# the second without an encoder, and without the GPL licence that comes with that.
HEIC_READERS = ("pi_heif", "pillow_heif")

_RAW = "camera RAW"

# fmt: off
_BY_SUFFIX: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((".heic", ".heif", ".hif"), HEIC),
        **dict.fromkeys(
            (
                ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff",
                ".iiq", ".kdc", ".mef", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf",
                ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
            ),
            _RAW,
        ),
        **dict.fromkeys((".psd", ".psb"), "Photoshop"),
        **dict.fromkeys((".hdr", ".exr", ".pfm"), "HDR"),
        **dict.fromkeys((".jxr", ".wdp", ".hdp"), "JPEG XR"),
        ".dds": "DDS", ".djvu": "DjVu", ".ico": "ICO", ".jxl": "JPEG XL", ".pcx": "PCX",
        ".svg": "SVG", ".tga": "TGA", ".xcf": "GIMP",
    }
)
# What files start with. For ISO media files, the brand that follows b"ftyp".
_BY_START = (
    (b"\xff\x0a", "JPEG XL"), (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"FUJIFILMCCD-RAW", _RAW), (b"IIRO", _RAW), (b"IIRS", _RAW), (b"IIU\0", _RAW),
    (b"FOVb", _RAW), (b"\0MRM", _RAW), (b"II\x1a\0\0\0HEAPCCDR", _RAW),
    (b"v/1\x01", "HDR"), (b"#?RADIANCE", "HDR"), (b"II\xbc", "JPEG XR"),
    (b"gimp xcf", "GIMP"), (b"AT&TFORM", "DjVu"), (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"), (b"\xc5\xd0\xd3\xc6", "PostScript"), (b"<svg", "SVG"),
    (b"8BPS", "Photoshop"), (b"DDS ", "DDS"), (b"SIMPLE  =", "FITS"),
)
# Formats that are supported, though not every variant.
_READ_BY_START = (
    (b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"), (b"II+\0", "TIFF"), (b"MM\0+", "TIFF"), (b"GIF8", "GIF"),
    (b"BM", "BMP"), (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)
_BY_BRAND = {
    **dict.fromkeys(
        (
            b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs",
            b"mif1", b"msf1",
        ),
        HEIC,
    ),
    b"crx ": _RAW,
    **dict.fromkeys((b"isom", b"iso2", b"mp41", b"mp42", b"qt  ", b"M4V "), "video"),
}
# fmt: on
# What decoders say about files that are not damaged.
_UNSUPPORTED = re.compile(
    r"unsupported|not (available|configured|implemented|supported)", re.IGNORECASE
)


def of_name(suffix: str) -> str | None:
    """Returns the format for a lower-case extension, such as ".heic"."""
    return _BY_SUFFIX.get(suffix)


def of_contents(contents: bytes) -> str | None:
    """Returns the format of a file's bytes; None if it is not a known one."""
    if contents[4:8] == b"ftyp":
        return _BY_BRAND.get(contents[8:12])
    return _by_start(contents, _BY_START)


def refusal(contents: bytes) -> str:
    """Returns why a file in which no photo was recognised is not read."""
    if kind := of_contents(contents):
        return f"{kind} is not read{_advice(kind)}"
    if kind := _by_start(contents, _READ_BY_START):
        return f"{kind} of a sort that is not read, or broken"
    return "not a photo, or of a kind that is not read"


def failure(error: Exception) -> str:
    """Returns why a photo whose decoder failed is not read."""
    if isinstance(error, NotImplementedError) or _UNSUPPORTED.search(str(error)):
        return f"of a sort that is not read: {error}"
    return f"the photo is damaged or cut short: {error}"


def passed_over(counts: Mapping[str, int]) -> str:
    """Reports in one line how many files of which formats were passed over.

    Args:
        counts: number of files by format; one or more.
    """
    parts = []
    for kind, count in sorted(counts.items()):
        files = "file" if count == 1 else "files"
        parts.append(f"{count} {kind} {files} passed over{_advice(kind)}")
    return "; ".join(parts)


def _advice(kind: str) -> str:
    if kind == HEIC and not any(map(importlib.util.find_spec, HEIC_READERS)):
        return ": pip install 'rankiqa-tf[heif]'"
    return ""


def _by_start(contents: bytes, starts: tuple[tuple[bytes, str], ...]) -> str | None:
    return next((kind for start, kind in starts if contents.startswith(start)), None)
