// Replays the corpus in any JavaScript engine. README.md of the folder above describes the files.
const decoder = new TextDecoder();

const bytesOf = (word) => Uint8Array.from(word === '-' ? [] : word.match(/../g), (digits) => parseInt(digits, 16));

/** Return a broken file: parts of a bundle and bytes of its own. */
function assemble(base, parts) {
  const pieces = parts.map((part) => {
    if (part[0] === '+') return part.length > 1 ? bytesOf(part.slice(1)) : new Uint8Array();
    const [start, length] = part.slice(1).split(',').map(Number);
    return base.subarray(start, start + length);
  });
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Return the label, the most probable one, the runner-up and those that apply, as the corpus has them. */
function described(found, labels) {
  const numbers = [found.label, found.best, found.runnerUp].map((name) => (name === null ? '-' : labels.indexOf(name)));
  return [...numbers, found.labels.map((name) => labels.indexOf(name)).join(',') || '-'].join(' ');
}

function isPrediction(found, labels, [label, best, runnerUp, applying, probabilities, tolerance]) {
  const values = probabilities.split(',').map(Number);
  const near = labels.every((name, i) => Math.abs(found.probabilities[name] - values[i]) <= Number(tolerance));
  return near && values.length === labels.length &&
    described(found, labels) === [label, best, runnerUp, applying].join(' ') &&
    found.probability === found.probabilities[found.label ?? found.best];
}

async function statusOf(load, bytes) {
  try {
    (await load(bytes)).close();
  } catch (error) {
    if (!error.code) throw error;
    return error.code.replace('EDGERNN_ERROR_', '');
  }
  return 'OK';
}

/**
 * Return a line for each part of the corpus: its name, lines replayed, lines passed.
 *
 * load is that of the package; read returns the bytes of a file of the corpus.
 */
export async function replay(load, read) {
  const bundles = new Map(), failed = [];
  let open = {};
  const lines = async (name) => decoder.decode(await read(name)).trimEnd().split('\n').map((line) => line.split(' '));
  const bundleOf = async (name) => {
    if (!bundles.has(name)) bundles.set(name, await read(`bundles/${name}`));
    return bundles.get(name);
  };
  const classifierOf = async (name) => {
    if (open.name === name) return open.classifier;
    open.classifier?.close();
    open = { name, classifier: await load(await bundleOf(name)) };
    return open.classifier;
  };
  const checks = {
    predictions: async ([bundle, text, ...expected]) => {
      const classifier = await classifierOf(bundle);
      return isPrediction(classifier.predict(bytesOf(text)), classifier.labels, expected);
    },
    tokens: async ([bundle, text, ids]) => {
      const classifier = await classifierOf(bundle);
      return classifier.tokenize(bytesOf(text)).join(',') === (ids === '-' ? '' : ids);
    },
    broken: async ([, status, bundle, ...parts]) =>
      (await statusOf(load, assemble(await bundleOf(bundle), parts))) === status,
  };
  const found = [];
  for (const [name, check] of Object.entries(checks)) {
    let passed = 0;
    const all = await lines(`${name}.txt`);
    for (const line of all) {
      if (await check(line)) passed++;
      else failed.push(`${name} ${line.join(' ').slice(0, 80)}`);
    }
    found.push(`${name} ${all.length} ${passed}`);
  }
  return { lines: found, failed: failed.slice(0, 5) };
}
