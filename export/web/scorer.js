/**
 * Scores photos in a worker that can reach nothing but this page.
 *
 * First the model and the runtime are fetched, then the page is sealed: from then on
 * the browser refuses every connection, to the page's own server too. The worker is
 * started after that, from a blob, because such a worker is under the page's policies,
 * while one with an address of its own is not.
 */

import {supportsFeature} from "./litert/index.js";

const SEALED = "connect-src 'none'"; // Beside the policy in index.html.

/** A worker with a model; it does what it is asked for one after another. */
export class Scorer {
  #worker;
  #last = Promise.resolve();
  #listener = () => {};

  /** @param {(share: number) => void} progress of what is fetched, 0 to 1. */
  static async start(progress) {
    const build = (await supportsFeature("relaxedSimd")) ? "wasm" : "wasm_compat";
    const runtime = new URL(`litert/litert_${build}_internal.js`, document.baseURI);
    const [metadata, tflite, wasm] = await fetchAll(
      ["model.json", "model.tflite", runtime.href.replace(/\.js$/, ".wasm")],
      progress,
    );
    seal();
    const scorer = new Scorer();
    scorer.metadata = JSON.parse(new TextDecoder().decode(metadata));
    const cropSize = scorer.metadata.crop_size;
    await scorer.#open();
    const task = {task: "start", runtime: runtime.href, wasm, tflite, cropSize};
    await scorer.#ask(task, () => {}, [wasm, tflite]);
    return scorer;
  }

  /**
   * Scores a photo.
   *
   * @param {File} file
   * @param {(done: number, total: number) => void} progress of its crops.
   * @returns {Promise<object>} score, scores of the crops, height, width,
   *     milliseconds, and picture, a smaller copy to show.
   * @throws {Error} with the reason if it is no photo, or was stopped.
   */
  score(file, progress) {
    return this.#ask({task: "score", file}, progress);
  }

  /** The quality map of a photo, as map.paint takes it. */
  map(file, progress) {
    return this.#ask({task: "map", file}, progress);
  }

  /** Ends the present task, which fails. */
  stop() {
    this.#worker.postMessage({task: "stop"});
  }

  #open() {
    const address = JSON.stringify(new URL("worker.js", document.baseURI).href);
    const program =
      `import(${address})` + ".catch((error) => postMessage({error: error.message}))";
    const url = URL.createObjectURL(new Blob([program], {type: "text/javascript"}));
    this.#worker = new Worker(url);
    this.#worker.onmessage = ({data}) => this.#listener(data);
    const opened = this.#answer(() => {});
    return opened.finally(() => URL.revokeObjectURL(url));
  }

  #ask(task, progress, transfer = []) {
    const answer = this.#last.then(() => {
      this.#worker.postMessage(task, transfer);
      return this.#answer(progress);
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  #answer(progress) {
    return new Promise((resolve, reject) => {
      this.#worker.onerror = (event) => reject(new Error(event.message));
      this.#listener = (message) => {
        if ("total" in message) progress(message.done, message.total);
        else if ("error" in message) reject(new Error(message.error));
        else resolve(message.answer);
      };
    });
  }
}

async function fetchAll(addresses, progress) {
  const loaded = addresses.map(() => 0);
  const totals = addresses.map(() => 0);
  return Promise.all(
    addresses.map(async (address, number) => {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${address} is missing (${response.status})`);
      totals[number] = Number(response.headers.get("Content-Length"));
      const parts = [];
      for (const reader = response.body.getReader(); ; ) {
        const {done, value} = await reader.read();
        if (done) break;
        parts.push(value);
        loaded[number] += value.length;
        const sum = (values) => values.reduce((first, second) => first + second);
        progress(Math.min(sum(loaded) / sum(totals), 1));
      }
      return new Blob(parts).arrayBuffer();
    }),
  );
}

/** Adds a policy to the page's own; both hold. */
function seal() {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = SEALED;
  document.head.append(policy);
}
