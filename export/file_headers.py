"""Reads the headers of photo files using only core operations of TensorFlow.

This repeats `distortions.photo_header` for SavedModels, which contain no Python, to the
extent needed to decode supported files correctly and reject all others. Autograph turns
Python's loops and branches into the graph's.
"""

import sys

import tensorflow as tf

from distortions import photo_header

_MOST_PARTS = 10_000  # Of a header; no real photo has so many.
_MOST_CODES = 4096  # In a GIF's code table.
_PAD = 64  # Zeros after the file, so that reading slightly past its end is harmless.

NOT_READ = (
    "the bytes signature reads JPEG, PNG, GIF without transparency and BMP of 24 bits; "
    "decode other files and use the pixels signature"
)
CUT_SHORT = "the photo is damaged or cut short"
CMYK = "a JPEG of 4 components is not read: decode it and use the pixels signature"
TURNED = "how the photo is turned cannot be read: decode it and use pixels"
TOO_LONG = "its header has too many parts: decode it and use the pixels signature"
_NO_PIXELS = "a photo must have pixels: a side of it is 0"
_TOO_MANY = f"too many pixels; at most {photo_header.MAX_PIXELS:,} can be read"
_EMPTY = "the file is empty"

# Photos with these errors are decoded by the caller instead, and scored as pixels.
LEFT_TO_OTHERS = (NOT_READ, CMYK, TURNED, TOO_LONG)

