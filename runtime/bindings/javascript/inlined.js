import { hasSimd } from './core.js';
import * as simd from './module.js';

/** Decode and decompress a module. */
async function unpack(base64, size) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  let stream;
  try {
    stream = new DecompressionStream('deflate-raw');
  } catch {
    // Browsers without SIMD have none, and some others do not know the format.
    return (await import('./inflate.js')).inflate(bytes, size);
  }
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

/** Return the bytes of the module that this engine can run. */
export async function getInlinedModule(unpackWith = unpack) {
  const { base64, size } = hasSimd() ? simd : await import('./plain.js');
  return unpackWith(base64, size);
}
