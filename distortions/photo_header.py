"""Reads the header of a photo's file before it is decoded.

Native decoders may allocate whatever a header claims, or crash if it lies. So headers
are checked here first, following the formats' structure: segments for JPEG; chunks and
boxes for PNG, WebP and JPEG 2000; words for PNM.
"""

import dataclasses
import re
import struct
from collections.abc import Iterator

MAX_PIXELS = 500_000_000  # 1.5 GB as RGB; the largest phone cameras have 200 million.


_PIXELS_OF_BYTE = 2_000  # For JPEG 2000: at 0.004 bits a pixel nothing is visible.
_MOST_ZEROS = 256  # At the end of a small file.


class PhotoError(ValueError):
    """A file that cannot be read as a photo."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What a file's header says.

    Attributes:
        kind: "jpeg", "png", "webp", "jp2" or "pnm"; "other" for formats not examined
            here.
        width: in pixels, as stored; 0 for other formats.
        height: in pixels, as stored; 0 for other formats.
        orientation: 1 to 8, as in EXIF; 1 is upright.
        is_plain: whether it stores 8-bit grey or RGB in the usual way, so that all
            decoders agree on the pixels.
        is_grey: whether there is one channel.
    """

    kind: str
    width: int = 0
    height: int = 0
    orientation: int = 1
    is_plain: bool = False
    is_grey: bool = False


def read(contents: bytes) -> Header:
    """Reads the header of a photo's file.

    Args:
        contents: the bytes of the file.

    Raises:
        PhotoError: if the file is empty, its header is cut short, or it claims a side
            of zero or more than MAX_PIXELS.
    """
    if not contents:
        raise PhotoError("the file is empty")
    try:
        header = _read(contents)
    except (struct.error, IndexError):
        raise PhotoError("the photo is damaged or cut short: no whole header") from None
    if header.kind != "other":
        check_size(header.width, header.height)
    return header


def check_size(width: int, height: int) -> None:
    """Raises a PhotoError if a photo of this size cannot be read."""
    if width < 1 or height < 1:
        raise PhotoError(f"a photo must have pixels, not {width} x {height}")
    if width * height > MAX_PIXELS:
        raise PhotoError(
            f"{width} x {height} pixels are too many; at most {MAX_PIXELS:,} can be "
            "read"
        )


def _read(contents: bytes) -> Header:
    if contents.startswith(b"\xff\xd8\xff"):
        return _jpeg(contents)
    if contents.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(contents)
    if contents[:4] == b"RIFF" and contents[8:12] == b"WEBP":
        return _webp(contents)
    if contents.startswith(b"\0\0\0\x0cjP  \r\n\x87\n"):
        return _jp2(contents)
    if contents.startswith(b"\xff\x4f\xff\x51"):
        right, bottom, left, top = struct.unpack(">IIII", contents[8:24])
        _check_codestream(right - left, bottom - top, len(contents))
    if contents[:2] in (b"P5", b"P6"):
        return _pnm(contents)
    if contents[:4] in (b"II*\0", b"MM\0*"):
        _check_tiff(contents)
    elif contents[4:8] == b"ftyp":
        _check_heif(contents)
    return Header("other")


# JPEG (ITU T.81): markers, each with a length but for a few.

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_HUFFMAN_FRAMES = (0xC0, 0xC1, 0xC2)  # Baseline, extended, progressive.


def _jpeg(contents: bytes) -> Header:
    found: Header | None = None
    orientation = 1
    for marker, segment in _jpeg_segments(contents):
        if marker == 0xE1:
            orientation = _of_app1(segment) or orientation
        elif marker in _FRAMES and found is None:
            bits, height, width, components = struct.unpack(">BHHB", segment[:6])
            found = Header(
                "jpeg",
                width,
                height,
                is_plain=bits == 8
                and components in (1, 3)
                and marker in _HUFFMAN_FRAMES,
                is_grey=components == 1,
            )
    if found is None:
        raise PhotoError("the photo is damaged or cut short: a JPEG without a frame")
    return dataclasses.replace(found, orientation=orientation)


