/** The quality map: where the crops of a dense grid stand, and the picture of them. */

import {denseOffsets, padding} from "./crops.js";

const MOST_CROPS = 256; // Some seconds on a laptop, with crops of 224 pixels.

// Viridis, which colour-blind people can read: low is dark violet, high is yellow.
const COLOURS = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

/**
 * Places the crops of a photo's map.
 *
 * @param {number} height of the photo.
 * @param {number} width of the photo.
 * @param {number} size of a crop.
 * @returns {{tops: number[], lefts: number[], stride: number}} places in the padded
 *     photo, and the pixels from one crop to the next: a quarter of a crop, as
 *     Model.score_map has it, or as many as keep to MOST_CROPS.
 */
export function plan(height, width, size) {
  let stride = Math.max(Math.floor(size / 4), 1);
  for (;;) {
    const tops = denseOffsets(padding(height, size).length, size, stride);
    const lefts = denseOffsets(padding(width, size).length, size, stride);
    if (tops.length * lefts.length <= MOST_CROPS) return {tops, lefts, stride};
    stride = Math.ceil(stride * 1.1);
  }
}

/**
 * Where the worst and the best crop are.
 *
 * @param {Float32Array} scores [rows * columns], row by row.
 * @param {number} columns
 * @returns {{worst: Extreme, best: Extreme}} each with its score, row and column.
 */
export function extremes(scores, columns) {
  const at = (place) => ({
    score: scores[place],
    row: Math.floor(place / columns),
    column: place % columns,
  });
  const worst = scores.indexOf(Math.min(...scores));
  return {worst: at(worst), best: at(scores.indexOf(Math.max(...scores)))};
}

/**
 * Says in words where in the photo a place is.
 *
 * @param {number} across 0 at the left edge to 1 at the right one.
 * @param {number} down 0 at the upper edge to 1 at the lower one.
 * @returns {string} such as "upper left".
 */
export function whereabouts(across, down) {
  const third = (place) => Math.min(Math.floor(3 * place), 2);
  const vertical = ["upper", "", "lower"][third(down)];
  const horizontal = ["left", "", "right"][third(across)];
  return [vertical, horizontal].filter(Boolean).join(" ") || "middle";
}

/**
 * Paints a map, evenly from the centre of each crop to the next.
 *
 * @param {{scores: Float32Array, tops: number[], lefts: number[], size: number,
 *     height: number, width: number}} map of a photo; tops and lefts are places in the
 *     photo itself, negative where it was padded.
 * @param {HTMLCanvasElement} canvas takes the photo's proportions.
 */
export function paint(map, canvas) {
  const scale = 192 / Math.max(map.height, map.width);
  canvas.width = Math.max(Math.round(map.width * scale), 1);
  canvas.height = Math.max(Math.round(map.height * scale), 1);
  const {worst, best} = extremes(map.scores, map.lefts.length);
  const spread = best.score - worst.score || 1;
  const across = neighbours(map.lefts, map.size, map.width, canvas.width);
  const down = neighbours(map.tops, map.size, map.height, canvas.height);
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  let pixel = 0;
  for (const [upper, lower, down_share] of down) {
    for (const [left, right, across_share] of across) {
      const row = (number) => {
        const first = number * map.lefts.length;
        return mix(map.scores[first + left], map.scores[first + right], across_share);
      };
      const score = mix(row(upper), row(lower), down_share);
      picture.data.set(colour((score - worst.score) / spread), pixel);
      picture.data[pixel + 3] = 255;
      pixel += 4;
    }
  }
  context.putImageData(picture, 0, 0);
}

/**
 * Of each of `count` pixels: the crops with the nearest centres, and the share of the
 * second.
 */
function neighbours(offsets, size, side, count) {
  return Array.from({length: count}, (_, pixel) => {
    const place = ((pixel + 0.5) * side) / count - size / 2;
    const after = offsets.findIndex((offset) => offset > place);
    if (after === 0) return [0, 0, 0];
    if (after < 0) return [offsets.length - 1, offsets.length - 1, 0];
    const gap = offsets[after] - offsets[after - 1];
    return [after - 1, after, (place - offsets[after - 1]) / gap];
  });
}

/** @param {number} share 0 to 1, from the lowest score to the highest. */
function colour(share) {
  const place = Math.min(Math.max(share, 0), 1) * (COLOURS.length - 1);
  const first = Math.min(Math.floor(place), COLOURS.length - 2);
  return COLOURS[first].map((value, channel) =>
    Math.round(mix(value, COLOURS[first + 1][channel], place - first)),
  );
}

function mix(first, second, share) {
  return first + (second - first) * share;
}
