/** The page: takes photos, shows their scores in order, and maps on request. */

import {extremes, paint, plan, whereabouts} from "./map.js";
import {Scorer} from "./scorer.js";

const element = (id) => document.getElementById(id);
const statusLine = element("status");
const progressBar = element("progress");

const waiting = [];
let scorer;
let scale;
let working = false;
let taken = 0; // Since the page last had nothing to do.
let finished = 0;
let shown = 0;
let sheet = 0; // Counts how often the results were cleared.
let cropMilliseconds = 0;

async function open() {
  statusLine.textContent = "Loading the model…";
  try {
    scorer = await Scorer.start((share) => (progressBar.value = share));
  } catch (error) {
    progressBar.hidden = true;
    statusLine.textContent =
      `The page could not start: ${error.message}. ` +
      "(It needs a browser of 2023 or later.)";
    return;
  }
  scale = new Scale(scorer.metadata);
  describeModel(scorer.metadata);
  element("files").disabled = false;
  progressBar.hidden = true;
  statusLine.textContent = "Ready.";
  addEventListener("dragover", dragOver);
  addEventListener("dragleave", dragLeave);
  addEventListener("drop", drop);
  element("files").addEventListener("change", choose);
  element("stop").addEventListener("click", stop);
  element("clear").addEventListener("click", clear);
}

/** What scores mean, by the model's metadata. */
class Scale {
  #range;
  #known;
  #of;

  constructor({scale, scale_of: of, score_range: trained}) {
    const range = scale ?? trained;
    this.#range = range;
    this.#known = Boolean(scale);
    this.#of = of;
    const span = range ? range[1] - range[0] : 10;
    this.digits = Math.min(Math.max(3 - Math.round(Math.log10(span)), 1), 6);
  }

  text(score) {
    return score.toFixed(this.digits).replace("-", "\u2212");
  }

  get unit() {
    if (!this.#range) return "";
    return `${this.#known ? "on a scale" : "trained on scores"} from ${this.#ends}`;
  }

  get #ends() {
    return `${this.text(this.#range[0])} to ${this.text(this.#range[1])}`;
  }