def _jpeg_segments(contents: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields marker and contents of each segment before the first scan."""
    place = 2
    while place < len(contents):
        if contents[place] != 0xFF:
            # Decoders skip anything between segments.
            place = contents.find(b"\xff", place)
            if place < 0:
                return
        marker = contents[place + 1]
        place += 1
        if marker in (0xFF, 0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            place += marker != 0xFF  # Fill bytes; markers without a length.
            continue
        if marker in (0xDA, 0xD9):
            return
        (length,) = struct.unpack(">H", contents[place + 1 : place + 3])
        yield marker, contents[place + 3 : place + 1 + length]
        place += 1 + length


def _of_app1(segment: bytes) -> int | None:
    if segment.startswith(b"Exif\0\0"):
        return _of_exif(segment[6:])
    if segment.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
        return _of_xmp(segment)
    return None


def _of_exif(tiff: bytes) -> int | None:
    """Returns the orientation in EXIF data; None if there is no valid one."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return None
    try:
        (place,) = struct.unpack(f"{order}I", tiff[4:8])
        (count,) = struct.unpack(f"{order}H", tiff[place : place + 2])
        for number in range(count):
            entry = tiff[place + 2 + 12 * number :][:12]
            tag, kind, _, value = struct.unpack(f"{order}HHIH2x", entry)
            if tag == 0x0112 and kind == 3:
                return value if 1 <= value <= 8 else None
    except struct.error:
        return None
    return None


def _of_xmp(text: bytes) -> int | None:
    found = re.search(rb"tiff:Orientation(?:=\"|='|>)\s*([1-8])", text)
    return int(found[1]) if found else None


# PNG (ISO/IEC 15948): chunks.


def _png(contents: bytes) -> Header:
    width, height, bits, colour = struct.unpack(">IIBB", contents[16:26])
    if contents[12:16] != b"IHDR":
        raise PhotoError("the photo is damaged or cut short: a PNG without a header")
    orientation: int | None = None
    place = 8
    while place + 8 <= len(contents):
        length, name = struct.unpack(">I4s", contents[place : place + 8])
        chunk = contents[place + 8 : place + 8 + length]
        if name == b"eXIf":
            orientation = _of_exif(chunk.removeprefix(b"Exif\0\0")) or orientation
        elif name == b"iTXt" and chunk.startswith(b"XML:com.adobe.xmp\0"):
            orientation = orientation or _of_xmp(chunk)
        elif name in (b"tEXt", b"zTXt") and chunk.startswith(b"Raw profile type"):
            orientation = orientation or 0  # Pillow has to unpack it.
        place += 12 + length
    return Header(
        "png",
        width,
        height,
        orientation=orientation or 1,
        is_plain=bits in (1, 2, 4, 8, 16) and orientation != 0,
        is_grey=colour in (0, 4),
    )


# WebP (RFC 9649): the simple forms are one chunk; "VP8X" may be animated or turned.

_MOST_OF_WEBP = 16_383


def _webp(contents: bytes) -> Header:
    _check_end(contents)
    size, form, length = struct.unpack("<4xI4x4sI", contents[:20])
    # If these differ, decoders disagree on whether the file is damaged.
    is_whole = len(contents) == size + 8 == 20 + length + length % 2
    if form == b"VP8 ":
        if contents[23:26] != b"\x9d\x01\x2a":
            raise PhotoError("the photo is damaged: a WebP without a start code")
        width, height = struct.unpack("<HH", contents[26:30])
        return Header("webp", width & 0x3FFF, height & 0x3FFF, is_plain=is_whole)
    if form == b"VP8L":
        (bits,) = struct.unpack("<I", contents[21:25])
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return Header("webp", width, height, is_plain=is_whole)
    width = int.from_bytes(contents[24:27], "little") + 1
    height = int.from_bytes(contents[27:30], "little") + 1
    if max(width, height) > _MOST_OF_WEBP:
        raise PhotoError(
            f"the photo is damaged: a WebP of {width} x {height} pixels, but at most "
            f"{_MOST_OF_WEBP} a side are possible"
        )
    return Header("webp", width, height)


# JPEG 2000 (ITU T.800): boxes, one of which holds the codestream.


def _jp2(contents: bytes) -> Header:
    """Counts as plain with 8 bits, grey or sRGB, if boxes and codestream agree."""
    stated: tuple[int, ...] | None = None
    colour: bytes | None = None
    for name, box in _boxes(contents):
        if name == b"jp2h":
            for inner, part in _boxes(box):
                if inner == b"ihdr":
                    stated = struct.unpack(">IIHB", part[:11])
                elif inner == b"colr" and colour is None:
                    colour = part[:1] + part[3:7]
                elif inner in (b"pclr", b"cmap", b"cdef"):
                    colour = b""
        elif name == b"jp2c":
            if box[:4] != b"\xff\x4f\xff\x51":
                raise PhotoError("the photo is damaged: no JPEG 2000 codestream in it")
            right, bottom, left, top = struct.unpack(">IIII", box[8:24])
            tile_width, tile_height, *tiles_from = struct.unpack(">IIII", box[24:40])
            (count,) = struct.unpack(">H", box[40:42])
            components = {box[42 + 3 * n : 45 + 3 * n] for n in range(count)}
            width, height = right - left, bottom - top
            _check_codestream(width, height, len(contents))
            grey = count == 1
            space = b"\1\0\0\0\x11" if grey else b"\1\0\0\0\x10"
            return Header(
                "jp2",
                width,
                height,
                is_plain=_is_whole_codestream(box)
                and contents.endswith(box)  # Decoders differ on what follows.
                and stated == (height, width, count, 7)
                and count in (1, 3)
                and components == {b"\7\1\1"}
                and colour == space
                and (left, top, *tiles_from) == (0, 0, 0, 0)
                and max(tile_width, tile_height) < 2**31,
                is_grey=grey,
            )
    raise PhotoError("the photo is damaged or cut short: no JPEG 2000 codestream")


def _check_codestream(width: int, height: int, num_bytes: int) -> None:
    """Rejects an impossible number of pixels, which decoders would make from nothing.

    They also take some 20 bytes for each pixel.
    """
    check_size(width, height)
    if width * height > max(_PIXELS_OF_BYTE * num_bytes, 1_000_000):
        raise PhotoError(
            f"the photo is damaged: a JPEG 2000 of {width} x {height} pixels in "
            f"{num_bytes} bytes"
        )


def _is_whole_codestream(stream: bytes) -> bool:
    """Whether its parts lead from one to the next, up to the end marker."""
    place = 2
    try:
        while stream[place : place + 2] != b"\xff\x90":
            (length,) = struct.unpack(">H", stream[place + 2 : place + 4])
            place += 2 + length
        while stream[place : place + 2] == b"\xff\x90":
            (length,) = struct.unpack(">I", stream[place + 6 : place + 10])
            place += max(length, 14)
    except struct.error:
        return False
    return stream[place:] == b"\xff\xd9"


def _boxes(contents: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(contents):
        length, name = struct.unpack(">I4s", contents[place : place + 8])
        start = place + 8
        if length == 1:
            (length,) = struct.unpack(">Q", contents[start : start + 8])
            start += 8
        end = place + length if length else len(contents)
        if end < start:
            raise PhotoError("the photo is damaged: a box shorter than its own header")
        yield name, contents[start:end]
        place = end


# PNM: words in text, with comments.


def _pnm(contents: bytes) -> Header:
    words = re.match(
        rb"P[56](?:\s|#[^\n]*\n)+(\d{1,10})(?:\s|#[^\n]*\n)+(\d{1,10})"
        rb"(?:\s|#[^\n]*\n)+(\d{1,10})\s",
        contents[:4096],
    )
    if words is None:
        raise PhotoError("the photo is damaged or cut short: no whole PNM header")
    width, height, most = map(int, words.groups())
    grey = contents[:2] == b"P5"
    if most <= 255:
        needed = width * height * (1 if grey else 3)
        check_size(width, height)
        if len(contents) - words.end() < needed:
            raise PhotoError(
                f"the photo is damaged or cut short: {needed} bytes of pixels are "
                f"needed, {len(contents) - words.end()} are there"
            )
    plain = most == 255 and b"#" not in words[0]
    return Header("pnm", width, height, is_plain=plain, is_grey=grey)


# TIFF (Adobe, "TIFF Revision 6.0"): a directory anywhere in the file.


def _check_tiff(contents: bytes) -> None:
    order = "<" if contents[:2] == b"II" else ">"
    (place,) = struct.unpack(f"{order}I", contents[4:8])
    (count,) = struct.unpack(f"{order}H", contents[place : place + 2])
    if not count or place + 2 + 12 * count > len(contents):
        raise PhotoError("the photo is damaged or cut short: a TIFF without a page")


# AVIF and HEIC (ISO/IEC 14496-12 and 23008-12): boxes, as in JPEG 2000.


def _check_heif(contents: bytes) -> None:
    place = 0
    while place + 8 <= len(contents):
        length, name = struct.unpack(">I4s", contents[place : place + 8])
        if length == 1:
            (length,) = struct.unpack(">Q", contents[place + 8 : place + 16])
        place += max(length, 8) if length else len(contents) - place
        # What follows these may not be boxes: phones append all sorts of data.
        if name in (b"meta", b"mdat") and place > len(contents):
            raise PhotoError(
                f"the photo is damaged or cut short: {place} bytes are needed, "
                f"{len(contents)} are there"
            )
    _check_end(contents)


def _check_end(contents: bytes) -> None:
    """Rejects a file whose end was never written, if decoders do not notice.

    Compressed data does not end in so many zeros.
    """
    zeros = len(contents) - len(contents.rstrip(b"\0"))
    if zeros > max(_MOST_ZEROS, len(contents) // 8):
        raise PhotoError(
            f"the photo is damaged: its last {zeros} bytes are zeros, as in a file "
            "that was not completely written"
        )
