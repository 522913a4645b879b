import { EdgernnError, check, fail } from './errors.js';

/** EDGERNN_MAX_TEXT_BYTES of edgernn.h. */
const MOST_TEXT_BYTES = 1 << 20;
/** The fields of `results` in module.c, by their index. */
const PROBABILITIES = 0, LABEL = 1, LABEL_COUNT = 2, LABELS = 3, IDS = 4, COUNT = 5, TOKENS = 6;
const SPELLINGS = 7, TEXTS = 8, MAX_ERROR = 9, MODEL = 10, MODEL_BYTES = 11, KERNELS = 12, UNKNOWN = 13;
const BEST = 14, RUNNER_UP = 15, APPLYING = 16, APPLYING_COUNT = 17, FIELDS = 18;
/** EDGERNN_NO_LABEL of edgernn.h. */
const NO_LABEL = 0xffffffff;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A spare instance with more memory than this is dropped. */
const MOST_SPARE_BYTES = 4 << 20;
/** An instance that nothing uses, and its module: engines allow only some 100 memories at a time. */
let spare = null;

/** One file in the memory of an instance. */
class Engine {
  constructor(module, exports) {
    this.module = module;
    this.exports = exports;
  }

  open(bytes, open) {
    const { exports } = this;
    this.address = exports.get_results();
    const place = exports.reserve_file(bytes.length);
    if (!place) fail('OUT_OF_MEMORY', `out of memory: the file has ${bytes.length} bytes`);
    this.bytes(place, bytes.length).set(bytes);
    check(exports[open](bytes.length));
    this.labels = this.readLabels();
  }

  close() {
    if (this.exports.memory.buffer.byteLength <= MOST_SPARE_BYTES) spare = this;
  }

  /** Growing the memory makes a new buffer: every view is made when it is used. */
  bytes(start, length) {
    return new Uint8Array(this.exports.memory.buffer, start, length);
  }

  get results() {
    return new Uint32Array(this.exports.memory.buffer, this.address, FIELDS);
  }

  string(start) {
    const bytes = this.bytes(start);
    return decoder.decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  readLabels() {
    const found = [], results = this.results;
    for (let i = 0, at = results[LABELS]; i < results[LABEL_COUNT]; i++) {
      // A model.bin of version 1 has no labels.
      found.push(at ? this.string(at) : String(i));
      if (at) at += this.bytes(at).indexOf(0) + 1;
    }
    return Object.freeze(found);
  }

  reserve(bytes) {
    return this.exports.reserve_input(bytes) || fail('OUT_OF_MEMORY', 'out of memory');
  }

  /** Write a text and return its bytes of UTF-8. */
  writeText(text) {
    const isString = typeof text === 'string';
    if (!isString && !(text instanceof Uint8Array)) {
      fail('ARGUMENT', `a text is a string or a Uint8Array of UTF-8, not ${Object.prototype.toString.call(text)}`);
    }
    if (text.length > MOST_TEXT_BYTES) {
      fail('TEXT_TOO_LONG', `the text is longer than ${MOST_TEXT_BYTES} bytes`);
    }
    const room = isString ? 3 * text.length : text.length, place = this.reserve(room);
    if (isString) return encoder.encodeInto(text, this.bytes(place, room)).written;
    this.bytes(place, room).set(text);
    return room;
  }

  tokenize(text) {
    check(this.exports.tokenize_text(this.writeText(text)));
    const results = this.results;
    return new Int32Array(this.exports.memory.buffer, results[IDS], results[COUNT]).slice();
  }

  readPrediction() {
    const results = this.results, label = results[LABEL], best = results[BEST], { buffer } = this.exports.memory;
    const values = new Float32Array(buffer, results[PROBABILITIES], results[LABEL_COUNT]);
    const applying = new Uint32Array(buffer, results[APPLYING], results[APPLYING_COUNT]);
    return {
      label: label === NO_LABEL ? null : this.labels[label],
      probability: values[label === NO_LABEL ? best : label],
      probabilities: Object.fromEntries(this.labels.map((name, i) => [name, values[i]])),
      labels: Array.from(applying, (i) => this.labels[i]),
      best: this.labels[best],
      runnerUp: this.labels[results[RUNNER_UP]] ?? null,
    };
  }

  predict(text) {
    check(this.exports.classify_text(this.writeText(text)));
    return this.readPrediction();
  }

  predictIds(ids) {
    const place = this.reserve(4 * ids.length);
    const values = new Int32Array(this.exports.memory.buffer, place, ids.length);
    for (let i = 0; i < ids.length; i++) {
      values[i] = ids[i];
      // A typed array takes 2^32 + 5 as 5.
      if (values[i] !== ids[i]) fail('IDS', `ids[${i}] is not an integer of 32 bits: ${ids[i]}`);
    }
    check(this.exports.classify_ids(ids.length));
    return this.readPrediction();
  }

  explain(text) {
    const prediction = this.predict(text), tokens = [];
    check(this.exports.explain_text(this.writeText(text)));
    const results = this.results, unknown = results[UNKNOWN] | 0;
    const view = new DataView(this.exports.memory.buffer, results[TOKENS], 16 * results[COUNT]);
    for (let at = 0; at < view.byteLength; at += 16) {
      const id = view.getInt32(at, true), weight = view.getFloat32(at + 4, true);
      const start = results[SPELLINGS] + view.getUint32(at + 8, true);
      const token = decoder.decode(this.bytes(start, view.getUint32(at + 12, true)));
      tokens.push({ token, id, isKnown: id !== 0 && id !== unknown, weight });
    }
    return { prediction, tokens };
  }

  selfTest() {
    const status = this.exports.self_test(), results = this.results;
    const passed = status === 0;
    // EDGERNN_ERROR_SELF_TEST is a result here.
    if (status !== 14) check(status);
    return { passed, texts: results[TEXTS], maxError: new Float32Array(results.buffer, this.address)[MAX_ERROR] };
  }

  get model() {
    return this.bytes(this.results[MODEL], this.results[MODEL_BYTES]).slice();
  }

  get kernels() {
    return this.string(this.results[KERNELS]);
  }
}

/** Return an engine with a file. */
export async function openEngine(module, bytes, open) {
  const old = spare?.module === module ? spare : null;
  if (old) spare = null;
  const exports = old?.exports ?? (await WebAssembly.instantiate(module)).exports;
  const engine = new Engine(module, exports);
  try {
    engine.open(bytes, open);
  } catch (error) {
    // After a trap, the instance's stack is not what it was.
    if (error instanceof EdgernnError) engine.close();
    throw error;
  }
  return engine;
}
