// The package in Node: node --expose-gc --test package.test.js.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inflateRawSync } from 'node:zlib';

import * as edgernn from '../../../runtime/bindings/javascript/node.js';
import { STATUSES } from '../../../runtime/bindings/javascript/errors.js';

const { EdgernnError, init, load, loadTokenizer } = edgernn;
const ROOT = new URL('../../../', import.meta.url);
const pathOf = (name) => fileURLToPath(new URL(name, ROOT));
const SAMPLE = pathOf('examples/sentiment/sentiment.edgernn');
const TEXT = 'Funny, warm and surprisingly clever.';
const hasCode = (name) => (error) => {
  assert.ok(error instanceof EdgernnError && error instanceof Error);
  assert.equal(error.name, 'EdgernnError');
  assert.ok(error.message.length > 10);
  return error.code === `EDGERNN_ERROR_${name}`;
};

test('a prediction has a label, its probability and all probabilities', async () => {
  const classifier = await load(SAMPLE);
  const found = classifier.predict(TEXT);
  assert.deepEqual(Object.keys(found), ['label', 'probability', 'probabilities', 'labels', 'best', 'runnerUp']);
  assert.equal(found.label, 'pos');
  assert.deepEqual(classifier.labels, ['neg', 'pos']);
  assert.deepEqual(Object.keys(found.probabilities), classifier.labels);
  assert.ok(Math.abs(found.probability - 0.89) < 0.001);
  assert.equal(found.probabilities.pos, found.probability);
  assert.ok(Math.abs(found.probabilities.neg + found.probability - 1) < 1e-6);
  assert.equal(classifier.kernels, 'simd128');
});

test('a text is a string or its UTF-8, and ids are those of the text', async () => {
  const classifier = await load(SAMPLE);
  for (const text of [TEXT, '', 'naïve 東京 \u{1f4bb} \ud800', 'a'.repeat(5000)]) {
    const bytes = new TextEncoder().encode(text);
    const ids = classifier.tokenize(text);
    assert.ok(ids instanceof Int32Array);
    assert.deepEqual(classifier.tokenize(bytes), ids);
    const found = classifier.predict(text);
    assert.deepEqual(classifier.predict(bytes), found);
    if (!ids.length) continue;
    assert.deepEqual(classifier.predictIds(ids), found);
    assert.deepEqual(classifier.predictIds([...ids]), found);
  }
});

test('an explanation has the prediction and the weight of each token', async () => {
  const classifier = await load(SAMPLE);
  const { prediction, tokens } = classifier.explain('not a good film, zzyq!');
  assert.deepEqual(prediction, classifier.predict('not a good film, zzyq!'));
  assert.deepEqual(tokens.map((one) => one.token), ['not', 'a', 'good', 'film', 'zzyq']);
  assert.deepEqual(tokens.map((one) => one.isKnown), [true, true, true, true, false]);
  assert.deepEqual(tokens.map((one) => one.id), [...classifier.tokenize('not a good film zzyq')]);
  const without = classifier.predict('a good film, zzyq!').probabilities[prediction.label];
  assert.ok(Math.abs(tokens[0].weight - (prediction.probability - without)) < 1e-6);
  assert.deepEqual(classifier.explain('').tokens, []);
});

test('the self-test passes', async () => {
  const classifier = await load(SAMPLE);
  const { passed, texts, maxError } = classifier.selfTest();
  assert.equal(passed, true);
  assert.ok(texts >= 10);
  assert.ok(maxError < 0.01);
  await assert.rejects(async () => (await load(pathOf('runtime/libedgernn/tests/corpus/lstm-int8.bin'))).selfTest(), hasCode('NO_VECTORS'));
});

test('a bundle comes from a path, a URL, bytes, a Blob, a Response or a promise', async () => {
  const bytes = await readFile(SAMPLE);
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/sample' ? 200 : 404;
    response.end(bytes);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  const aligned = new Uint8Array(bytes).buffer;
  try {
    for (const source of [
      SAMPLE, pathToFileURL(SAMPLE), pathToFileURL(SAMPLE).href, bytes, aligned, new DataView(aligned),
      new Blob([bytes]), new Response(bytes), fetch(`${address}/sample`), `${address}/sample`,
      new URL(`${address}/sample`), readFile(SAMPLE),
    ]) {
      const classifier = await load(source);
      assert.equal(classifier.predict(TEXT).label, 'pos');
      classifier.close();
    }
    for (const source of [`${address}/other`, fetch(`${address}/other`), 'none.edgernn', 'http://127.0.0.1:1/a']) {
      await assert.rejects(load(source), hasCode('NOT_FOUND'));
    }
  } finally {
    server.close();
  }
  for (const source of [undefined, null, 5, {}]) await assert.rejects(load(source), hasCode('ARGUMENT'));
});

