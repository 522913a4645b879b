// node node.js latency FOLDER: latency of all engines. node node.js start FOLDER NAME: the first prediction.
import { readFile } from 'node:fs/promises';
import process from 'node:process';

import { listEngines, makeIds, measure } from './engines.js';

const [, , mode, folder, name] = process.argv;
const imports = {
  edgernn: () => import('../../runtime/bindings/javascript/node.js'),
  'onnxruntime-web': async () => {
    const ort = await import('onnxruntime-web/wasm');
    ort.env.wasm.numThreads = 1;
    return ort;
  },
  'onnxruntime-node': async () => (await import('onnxruntime-node')).default,
};
const engines = listEngines(imports, (file) => readFile(`${folder}/${file}`));

if (mode === 'latency') {
  console.log(JSON.stringify(await measure(engines, [20, 200])));
} else {
  const start = performance.now();
  const run = await engines[name]();
  await run(makeIds(20));
  console.log(performance.now() - start);
}
process.exit(0);