  get meaning() {
    if (!this.#range) {
      return "Higher is better. This model knows an order and no scale: compare scores " +
          "with each other; no score by itself means good or bad.";
    }
    return this.#known
      ? `Higher is better, on a scale from ${this.#ends}` +
          `${this.#of ? `: ${this.#of}` : ""}.`
      : "Higher is better. The opinions of people that the model learned from go from " +
          `${this.#ends}; those of other photos may go further.`;
  }

  /** Where on the scale a score is, 0 to 1; null where there is none. */
  share(score) {
    if (!this.#range) return null;
    const [low, high] = this.#range;
    return Math.min(Math.max((score - low) / (high - low || 1), 0), 1);
  }
}

function describeModel(metadata) {
  element("meaning").textContent = scale.meaning;
  element("about-scores").textContent = scale.meaning;
  element("about-recipe").textContent = metadata.recipe;
  const facts = {
    Network: metadata.network,
    Crops: `${metadata.crop_size} × ${metadata.crop_size} pixels`,
    "Trained on": metadata.trained_on,
    "Made with": `rankiqa-tf ${metadata.version}`,
  };
  for (const [term, description] of Object.entries(facts)) {
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    [dt.textContent, dd.textContent] = [term, description];
    element("facts").append(dt, dd);
  }
}

function choose() {
  add(element("files").files);
  element("files").value = ""; // So that the same photo can be chosen again.
}

function dragOver(event) {
  event.preventDefault();
  document.body.classList.add("dragged-over");
}

function dragLeave(event) {
  if (!event.relatedTarget) document.body.classList.remove("dragged-over");
}

function drop(event) {
  event.preventDefault();
  document.body.classList.remove("dragged-over");
  add(event.dataTransfer.files);
}

function add(files) {
  waiting.push(...files);
  taken += files.length;
  if (!working) work();
}

/** Scores what waits, one photo after another. */
async function work() {
  setWorking(true);
  while (waiting.length) {
    const file = waiting.shift();
    statusLine.textContent = `Scoring ${file.name}, ${finished + 1} of ${taken}`;
    const begunOn = sheet;
    let show;
    try {
      const result = await scorer.score(file, (done, total) => {
        progressBar.value = (finished + done / total) / taken;
      });
      cropMilliseconds = result.milliseconds / result.scores.length;
      show = () => showResult(file, result);
    } catch (error) {
      show = () => showProblem(file, error.message);
    }
    if (begunOn === sheet) show();
    finished++;
  }
  setWorking(false);
  statusLine.textContent = summary();
  taken = finished = 0;
}

function setWorking(value) {
  working = value;
  progressBar.hidden = !value;
  progressBar.value = 0;
  if (!value && document.activeElement === element("stop")) element("files").focus();
  element("stop").hidden = !value;
}

function summary() {
  const [scored, failed] = [element("results"), element("problems")].map(
    (list) => list.children.length,
  );
  const photos = (count) => `${count} photo${count === 1 ? "" : "s"}`;
  const parts = scored ? [`${photos(scored)} scored.`] : [];
  const best = element("results").querySelector("h3");
  if (scored > 1) parts.push(`The best is ${best.textContent}.`);
  if (failed) parts.push(`${failed} not scored; the reasons are below.`);
  return parts.join(" ") || "Ready.";
}

function stop() {
  for (const file of dropWaiting()) showProblem(file, "stopped");
  scorer.stop();
}

function clear() {
  dropWaiting();
  scorer.stop();
  sheet++;
  for (const image of element("results").querySelectorAll("img")) {
    URL.revokeObjectURL(image.src);
  }
  element("results").replaceChildren();
  element("problems").replaceChildren();
  element("scored").hidden = element("failed").hidden = true;
  element("files").focus();
  if (!working) statusLine.textContent = "Ready.";
}

function dropWaiting() {
  taken -= waiting.length;
  return waiting.splice(0);
}

function showProblem(file, reason) {
  const item = document.createElement("li");
  const name = document.createElement("strong");
  name.textContent = file.name;
  item.append(name, `: ${reason}`);
  element("problems").append(item);
  element("failed").hidden = false;
}

/** Puts a photo's card where its score belongs; the other cards stay as they are. */
function showResult(file, result) {
  const card = element("card").content.cloneNode(true).firstElementChild;
  const find = (selector) => card.querySelector(selector);
  card.dataset.score = result.score;
  find("img").src = URL.createObjectURL(result.picture);
  find("img").alt = file.name;
  find("h3").textContent = file.name;
  find("h3").id = `photo-${++shown}`;
  find("button.map").setAttribute("aria-describedby", find("h3").id);
  find(".score strong").textContent = scale.text(result.score);
  find(".scale").textContent = scale.unit;
  const share = scale.share(result.score);
  find(".bar").hidden = share === null;
  find(".bar span").style.width = `${100 * share}%`;
  const crops = result.scores.length;
  find(".size").textContent =
    `${result.width} × ${result.height} pixels, mean of ${crops} ` +
    `crop${crops === 1 ? "" : "s"}`;
  prepareMap(card, file, result);
  const cards = [...element("results").children];
  const next = cards.find((other) => other.dataset.score < result.score);
  element("results").insertBefore(card, next ?? null);
  element("scored").hidden = false;
}

function prepareMap(card, file, {height, width}) {
  const button = card.querySelector("button.map");
  const {tops, lefts} = plan(height, width, scorer.metadata.crop_size);
  const crops = tops.length * lefts.length;
  if (crops === 1) {
    button.remove(); // A photo of one crop has one score everywhere.
    return;
  }
  const seconds = Math.max(Math.round((crops * cropMilliseconds) / 1000), 1);
  const cost = `Quality map (${crops} crops, about ${seconds} s)`;
  button.textContent = cost;
  let map;
  let state = "not asked for";
  button.addEventListener("click", async () => {
    if (state === "being made") scorer.stop();
    if (map) setMapped(card, button.getAttribute("aria-pressed") !== "true");
    if (map || state !== "not asked for") return;
    state = "waited for"; // Until a photo is scored, or another map made.
    button.textContent = "Waiting…";
    try {
      map = await scorer.map(file, (done, total) => {
        state = "being made";
        button.textContent = `Stop mapping, ${done} of ${total}`;
      });
    } catch (error) {
      state = "not asked for";
      button.textContent = cost;
      statusLine.textContent = `No quality map of ${file.name}: ${error.message}.`;
      return;
    }
    describeMap(card, map);
    setMapped(card, true);
    button.textContent = "Quality map";
    statusLine.textContent = `The quality map of ${file.name} is shown.`;
  });
}

function describeMap(card, map) {
  const canvas = card.querySelector("canvas");
  paint(map, canvas);
  canvas.ariaLabel = `Quality map of ${card.querySelector("h3").textContent}`;
  const {worst, best} = extremes(map.scores, map.lefts.length);
  const words = ({score, row, column}) => {
    const across = (map.lefts[column] + map.size / 2) / map.width;
    const down = (map.tops[row] + map.size / 2) / map.height;
    return `${scale.text(score)} (${whereabouts(across, down)})`;
  };
  card.querySelector(".legend p").textContent =
    `Crops score from ${words(worst)} to ${words(best)}.`;
}

function setMapped(card, mapped) {
  card.classList.toggle("mapped", mapped);
  card.querySelector("canvas").hidden = !mapped;
  card.querySelector(".legend").hidden = !mapped;
  card.querySelector("button.map").setAttribute("aria-pressed", String(mapped));
}

open();