_XMP_TURNED = r"(?s)\C*tiff:Orientation(=[\"']|>)\s*[2-8]\C*"


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def read(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Reads a file's header.

    Args:
        file: string scalar, the bytes.

    Returns:
        String scalar, why the file cannot be scored, empty if it can; int32 scalar, 1
        to 8, the photo's orientation as in EXIF; and int32 scalar, how many bytes of
        the file belong to the photo: for a GIF those up to the end of its first
        picture, otherwise all.
    """
    length = tf.strings.length(file)
    data = tf.io.decode_raw(file, tf.uint8, fixed_length=length + _PAD)
    if length == 0:
        problem, orientation, width, height = _EMPTY, 1, 1, 1
    elif _is(data, 0, b"\xff\xd8\xff"):
        problem, orientation, width, height = _jpeg(file, data)
    elif _is(data, 0, b"\x89PNG\r\n\x1a\n"):
        problem, orientation, width, height = _png(file, data)
    elif _is(data, 0, b"GIF87a") or _is(data, 0, b"GIF89a"):
        problem, orientation, width, height, length = _gif(file, data)
    elif _is(data, 0, b"BM"):
        problem, orientation, width, height = _bmp(data)
    else:
        problem, orientation, width, height = NOT_READ, 1, 1, 1
    pixels = tf.cast(width, tf.int64) * tf.cast(height, tf.int64)
    if problem == "":
        if width == 0 or height == 0:
            problem = _NO_PIXELS
        elif width < 0 or height < 0 or pixels > photo_header.MAX_PIXELS:
            problem = _TOO_MANY
    return problem, orientation, length


def _is(data, place, expected):
    return tf.reduce_all(_part(data, place, len(expected)) == list(expected))


def _byte(data, place):
    # One at a time: as whole numbers, a file of 100 MB would take 400 MB.
    return tf.cast(data[place], tf.int32)


def _part(data, place, count):
    """Returns some bytes; the last ones if the position is past the end."""
    place = tf.clip_by_value(place, 0, tf.size(data) - count)
    return tf.cast(data[place : place + count], tf.int32)


def _number(data, place, count, *, little=False):
    """Returns a number stored in some bytes; negative if it takes more than 31 bits."""
    digits = _part(data, place, count)
    powers = [256**n for n in range(min(count, 4))]
    powers = [min(power, 2**24) for power in powers]
    if not little:
        powers = powers[::-1]
    return tf.reduce_sum(digits * powers)


def _jpeg(file, data):
    size = tf.size(data) - _PAD
    orientation, xmp_turned = 1, False
    width, height, components, is_usual = 0, 0, 0, False
    place, parts, reading = 2, 0, True
    while reading and place < size and parts < _MOST_PARTS:
        tf.autograph.experimental.set_loop_options(maximum_iterations=_MOST_PARTS)
        marker, length = _byte(data, place + 1), _number(data, place + 2, 2)
        parts += 1
        alone = marker <= 1 or (marker >= 0xD0 and marker <= 0xD8)
        if _byte(data, place) != 0xFF or marker == 0xFF:
            place += 1
        elif alone:
            place += 2
        elif marker == 0xDA or marker == 0xD9:
            reading = False
        else:
            if marker == 0xE1:
                if _is(data, place + 4, b"Exif\0\0"):
                    end = tf.minimum(place + 2 + length, size)
                    orientation = _exif(data, place + 10, end, orientation)
                elif _is(data, place + 4, b"http://ns.adobe.com/xap/1.0/\0"):
                    packet = tf.strings.substr(
                        file, place, tf.minimum(length, size - place)
                    )
                    xmp_turned |= tf.strings.regex_full_match(packet, _XMP_TURNED)
            is_frame = marker >= 0xC0 and marker <= 0xCF and components == 0
            if is_frame and marker != 0xC4 and marker != 0xC8 and marker != 0xCC:
                height, width = _number(data, place + 5, 2), _number(data, place + 7, 2)
                components = _byte(data, place + 9)
                # Huffman-coded, of 8 bits.
                is_usual = marker <= 0xC2 and _byte(data, place + 4) == 8
            place += 2 + length
    if components == 0:
        problem = CUT_SHORT
    elif parts >= _MOST_PARTS:
        problem = TOO_LONG
    elif components == 4:
        problem = CMYK
    elif not is_usual or (components != 1 and components != 3):
        problem = NOT_READ
    elif xmp_turned and orientation == 1:
        problem = TURNED
    else:
        problem = ""
    return problem, orientation, width, height


def _exif(data, start, end, before):
    """Returns the orientation in the EXIF data at `start`; otherwise `before`."""
    little = _is(data, start, b"II*\0")
    found, seen = before, False
    if little or _is(data, start, b"MM\0*"):
        place = start + _either(data, start + 4, 4, little)
        count = tf.minimum(_either(data, place, 2, little), (end - place - 2) // 12)
        if place < start or place + 2 > end:
            count = 0
        for number in tf.range(count):
            entry = place + 2 + 12 * number
            tag = _either(data, entry, 2, little)
            kind = _either(data, entry + 2, 2, little)
            if tag == 0x0112 and kind == 3 and not seen:
                value = _either(data, entry + 8, 2, little)
                seen = True
                if value >= 1 and value <= 8:
                    found = value
    return found


def _either(data, place, count, little):
    return tf.where(
        little, _number(data, place, count, little=True), _number(data, place, count)
    )


def _png(file, data):
    size = tf.size(data) - _PAD
    width, height = _number(data, 16, 4), _number(data, 20, 4)
    orientation, unknown = 1, False
    place, parts = 8, 0
    while place + 8 <= size and parts < _MOST_PARTS:
        parts += 1
        length = _number(data, place, 4)
        if _is(data, place + 4, b"eXIf"):
            end = tf.clip_by_value(place + 8 + length, 0, size)
            start = place + 8 + tf.where(_is(data, place + 8, b"Exif\0\0"), 6, 0)
            orientation = _exif(data, start, end, orientation)
        elif _is(data, place + 4, b"iTXt"):
            packet = tf.strings.substr(file, place, tf.minimum(length, size - place))
            unknown |= tf.strings.regex_full_match(packet, _XMP_TURNED)
        elif _is(data, place + 5, b"EXt") or _is(data, place + 5, b"TXt"):
            unknown |= _is(data, place + 8, b"Raw profile type")
        place += tf.clip_by_value(length, 0, size) + 12
    if not _is(data, 12, b"IHDR") or not tf.reduce_any(
        _byte(data, 24) == [1, 2, 4, 8, 16]
    ):
        problem = CUT_SHORT
    elif parts >= _MOST_PARTS:
        problem = TOO_LONG
    elif unknown and orientation == 1:
        problem = TURNED
    else:
        problem = ""
    return problem, orientation, width, height


def _gif(file, data):
    """Reads up to the end of the first picture, which has to fill the screen."""
    size = tf.size(data) - _PAD
    width = _number(data, 6, 2, little=True)
    height = _number(data, 8, 2, little=True)
    place, transparent, in_blocks = 13 + _colours(data, 10), False, False
    parts = 0
    while place < size and _byte(data, place) != 0x2C and parts < _MOST_PARTS:
        parts += 1
        if in_blocks:  # Each block starts with its length; one of length 0 is the last.
            in_blocks = _byte(data, place) != 0
            place += 1 + _byte(data, place)
        elif _byte(data, place) == 0x21:
            if _byte(data, place + 1) == 0xF9:
                transparent = _byte(data, place + 3) % 2 == 1
            in_blocks = True
            place += 2
        else:
            place = size
    fills = _is(data, place + 1, bytes(4))
    fills &= _number(data, place + 5, 2, little=True) == width
    fills &= _number(data, place + 7, 2, little=True) == height
    place = tf.minimum(place + 10 + _colours(data, tf.minimum(place + 9, size)), size)
    bits = _byte(data, place)
    place, count = place + 1, 0
    blocks = tf.TensorArray(tf.string, 0, dynamic_size=True, element_shape=[])
    while place < size and _byte(data, place) != 0:
        block = tf.strings.substr(
            file, place + 1, tf.minimum(_byte(data, place), size - place)
        )
        blocks = blocks.write(count, block)
        place, count = place + 1 + _byte(data, place), count + 1
    if place >= size or bits < 1 or bits > 8:
        problem = CUT_SHORT
    elif transparent or not fills:
        problem = NOT_READ
    elif not _are_codes(tf.strings.reduce_join(blocks.stack()), bits):
        problem = CUT_SHORT
    else:
        problem = ""
    return problem, 1, width, height, place + 1


def _colours(data, place):
    """Returns the size in bytes of a colour table, from the byte that gives it."""
    return tf.where(_byte(data, place) >= 128, 3 * 2 ** (_byte(data, place) % 8 + 1), 0)


def _are_codes(packed, bits):
    """Whether every code of a GIF's picture is in its table when it occurs.

    TensorFlow's decoder accepts invalid codes. Between two codes that clear the table,
    a code's position gives the size of the table and hence the number of bits of the
    code.
    """
    data = tf.cast(tf.io.decode_raw(packed + b"\0\0\0\0", tf.uint8), tf.int32)
    end = 8 * tf.strings.length(packed)
    clear = 2**bits
    numbers = tf.range(_MOST_CODES)
    place, is_full = 0, tf.constant(False)
    right, reading = tf.constant(True), tf.constant(True)
    while reading and right:
        known = tf.minimum(clear + 2 + tf.maximum(numbers - 1, 0), _MOST_CODES)
        if is_full:
            known = tf.fill([_MOST_CODES], _MOST_CODES)
        widths = tf.reduce_sum(
            tf.cast(known[:, tf.newaxis] >= 2 ** tf.range(13), tf.int32), axis=1
        )
        widths = tf.clip_by_value(widths, bits + 1, 12)
        starts = place + tf.cumsum(widths, exclusive=True)
        first_bytes = tf.minimum(starts // 8, tf.size(data) - 3)
        words = sum(tf.gather(data, first_bytes + n) * 256**n for n in range(3))
        codes = words // 2 ** (starts % 8) % 2**widths
        stops = (codes == clear) | (codes == clear + 1) | (starts + widths > end)
        first = tf.where(
            tf.reduce_any(stops), tf.argmax(stops, output_type=tf.int32), _MOST_CODES
        )
        most = tf.where((numbers == 0) & ~is_full, clear - 1, known)
        right = tf.reduce_all((codes <= most) | (numbers >= first))
        if first == _MOST_CODES:
            place, is_full = place + tf.reduce_sum(widths), True
        else:
            place, is_full = starts[first] + widths[first], False
            reading = codes[first] == clear and place <= end
    return right


def _bmp(data):
    width = _number(data, 18, 4, little=True)
    height = tf.abs(_number(data, 22, 4, little=True))
    bits = _number(data, 28, 2, little=True)
    compression = _number(data, 30, 4, little=True)
    header, pixels = (
        _number(data, 14, 4, little=True),
        _number(data, 10, 4, little=True),
    )
    # Sizes of Windows' headers, which differ in what follows these numbers.
    is_known = header == 40 or header == 108 or header == 124
    is_plain = bits == 24 and compression == 0 and is_known and pixels == 14 + header
    return tf.where(is_plain, "", NOT_READ), 1, width, height


if __name__ == "__main__":
    sys.exit("export.file_headers is a library; the program is python -m export")
