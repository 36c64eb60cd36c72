// Not run here: written from the recipe, no Mac was at hand. Check it with
// examples/golden.json before you trust its scores.
//
// The recipe of scores: which crops a photo is scored by, and how their scores become
// one. The same as rankiqa_tf/data/crops.py and export/web/crops.js.

let maxCropsASide = 4

/// The pixel that stands in for a place beyond the edges; the edge pixel is mirrored too.
func mirrored(_ place: Int, side: Int) -> Int {
    let period = 2 * side
    let within = ((place % period) + period) % period
    return min(within, period - 1 - within)
}

/// Where crops of `size` pixels stand along a side of the padded photo.
func gridOffsets(side: Int, size: Int) -> [Int] {
    let length = max(side, size)
    let count = min((length + size - 1) / size, maxCropsASide)
    let gaps = max(count - 1, 1)
    return (0..<count).map { (2 * $0 * (length - size) + gaps) / (2 * gaps) }
}

/// The pixels of the photo that a crop shows along a side, the photo in the middle.
func sources(offset: Int, side: Int, size: Int) -> [Int] {
    let before = max(size - side, 0) / 2 // An odd pixel goes to the end.
    return (0..<size).map { mirrored(offset + $0 - before, side: side) }
}

/// The score of a photo: the mean of the scores of its crops, row by row.
func meanOfCrops(
    height: Int, width: Int, size: Int, scoreOfCrop: ([Int], [Int]) throws -> Float
) rethrows -> Double {
    var scores: [Double] = []
    for top in gridOffsets(side: height, size: size) {
        let rows = sources(offset: top, side: height, size: size)
        for left in gridOffsets(side: width, size: size) {
            let columns = sources(offset: left, side: width, size: size)
            scores.append(Double(try scoreOfCrop(rows, columns)))
        }
    }
    return scores.reduce(0, +) / Double(scores.count)
}
