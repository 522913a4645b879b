// The tokenizer of a bundle in front of onnxruntime-web: node onnxruntime-web.js MODEL.edgernn TEXT.
import process from 'node:process';

import { loadTokenizer } from 'edgernn';
import * as ort from 'onnxruntime-web/wasm';

const [, , path, text] = process.argv;
const tokenizer = await loadTokenizer(path);
ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(tokenizer.model);
const ids = tokenizer.tokenize(text);
const { probabilities } = await session.run({
  ids: new ort.Tensor('int32', ids, [1, ids.length]),
  lengths: new ort.Tensor('int32', [ids.length], [1]),
});
// A binary model has one output, the probability of its second label.
const values = probabilities.data.length > 1 ? [...probabilities.data] : [1 - probabilities.data[0], probabilities.data[0]];
const best = values.indexOf(Math.max(...values));
console.log(tokenizer.labels[best], values[best].toFixed(3));
