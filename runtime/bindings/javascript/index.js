import { makeApi } from './core.js';
import { getInlinedModule } from './inlined.js';

export { EdgernnError } from './errors.js';
export const { load, loadTokenizer, init } = /* @__PURE__ */ makeApi(() => getInlinedModule());
