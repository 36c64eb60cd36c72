/**
 * LiteRT.js in Node.js. It is made for browsers: its loader calls importScripts, as
 * workers have it, and looks for a global named self.
 */

import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join} from "node:path";
import vm from "node:vm";

const require = createRequire(import.meta.url);

/**
 * Loads a model.
 *
 * @param {string} path of a TFLite file of crops, whose input is float32, or uint8.
 * @returns {Promise<(crop: Uint8Array) => Promise<number>>} from the pixels of a crop,
 *     0 to 255, to its score.
 */
export async function loadModel(path) {
  globalThis.self = globalThis;
  globalThis.importScripts = runAsCommonJs;
  self.Module = {printErr: () => {}};
  const {Environment, Tensor, loadAndCompile, loadLiteRt} = await import(
    "@litertjs/core"
  );
  const wasm = join(dirname(require.resolve("@litertjs/core")), "..", "wasm");
  const warn = console.warn;
  console.warn = () => {}; // That there is no WebGPU, which is not used.
  await loadLiteRt(wasm);
  console.warn = warn;
  const model = await loadAndCompile(readFileSync(path), {accelerator: "wasm"});
  const [{dtype, shape}] = model.getInputDetails();
  const input =
    dtype === "uint8"
      ? (crop) => Uint8Array.from(crop)
      : (crop) => Float32Array.from(crop, (value) => value / 255);
  return async (crop) => {
    const image = new Tensor(input(crop), shape);
    const [output] = await model.run([image]);
    const [score] = output.toTypedArray();
    image.delete();
    output.delete();
    return score;
  };
}

function runAsCommonJs(path) {
  const module = {exports: {}};
  const names = ["require", "module", "exports", "__filename", "__dirname"];
  const run = vm.compileFunction(readFileSync(path, "utf8"), names, {filename: path});
  run(require, module, module.exports, path, dirname(path));
  globalThis.ModuleFactory = module.exports;
}
