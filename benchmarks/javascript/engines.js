// The engines that are compared: open(name, files) returns a function from ids to a probability.
const NUMBER = (ids) => Int32Array.of(ids.length);

/** Open a model in ONNX Runtime, with one thread. */
async function openOnnx(ort, bytes) {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await ort.InferenceSession.create(bytes, options);
  return async (ids) => {
    const feeds = {
      ids: new ort.Tensor('int32', Int32Array.from(ids), [1, ids.length]),
      lengths: new ort.Tensor('int32', NUMBER(ids), [1]),
    };
    const outputs = await session.run(feeds);
    return outputs[session.outputNames[0]].data[0];
  };
}

async function openEdgernn({ load }, bytes) {
  const classifier = await load(bytes);
  return (ids) => classifier.predictIds(ids).probabilities.pos;
}

/**
 * Return the engines by name.
 *
 * imports has a function for each package of this host, read returns the bytes of a file.
 */
export function listEngines(imports, read) {
  const open = (from, opener, file) => async () => opener(await imports[from](), await read(file));
  const found = {};
  if (imports.edgernn) found['edgernn, int8'] = open('edgernn', openEdgernn, 'native.edgernn');
  for (const name of ['onnxruntime-web', 'onnxruntime-node']) {
    if (!imports[name]) continue;
    found[`${name}, float`] = open(name, openOnnx, 'float.onnx');
    found[`${name}, int8`] = open(name, openOnnx, 'int8.onnx');
  }
  return found;
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** Return ids that a vocabulary of 1,000 tokens or more has. */
export const makeIds = (count) => Array.from({ length: count }, (_, i) => 2 + ((i * 37) % 900));

/** Run until `least` ms have passed, and return the ms of one run. */
async function timeBlock(run, ids, least) {
  const start = performance.now();
  for (let count = 1; ; count++) {
    await run(ids);
    const passed = performance.now() - start;
    if (passed >= least) return passed / count;
  }
}

/** Return for each engine p50 and min of the latency in blocks that take turns, and its output. */
export async function measure(engines, lengths, rounds = 41, least = 10) {
  const runs = {};
  for (const [name, open] of Object.entries(engines)) runs[name] = await open();
  const rows = {};
  for (const length of lengths) {
    const ids = makeIds(length), times = {};
    for (let round = -1; round < rounds; round++) {
      for (const [name, run] of Object.entries(runs)) {
        const time = await timeBlock(run, ids, least);
        if (round >= 0) (times[name] ??= []).push(time);
      }
    }
    for (const [name, run] of Object.entries(runs)) {
      (rows[name] ??= {})[length] = { p50: median(times[name]), min: Math.min(...times[name]), output: await run(ids) };
    }
  }
  return rows;
}
