// Not run here on a device. Compiled by kotlinc, it gave the places and pixels of
// examples/golden.json; check it by that in your app too.
//
// The recipe of scores: which crops a photo is scored by, and how their scores become
// one. The same as rankiqa_tf/data/crops.py and export/web/crops.js.

import kotlin.math.max
import kotlin.math.min

const val MAX_CROPS_A_SIDE = 4

/** The pixel that stands in for a place beyond the edges; the edge pixel is mirrored too. */
fun mirrored(place: Int, side: Int): Int {
    val within = Math.floorMod(place, 2 * side)
    return min(within, 2 * side - 1 - within)
}

/** Where crops of [size] pixels stand along a side of the padded photo. */
fun gridOffsets(side: Int, size: Int): List<Int> {
    val length = max(side, size)
    val count = min((length + size - 1) / size, MAX_CROPS_A_SIDE)
    val gaps = max(count - 1, 1)
    return (0 until count).map { (2 * it * (length - size) + gaps) / (2 * gaps) }
}

/** The pixels of the photo that a crop shows along a side, the photo in the middle. */
fun sources(offset: Int, side: Int, size: Int): IntArray {
    val before = max(size - side, 0) / 2 // An odd pixel goes to the end.
    return IntArray(size) { mirrored(offset + it - before, side) }
}

/** The score of a photo: the mean of the scores of its crops, row by row. */
fun meanOfCrops(
    height: Int, width: Int, size: Int, scoreOfCrop: (IntArray, IntArray) -> Float
): Double =
    gridOffsets(height, size).flatMap { top ->
        gridOffsets(width, size).map { left ->
            scoreOfCrop(sources(top, height, size), sources(left, width, size)).toDouble()
        }
    }.average()
