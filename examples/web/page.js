// The page: what is typed goes to two workers, and what they return is shown.
import { explain, isPair, kindOf, pointsOf } from './weights.js';

const MODEL = 'model.edgernn';
/** More labels than these make the list hard to read: the most probable ones are shown. */
const MOST_LABELS = 5;
/** A label is announced to a screen reader after this pause in typing, not after every key. */
const ANNOUNCE_MS = 1000;
/** An explanation that takes longer than this waits for a pause in typing. */
const SLOW_MS = 50;
const PAUSE_MS = 250;

const $ = (id) => document.getElementById(id);
const percent = (value) => `${(100 * value).toFixed(value > 0.999 || value < 0.001 ? 2 : 1)} %`;
const milliseconds = (value, digits) => `${value < 10 ? value.toFixed(digits) : Math.round(value)} ms`;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** A worker that gets one request at a time. */
class Classifier {
  #worker = new Worker('worker.js', { type: 'module' });
  #last = Promise.resolve();

  request(message) {
    const answer = this.#last.then(() => new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
      this.#worker.onerror = (event) => reject(new Error(event.message || 'the worker cannot be started'));
      this.#worker.postMessage(message);
    }));
    this.#last = answer.catch(() => {});
    return answer;
  }
}

/** Return a function that runs `work` on the newest text; texts that came in between are skipped. */
function latest(work) {
  let isBusy = false, next;
  return async (text) => {
    next = text;
    if (isBusy) return;
    isBusy = true;
    while (next !== undefined) {
      const current = next;
      next = undefined;
      await work(current, () => next !== undefined).catch(showError);
    }
    isBusy = false;
  };
}

const input = $('text');
const isEmpty = () => input.value.trim() === '';
const predicting = new Classifier(), explaining = new Classifier();
const INTRODUCTION = 'Each word gets a colour by its weight in the prediction.';
let labels = [], explainMs = 0, announcement, announced = '', shownWords = [];

function showError(error) {
  $('error').textContent = `Error: ${error.message}`;
  $('error').hidden = false;
}

function showNothing() {
  Object.assign($('label'), { textContent: 'Type a text' }).dataset.state = 'empty';
  $('note').textContent = INTRODUCTION;
  $('latency').textContent = '';
  $('error').hidden = true;
  showRows(labels.slice(0, MOST_LABELS).map((name) => [name]));
  $('tokens').replaceChildren();
  $('key').hidden = true;
}

function showPrediction({ label, probability, probabilities }) {
  const name = label ?? 'No label';
  $('error').hidden = true;
  Object.assign($('label'), { textContent: name }).dataset.state = 'label';
  let rows = Object.entries(probabilities);
  if (rows.length > MOST_LABELS) rows = rows.sort((a, b) => b[1] - a[1]).slice(0, MOST_LABELS);
  showRows(rows, label, isPair(probabilities));
  announce(`${name}, ${Math.round(100 * probability)} percent`);
}

/** Show labels with their probabilities; one without is empty. */
function showRows(rows, best, hasSides = false) {
  const list = $('probabilities');
  // The rows stay the same elements, so that their bars move instead of jumping.
  while (list.children.length > rows.length) list.lastChild.remove();
  while (list.children.length < rows.length) {
    const row = make('li'), bar = make('span', 'bar');
    bar.setAttribute('aria-hidden', 'true');
    row.append(make('span', 'name'), bar, make('span', 'value'));
    list.append(row);
  }
  rows.forEach(([name, value], i) => {
    const row = list.children[i], [nameCell, bar, valueCell] = row.children;
    row.className = hasSides ? ['side-minus', 'side-plus'][i] : '';
    row.classList.toggle('best', name === best);
    nameCell.textContent = name;
    bar.style.setProperty('--share', value ?? 0);
    valueCell.textContent = value === undefined ? '–' : percent(value);
  });
}

