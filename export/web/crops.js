/**
 * The recipe of scores: which crops a photo is scored by, and how their scores become
 * one. It is rankiqa_tf/data/crops.py once more, in functions of numbers alone, so that
 * a browser, Node and whoever ports it can share them.
 *
 * Sides, sizes, places and strides are whole numbers of pixels. Crops are squares and
 * have places in the padded photo: it is mirrored at its edges where a side is shorter
 * than a crop, never resized.
 */

export const MAX_CROPS_A_SIDE = 4;

/**
 * How a side is padded.
 *
 * @param {number} side of the photo, 1 or more.
 * @param {number} size of a crop.
 * @returns {{before: number, length: number}} the pixels added in front, and the side
 *     of the padded photo. An odd number of pixels puts one more at the end.
 */
export function padding(side, size) {
  const missing = Math.max(size - side, 0);
  return {before: Math.floor(missing / 2), length: side + missing};
}

/**
 * The pixel that stands in for a place beyond the edges. The edge pixel is mirrored
 * too, as often as needed: 0 1 2 2 1 0 | 0 1 2 2 1 0 | ...
 *
 * @param {number} place in the photo; negative, or side and more, is beyond it.
 * @param {number} side of the photo, 1 or more.
 * @returns {number} 0 to side - 1.
 */
export function mirrored(place, side) {
  const period = 2 * side;
  const within = ((place % period) + period) % period;
  return Math.min(within, period - 1 - within);
}

/**
 * Places crops along one side of a padded photo.
 *
 * @param {number} length of the padded side, size or more.
 * @param {number} size of a crop.
 * @returns {number[]} evenly spaced from 0 to length - size, rounded, halves up; as
 *     few as cover the side, at most MAX_CROPS_A_SIDE.
 */
export function gridOffsets(length, size) {
  const count = Math.min(Math.ceil(length / size), MAX_CROPS_A_SIDE);
  const gaps = Math.max(count - 1, 1);
  return Array.from({length: count}, (_, number) =>
    Math.floor((2 * number * (length - size) + gaps) / (2 * gaps)),
  );
}

/**
 * Places crops densely along one side of a padded photo, for a map of it.
 *
 * @param {number} length of the padded side, size or more.
 * @param {number} size of a crop.
 * @param {number} stride from one crop to the next, 1 or more.
 * @returns {number[]} 0, stride, ... and last of all length - size.
 */
export function denseOffsets(length, size, stride) {
  const last = length - size;
  const count = Math.ceil(last / stride);
  return [...Array.from({length: count}, (_, number) => number * stride), last];
}

/**
 * The pixels of the photo that a crop shows along one side.
 *
 * @param {number} offset of the crop in the padded photo.
 * @param {number} side of the photo.
 * @param {number} size of a crop.
 * @returns {Int32Array} of size places, each 0 to side - 1.
 */
export function sources(offset, side, size) {
  const {before} = padding(side, size);
  return Int32Array.from({length: size}, (_, number) =>
    mirrored(offset + number - before, side),
  );
}

/**
 * The crops that a photo is scored by, row by row.
 *
 * @param {number} height of the photo.
 * @param {number} width of the photo.
 * @param {number} size of a crop.
 * @returns {{top: number, left: number}[]} places in the padded photo; 1 to 16.
 */
export function gridPlaces(height, width, size) {
  const lefts = gridOffsets(padding(width, size).length, size);
  return gridOffsets(padding(height, size).length, size).flatMap((top) =>
    lefts.map((left) => ({top, left})),
  );
}

/**
 * The score of a photo.
 *
 * @param {ArrayLike<number>} scores of its crops, one or more.
 * @returns {number} their mean.
 */
export function mean(scores) {
  return Array.from(scores).reduce((sum, score) => sum + score, 0) / scores.length;
}
