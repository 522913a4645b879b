import { readFile } from 'node:fs/promises';

import { hasSimd, makeApi } from './core.js';
import { fail } from './errors.js';

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

/** Return the module; where a bundler took only the scripts, the copy in them. */
async function getModule() {
  if (hasSimd()) {
    try {
      return await readFile(new URL('./edgernn.wasm', import.meta.url));
    } catch {
      // The copy follows.
    }
  }
  const [{ getInlinedModule }, { inflateRawSync }] = await Promise.all([import('./inlined.js'), import('node:zlib')]);
  return getInlinedModule((base64) => inflateRawSync(Buffer.from(base64, 'base64')));
}

export { EdgernnError } from './errors.js';
export const { load, loadTokenizer, init } = /* @__PURE__ */ makeApi(getModule, readPath);
