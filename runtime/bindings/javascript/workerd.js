// Cloudflare Workers compile no bytes: the module is a file that the bundler makes a part of the Worker.
import module from './edgernn.wasm';

import { makeApi } from './core.js';

export { EdgernnError } from './errors.js';
export const { load, loadTokenizer, init } = /* @__PURE__ */ makeApi(() => module);
