import * as simd from './module.js';
import { inflate } from './inflate.js';

/** A module that holds one instruction of SIMD. */
const PROBE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

/** Return the bytes of the module that this engine can run. */
export async function getInlinedModule() {
  const { base64, size } = WebAssembly.validate(PROBE) ? simd : await import('./plain.js');
  return inflate(base64, size);
}
