// Measures the engines in a browser and posts the latencies.
import { listEngines, measure } from './engines.js';

const imports = {
  edgernn: () => import('/package/index.js'),
  'onnxruntime-web': async () => {
    const ort = await import('/ort/ort.wasm.min.mjs');
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = '/ort/';
    return ort;
  },
};
const read = async (file) => new Uint8Array(await (await fetch(`/models/${file}`)).arrayBuffer());

measure(listEngines(imports, read), [20, 200])
  .then(JSON.stringify, (error) => JSON.stringify({ error: String(error) }))
  .then((body) => fetch('/result?latency', { method: 'POST', body }));
