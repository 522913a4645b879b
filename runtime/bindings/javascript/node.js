import { readFile } from 'node:fs/promises';

import { makeApi } from './core.js';
import { fail } from './errors.js';
import { getInlinedModule } from './inlined.js';

/** Return the bytes of a path or a file: URL; undefined for other URLs. */
async function readPath(source) {
  const scheme = /^([a-z]+):/i.exec(String(source))?.[1];
  if (['http', 'https', 'data', 'blob'].includes(scheme)) return undefined;
  try {
    return await readFile(scheme === 'file' ? new URL(source) : source);
  } catch (cause) {
    return fail('NOT_FOUND', `the file cannot be read: ${source} (${cause.code})`, cause);
  }
}

export { EdgernnError } from './errors.js';
export const { load, loadTokenizer, init } = /* @__PURE__ */ makeApi(getInlinedModule, readPath);
