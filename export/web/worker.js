/**
 * The worker that scores, so that the page stays alive meanwhile. It does one task at a
 * time: start, then score and map, as often as asked.
 *
 * To it: {task, ...} or {task: "stop"}, which ends the present one.
 * From it: {ready} once, then for each task {done, total} after each crop and at last
 * {answer} or {error}.
 */

import {gridPlaces, mean, padding, sources} from "./crops.js";
import {Tensor, loadAndCompile, loadLiteRt} from "./litert/index.js";
import {plan} from "./map.js";
import {CropReader, decode} from "./photo.js";

const PICTURE_SIDE = 960; // What the page shows of a photo.

let model;
let size;
let reader;
let stopped = false;

/** Starts the runtime with the model. Nothing is fetched: the page has done so. */
async function start({runtime, wasm, tflite, cropSize}) {
  // Where LiteRT.js looks for the options of its WebAssembly.
  self.Module = {wasmBinary: wasm, printErr: (line) => console.debug(line)};
  await loadLiteRt(runtime);
  // Not WebGPU, though it may be faster: its scores would differ from Python's.
  model = await loadAndCompile(new Uint8Array(tflite), {accelerator: "wasm"});
  size = cropSize;
  reader = new CropReader(size);
}

/** Scores a photo by the model's recipe. */
async function score({file}) {
  return withPhoto(file, async (photo) => {
    const {height, width} = photo;
    const places = gridPlaces(height, width, size);
    const began = performance.now();
    const scores = await scoresOf(photo, places);
    const milliseconds = performance.now() - began;
    const picture = await pictureOf(photo);
    return {score: mean(scores), scores, height, width, milliseconds, picture};
  });
}

/** Scores a dense grid of crops of a photo. */
async function map({file}) {
  return withPhoto(file, async (photo) => {
    const {height, width} = photo;
    const {tops, lefts, stride} = plan(height, width, size);
    const places = tops.flatMap((top) => lefts.map((left) => ({top, left})));
    const scores = Float32Array.from(await scoresOf(photo, places));
    const beyond = (side) => (offset) => offset - padding(side, size).before;
    return {
      scores,
      tops: tops.map(beyond(height)),
      lefts: lefts.map(beyond(width)),
      size,
      stride,
      height,
      width,
    };
  });
}

async function withPhoto(file, use) {
  const photo = await decode(file);
  try {
    return await use(photo);
  } finally {
    photo.close(); // At once: a large photo takes much memory.
  }
}

async function scoresOf(photo, places) {
  const scores = [];
  for (const {top, left} of places) {
    const rows = sources(top, photo.height, size);
    const columns = sources(left, photo.width, size);
    scores.push(await scoreOfCrop(await reader.read(photo, rows, columns)));
    postMessage({done: scores.length, total: places.length});
    await nextMessage();
    if (stopped) throw new Error("stopped");
  }
  return scores;
}

async function scoreOfCrop(crop) {
  const image = new Tensor(crop, [1, size, size, 3]);
  const [output] = await model.run([image]);
  const [found] = output.toTypedArray();
  image.delete();
  output.delete();
  return found;
}

/** A smaller copy to show, so that many large photos fit into memory. */
async function pictureOf(photo) {
  const scale = Math.min(PICTURE_SIDE / Math.max(photo.width, photo.height), 1);
  const side = (length) => Math.max(Math.round(length * scale), 1);
  const canvas = new OffscreenCanvas(side(photo.width), side(photo.height));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({type: "image/webp", quality: 0.9});
}

/** Lets a message that has come, such as "stop", be read. */
function nextMessage() {
  return new Promise((resolve) => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

const TASKS = {start, score, map};

self.onmessage = async ({data}) => {
  stopped = data.task === "stop";
  if (stopped) return;
  try {
    postMessage({answer: await TASKS[data.task](data)});
  } catch (error) {
    postMessage({error: error.message || String(error)});
  }
};
postMessage({ready: true});
