import { openEngine } from './engine.js';
import { EdgernnError, fail } from './errors.js';

/** A module that contains one instruction of SIMD. */
const PROBE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

export const hasSimd = () => WebAssembly.validate(PROBE);

const isTypeOf = (name, value) => Object.prototype.toString.call(value) === `[object ${name}]`;

/** What a classifier and a tokenizer have in common. */
class Opened {
  #engine;

  constructor(engine) {
    this.#engine = engine;
  }

  get _engine() {
    return this.#engine ?? fail('ARGUMENT', 'it was closed: call load again');
  }

  get labels() {
    return this._engine.labels;
  }

  tokenize(text) {
    return this._engine.tokenize(text);
  }

  close() {
    this.#engine?.close();
    this.#engine = null;
  }
}

class Classifier extends Opened {
  get kernels() {
    return this._engine.kernels;
  }

  predict(text) {
    return this._engine.predict(text);
  }

  predictIds(ids) {
    if (!Array.isArray(ids) && !(ids instanceof Int32Array)) fail('ARGUMENT', 'ids are an array or an Int32Array');
    return this._engine.predictIds(ids);
  }

  explain(text) {
    return this._engine.explain(text);
  }

  selfTest() {
    return this._engine.selfTest();
  }
}

class Tokenizer extends Opened {
  get model() {
    return this._engine.model;
  }
}

async function readResponse(response) {
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  return fail('NOT_FOUND', `the file cannot be read: HTTP status ${response.status} of ${response.url}`);
}

async function readUrl(url) {
  let response;
  try {
    response = await fetch(url);
  } catch (cause) {
    fail('NOT_FOUND', `the file cannot be read: ${url} (${cause.message})`, cause);
  }
  return readResponse(response);
}

/** Return the bytes of a file. */
async function readSource(source, readPath) {
  const value = await source;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (isTypeOf('Response', value)) return readResponse(value);
  if (isTypeOf('Blob', value) || isTypeOf('File', value)) return new Uint8Array(await value.arrayBuffer());
  if (typeof value === 'string' || isTypeOf('URL', value)) return (await readPath(value)) ?? readUrl(value);
  return fail('ARGUMENT', 'a bundle is a URL, a path, an ArrayBuffer, a typed array, a Blob or a Response');
}

/** Return what a message calls the file, or an empty text. */
function nameOf(value) {
  if (isTypeOf('File', value)) return value.name;
  const name = isTypeOf('Response', value) ? value.url : value;
  return (typeof name === 'string' || isTypeOf('URL', name)) && !/^(data|blob):/i.test(name) ? String(name) : '';
}

async function openNamed(module, bytes, open, source) {
  try {
    return await openEngine(module, bytes, open);
  } catch (error) {
    const name = nameOf(await source);
    if (!(error instanceof EdgernnError) || !name) throw error;
    throw new EdgernnError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

async function compile(source) {
  const value = await source;
  if (isTypeOf('WebAssembly.Module', value)) return value;
  return WebAssembly.compile(isTypeOf('Response', value) ? await readResponse(value) : value);
}

/**
 * Return the functions of the package for a host.
 *
 * getModule returns the WebAssembly module, or its bytes. readPath returns the bytes of a local file, or
 * undefined for what is fetched.
 */
export function makeApi(getModule, readPath = () => undefined) {
  let module;

  const compileOnce = (source) => {
    const compiling = compile(source);
    module = compiling;
    // What failed is tried again by the next call.
    compiling.catch(() => {
      if (module === compiling) module = undefined;
    });
    return compiling;
  };

  const openWith = async (Type, source, open) => {
    const bytes = readSource(source, readPath);
    // If the module fails first, that is the error; this one must not be reported as unhandled.
    bytes.catch(() => {});
    const ready = await (module ?? compileOnce(getModule())).catch((cause) =>
      fail('KERNELS', `WebAssembly cannot be compiled: ${cause.message} (a Content-Security-Policy needs ` +
        "script-src 'wasm-unsafe-eval')", cause));
    return new Type(await openNamed(ready, await bytes, open, source));
  };

  return {
    load: (source) => openWith(Classifier, source, 'open_classifier'),
    loadTokenizer: (source) => openWith(Tokenizer, source, 'open_tokenizer'),
    init: async (source) => {
      await compileOnce(source);
    },
  };
}
