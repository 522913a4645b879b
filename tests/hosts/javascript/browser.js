// The browser host: page.html?NAME, where NAME is page, worker, plain or forbidden. Posts its lines.
import { init, load } from '/package/index.js';

import { replay } from './replay.js';

const name = self.document ? location.search.slice(1) : 'worker';
const read = async (path) => new Uint8Array(await (await fetch(`/corpus/${path}`)).arrayBuffer());

async function run() {
  if (name === 'forbidden') return load('/corpus/bundles/bag-int8.edgernn').catch((error) => error.code);
  if (name === 'plain') await init(fetch('/package/edgernn-plain.wasm'));
  const { lines, failed } = await replay(load, read);
  return [...lines, ...failed].join('\n');
}

if (self.document && name === 'worker') {
  new Worker(new URL('browser.js', import.meta.url), { type: 'module' });
} else {
  run().catch(String).then((body) => fetch(`/result?${name}`, { method: 'POST', body }));
}