test('what is wrong has the code of its status', async () => {
  const classifier = await load(SAMPLE);
  for (const text of [undefined, null, 5, ['a'], new Uint16Array(2)]) {
    assert.throws(() => classifier.predict(text), hasCode('ARGUMENT'));
  }
  for (const text of ['a'.repeat(2 ** 20 + 1), new Uint8Array(2 ** 20 + 1), 'é'.repeat(2 ** 19 + 1)]) {
    for (const call of ['predict', 'tokenize', 'explain']) {
      assert.throws(() => classifier[call](text), hasCode('TEXT_TOO_LONG'));
    }
  }
  assert.equal(classifier.predict('a'.repeat(2 ** 20)).label, classifier.predict('aaaa').label);
  assert.throws(() => classifier.predictIds('1'), hasCode('ARGUMENT'));
  for (const ids of [[], [1.5], [2 ** 32 + 5], [-1], [10 ** 6], ['5'], [NaN]]) {
    assert.throws(() => classifier.predictIds(ids), hasCode('IDS'));
  }
  await assert.rejects(load(pathOf('tests/runtime/fixtures/bundle-1-onnx.edgernn')), hasCode('OTHER_FORMAT'));
  const old = await load(pathOf('runtime/libedgernn/tests/corpus/lstm-int8.bin'));
  assert.throws(() => old.predict('a'), hasCode('NO_TOKENIZER'));
  assert.deepEqual(old.labels, ['0', '1', '2']);
  assert.ok(old.labels.includes(old.predictIds([1, 2]).label));
});

test('the message about a file names it', async () => {
  const onnx = pathOf('tests/runtime/fixtures/bundle-1-onnx.edgernn');
  const bytes = await readFile(onnx);
  const messageOf = (source) => load(source).then(() => '', (error) => `${error.code} ${error.message}`);
  const plain = await messageOf(bytes);
  assert.match(plain, /^EDGERNN_ERROR_OTHER_FORMAT the bundle contains a model for another engine; export it with: .*--format native/);
  const named = (name) => plain.replace(' ', ` ${name}: `);
  for (const source of [onnx, Promise.resolve(onnx), pathToFileURL(onnx), pathToFileURL(onnx).href]) {
    assert.equal(await messageOf(source), named(await source));
  }
  const address = `data:application/zip;base64,${bytes.toString('base64')}`;
  for (const source of [address, fetch(address), new Blob([bytes])]) assert.equal(await messageOf(source), plain);
  assert.equal(await messageOf('none.edgernn'), 'EDGERNN_ERROR_NOT_FOUND the file cannot be read: none.edgernn (ENOENT)');
});

test('a model is found at any place in the file', async () => {
  const bytes = await readFile(SAMPLE);
  const expected = (await load(bytes)).predict(TEXT);
  for (let shift = 0; shift < 4; shift++) {
    const moved = new Uint8Array(bytes.length + 4);
    moved.set(bytes, shift);
    const classifier = await load(moved.subarray(shift, shift + bytes.length));
    assert.deepEqual(classifier.predict(TEXT), expected);
  }
});

test('a closed classifier throws, and the others go on', async () => {
  const first = await load(SAMPLE), second = await load(SAMPLE);
  const expected = second.predict(TEXT);
  first.close();
  first.close();
  for (const call of ['predict', 'tokenize', 'explain', 'selfTest']) {
    assert.throws(() => first[call](TEXT), hasCode('ARGUMENT'));
  }
  assert.throws(() => first.labels, hasCode('ARGUMENT'));
  const third = await load(pathOf('tests/hosts/bundles/gru-int8-multiclass.edgernn'));
  const fourth = await load(SAMPLE);
  assert.deepEqual(second.predict(TEXT), expected);
  assert.deepEqual(fourth.predict(TEXT), expected);
  assert.equal(third.labels.length, 3);
});

test('loads at the same time do not disturb each other', async () => {
  const names = ['bag-int8', 'gru-int8-binary', 'lstm-none-multiclass', 'version-1', 'tokens-unicode-03'];
  const paths = [...names, ...names].map((name) => pathOf(`tests/hosts/bundles/${name}.edgernn`));
  const alone = [];
  for (const path of paths) {
    const classifier = await load(path);
    alone.push(classifier.predict('good film'));
    classifier.close();
  }
  const together = await Promise.all(paths.map((path) => load(path)));
  assert.deepEqual(together.map((classifier) => classifier.predict('good film')), alone);
});

