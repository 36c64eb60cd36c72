/**
 * Checks crops.js against golden.json, as any port can be checked; needs Node.js alone.
 *
 *     node examples/node/check_golden.mjs
 */

import assert from "node:assert/strict";
import {createHash} from "node:crypto";
import {readFileSync} from "node:fs";

import {gridPlaces, mean} from "../../export/web/crops.js";
import {cropsOf} from "./crops_of.mjs";

const golden = JSON.parse(readFileSync(new URL("../golden.json", import.meta.url)));

for (const {height, width, crop_size: size, places} of golden.places) {
  const found = gridPlaces(height, width, size).map(({top, left}) => [top, left]);
  assert.deepEqual(found, places, `${height} x ${width}`);
}

for (const expected of golden.pictures) {
  const {height, width, crop_size: size} = expected;
  const found = [...cropsOf(byFormula(height, width), size)];
  assert.equal(found.length, expected.crops.length);
  const scores = found.map(({top, left, pixels}, number) => {
    const {place, sha256, score} = expected.crops[number];
    assert.deepEqual([top, left], place);
    assert.equal(createHash("sha256").update(pixels).digest("hex"), sha256);
    assert.ok(Math.abs(model(pixels) - score) < 1e-9);
    return model(pixels);
  });
  assert.ok(Math.abs(mean(scores) - expected.score) < 1e-9);
}
console.log(
  `${golden.places.length} sizes and ${golden.pictures.length} pictures agree`,
);

/** The pictures of golden.json, which need no decoder. */
function byFormula(height, width) {
  const data = new Uint8Array(height * width * 3);
  let place = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < 3; channel++) {
        data[place++] = (7 * row + 13 * column + row * column + 101 * channel) % 256;
      }
    }
  }
  return {data, height, width};
}

/** The model of golden.json. */
function model(pixels) {
  let sum = 0;
  for (let place = 0; place < pixels.length; place += 3) {
    sum += pixels[place] + 2 * pixels[place + 1] + 4 * pixels[place + 2];
  }
  return sum / (7 * 255) / (pixels.length / 3);
}
