// One classifier in a worker. The page starts two: one predicts, the other explains, so that a long explanation
// never delays a label.
import { load } from './edgernn/index.js';

/** Clocks of browsers are as coarse as 1 ms, so a fast prediction is repeated for this long. */
const MEASURE_MS = 8;
const MOST_RUNS = 256;

let classifier;

const tasks = {
  async open({ bytes }) {
    classifier = await load(bytes);
    return { labels: classifier.labels, kernels: classifier.kernels };
  },

  predict({ text }) {
    return { prediction: classifier.predict(text) };
  },

  measure({ text }) {
    const start = performance.now();
    let runs = 0, elapsed = 0;
    while (runs < MOST_RUNS && elapsed < MEASURE_MS) {
      classifier.predict(text);
      runs += 1;
      elapsed = performance.now() - start;
    }
    return { milliseconds: elapsed / runs };
  },

  explain({ text }) {
    const start = performance.now();
    const { prediction, tokens } = classifier.explain(text);
    const milliseconds = performance.now() - start;
    return { prediction, tokens, milliseconds, isFull: isFull(text, tokens) };
  },
};

/** Return whether the model reads no more tokens than these, however long the text is. */
function isFull(text, tokens) {
  const count = classifier.tokenize(text).length;
  if (count !== tokens.length) return false;
  try {
    return classifier.tokenize(`${text} ${text}`).length === count;
  } catch {
    return false; // The text twice is longer than the engine accepts.
  }
}

onmessage = async ({ data }) => {
  try {
    postMessage(await tasks[data.task](data));
  } catch (error) {
    postMessage({ error: error.message });
  }
};