test('the tokenizer of a bundle for another engine', async () => {
  for (const format of ['onnx', 'tflite']) {
    const path = pathOf(`tests/runtime/fixtures/bundle-1-${format}.edgernn`);
    const tokenizer = await loadTokenizer(path);
    const native = await load(pathOf('tests/runtime/fixtures/bundle-1-native.edgernn'));
    assert.deepEqual(tokenizer.labels, native.labels);
    for (const text of ['', 'a good film', 'zzz, w5!']) {
      assert.deepEqual(tokenizer.tokenize(text), native.tokenize(text));
    }
    const whole = await readFile(path);
    const model = Buffer.from(tokenizer.model);
    assert.ok(model.length > 500 && whole.includes(model));
    assert.equal(tokenizer.predict, undefined);
    tokenizer.close();
    assert.throws(() => tokenizer.tokenize('a'), hasCode('ARGUMENT'));
  }
  assert.deepEqual((await loadTokenizer(SAMPLE)).tokenize(TEXT), (await load(SAMPLE)).tokenize(TEXT));
  const old = pathOf('runtime/libedgernn/tests/corpus/lstm-int8.bin');
  await assert.rejects(loadTokenizer(old), hasCode('NO_TOKENIZER'));
  const damaged = new Uint8Array(await readFile(pathOf('tests/runtime/fixtures/bundle-1-onnx.edgernn')));
  damaged[damaged.length >> 1] ^= 1;
  await assert.rejects(loadTokenizer(damaged), EdgernnError);
});

test('100,000 predictions do not grow the memory', async () => {
  const path = pathOf('tests/hosts/bundles/lstm-int8-binary.edgernn');
  const classifier = await load(path);
  const texts = ['good film', 'w1 w2 '.repeat(200), '', 'boring'];
  const memories = [];
  const measure = () => {
    gc();
    return process.memoryUsage().rss;
  };
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 50000; i++) classifier.predict(texts[i % 400 ? 0 : (i / 400) % 4]);
    memories.push(measure());
  }
  assert.ok(memories[2] - memories[0] < 4 << 20, `${memories}`);
  for (let i = 0; i < 2000; i++) (await load(path)).close();
  assert.ok(measure() - memories[2] < 16 << 20);
});

test('an engine without SIMD gets the plain module', async () => {
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  try {
    const plain = await import('../../../runtime/bindings/javascript/node.js?plain');
    const classifier = await plain.load(SAMPLE);
    assert.equal(classifier.kernels, 'portable');
    const expected = (await load(SAMPLE)).predict(TEXT).probability;
    assert.ok(Math.abs(classifier.predict(TEXT).probability - expected) < 1e-6);
  } finally {
    WebAssembly.validate = validate;
  }
});

test('the module inside the package is the file', async () => {
  const { getInlinedModule } = await import('../../../runtime/bindings/javascript/inlined.js');
  const file = await readFile(pathOf('runtime/bindings/javascript/edgernn.wasm'));
  const { inflate } = await import('../../../runtime/bindings/javascript/inflate.js');
  const decode = (base64) => Buffer.from(base64, 'base64');
  for (const method of [
    undefined, (base64, size) => inflate(decode(base64), size), (base64) => inflateRawSync(decode(base64)),
  ]) {
    assert.deepEqual(Buffer.from(await getInlinedModule(method)), file);
  }
  const module = await WebAssembly.compile(file);
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  for (const source of [file, module, Promise.resolve(module), new Response(file)]) {
    const fresh = await import(`../../../runtime/bindings/javascript/node.js?${Math.random()}`);
    await fresh.init(source);
    assert.equal((await fresh.load(SAMPLE)).predict(TEXT).label, 'pos');
  }
});

test('a bundle of the scripts alone has the module in it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'edgernn-'));
  try {
    for (const name of ['core', 'engine', 'errors', 'inlined', 'module', 'node']) {
      await copyFile(pathOf(`runtime/bindings/javascript/${name}.js`), join(folder, `${name}.js`));
    }
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const scripts = await import(pathToFileURL(join(folder, 'node.js')));
    assert.equal((await scripts.load(SAMPLE)).predict(TEXT).label, 'pos');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a module that cannot be compiled is an error, and a later one works', async () => {
  const { makeApi } = await import('../../../runtime/bindings/javascript/core.js');
  let bytes = new Uint8Array(8);
  const api = makeApi(() => bytes);
  await assert.rejects(api.load(await readFile(SAMPLE)), hasCode('KERNELS'));
  bytes = await readFile(pathOf('runtime/bindings/javascript/edgernn.wasm'));
  assert.equal((await api.load(await readFile(SAMPLE))).predict(TEXT).label, 'pos');
  await assert.rejects(init(new Uint8Array(3)));
});

test('statuses, codes and messages are those of C', async () => {
  const source = await readFile(pathOf('runtime/libedgernn/src/status.c'), 'utf8');
  const words = [...source.matchAll(/WORDS\("(\w+)",\s*"(.*?)"\)/g)].map(([, name, message]) => [`EDGERNN_${name}`, message]);
  assert.ok(words.length >= 24);
  assert.deepEqual(STATUSES, words);
  const types = await readFile(pathOf('runtime/bindings/javascript/index.d.ts'), 'utf8');
  const codes = [...types.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code);
  assert.deepEqual(codes, STATUSES.slice(1).map(([name]) => name));
  const header = await readFile(pathOf('runtime/libedgernn/include/edgernn.h'), 'utf8');
  STATUSES.forEach(([name], i) => assert.match(header, new RegExp(`\\b${name} = ${i}\\b`)));
});
