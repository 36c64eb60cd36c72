/**
 * Scores photos in Node.js, as `python -m rankiqa_tf.score` does.
 *
 *     cd examples/node && npm install
 *     node score.mjs PAGE photo.jpg...
 *
 * PAGE is the folder of an exported page, or any with its model.tflite and model.json.
 */

import {readFileSync} from "node:fs";
import {join} from "node:path";

import sharp from "sharp";

import {mean} from "../../export/web/crops.js";
import {cropsOf} from "./crops_of.mjs";
import {loadModel} from "./litert.mjs";

const [folder, ...paths] = process.argv.slice(2);
if (!paths.length) {
  console.error("usage: node score.mjs PAGE photo...");
  process.exit(2);
}
const {crop_size: size} = JSON.parse(readFileSync(join(folder, "model.json")));
const scoreOfCrop = await loadModel(join(folder, "model.tflite"));

for (const path of paths) {
  try {
    const scores = [];
    for (const {pixels} of cropsOf(await decode(path), size)) {
      scores.push(await scoreOfCrop(pixels));
    }
    console.log(`${mean(scores).toFixed(6)}\t${path}`);
  } catch (error) {
    console.error(`${path}: ${error.message}`);
    process.exitCode = 1;
  }
}

/** Upright RGB as stored: no profile is applied, and transparency is left out. */
async function decode(path) {
  const {data, info} = await sharp(path, {ignoreIcc: true, failOn: "error"})
    .autoOrient()
    .removeAlpha()
    .toColourspace("srgb")
    .raw({depth: "uchar"})
    .toBuffer({resolveWithObject: true});
  return {data, height: info.height, width: info.width};
}
