/** Crops of a picture in memory, by the page's own crops.js. */

import {gridPlaces, sources} from "../../export/web/crops.js";

/**
 * Cuts the crops that a photo is scored by.
 *
 * @param {{data: Uint8Array, height: number, width: number}} photo RGB, row by row.
 * @param {number} size of a crop, in pixels.
 * @yields {{top: number, left: number, pixels: Uint8Array}} [size, size, 3].
 */
export function* cropsOf({data, height, width}, size) {
  for (const {top, left} of gridPlaces(height, width, size)) {
    const columns = sources(left, width, size);
    const pixels = new Uint8Array(size * size * 3);
    let place = 0;
    for (const row of sources(top, height, size)) {
      for (const column of columns) {
        const pixel = 3 * (row * width + column);
        pixels[place++] = data[pixel];
        pixels[place++] = data[pixel + 1];
        pixels[place++] = data[pixel + 2];
      }
    }
    yield {top, left, pixels};
  }
}