function announce(text) {
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    if (text !== announced && !isEmpty()) $('status').textContent = announced = text;
  }, ANNOUNCE_MS);
}

function showWords({ prediction, tokens, milliseconds: elapsed, isFull }) {
  const { words, target, isBinary, other } = explain(prediction, tokens);
  $('tokens').replaceChildren(...words.map(makeWord));
  $('note').textContent = describe(words, elapsed, isFull);
  $('plus').textContent = isBinary ? `toward ${target}` : `raises ${target}`;
  $('minus').textContent = isBinary ? `toward ${other}` : `lowers ${target}`;
  $('unit').textContent = `Numbers: what a word adds to the probability of ${target}, in percentage points. ` +
    'Colours are relative to the strongest word.';
  $('key').hidden = words.length === 0;
  shownWords = words;
  showTable();
}

function describe(words, elapsed, isFull) {
  if (words.length === 0) return 'The model reads no tokens in this text.';
  const count = `${words.length} ${words.length === 1 ? 'token' : 'tokens'}, spelled as the model reads them. Explained in ${milliseconds(elapsed, 1)}.`;
  return isFull ? `${count} The model reads at most ${words.length} of a text.` : count;
}

function makeWord(word) {
  const item = make('li', kindOf(word));
  const token = make('span', 'token', word.token);
  token.dir = 'auto';
  item.append(token);
  if (word.level > 1) item.append(' ', make('span', 'points', pointsOf(word)));
  if (!word.isKnown) {
    const mark = make('span', 'mark', '?');
    mark.setAttribute('aria-hidden', 'true');
    item.append(mark, make('span', 'visually-hidden', ' (not in the vocabulary)'));
  }
  return item;
}

/** The table is filled only while it is open. */
function showTable() {
  if (!$('details').open) return;
  const words = [...shownWords].sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta));
  $('rows').replaceChildren(...words.map((word) => {
    const row = make('tr');
    const name = make('th', '', word.token);
    name.scope = 'row';
    row.append(name, make('td', '', pointsOf(word, 2)), make('td', '', word.isKnown ? 'yes' : 'no'));
    return row;
  }));
}

const updateLabel = latest(async (text, isOld) => {
  const { prediction } = await predicting.request({ task: 'predict', text });
  if (isEmpty()) return;
  showPrediction(prediction);
  if (isOld()) return;
  const measured = await predicting.request({ task: 'measure', text });
  if (text === input.value) $('latency').textContent = `${milliseconds(measured.milliseconds, 2)} per prediction`;
});

const updateWords = latest(async (text) => {
  const found = await explaining.request({ task: 'explain', text });
  explainMs = found.milliseconds;
  if (isEmpty()) return;
  showWords(found);
  if (text === input.value) $('tokens').setAttribute('aria-busy', 'false');
});

let pause;
function update() {
  clearTimeout(pause);
  if (isEmpty()) {
    showNothing();
    return;
  }
  const text = input.value;
  $('tokens').setAttribute('aria-busy', 'true');
  updateLabel(text);
  // What takes long is not begun for a text that the next key replaces.
  if (explainMs < SLOW_MS) updateWords(text);
  else pause = setTimeout(() => updateWords(text), PAUSE_MS);
}

async function start() {
  const response = await fetch(MODEL);
  if (!response.ok) throw new Error(`${MODEL} cannot be read: HTTP status ${response.status}`);
  const bytes = await response.arrayBuffer();
  const opened = await Promise.all([predicting, explaining].map((one) => one.request({ task: 'open', bytes })));
  labels = opened[0].labels;
  input.addEventListener('input', update);
  for (const button of document.querySelectorAll('.examples button')) {
    button.addEventListener('click', () => {
      input.value = button.textContent;
      update();
    });
  }
  $('details').addEventListener('toggle', showTable);
  showNothing();
  document.body.dataset.state = 'ready';
  update();
}

start().catch((error) => {
  $('label').textContent = 'No model';
  showError(error);
});
