// The types as a program uses them; compiled, never run.
import { EdgernnError, init, load, loadTokenizer } from 'edgernn';
import type { Classifier, Code, Explanation, Prediction } from 'edgernn';
import module from 'edgernn/edgernn.wasm';

async function main(): Promise<void> {
  await init(module);
  await init(fetch('edgernn.wasm'));
  const classifier: Classifier = await load(fetch('model.edgernn'));
  const prediction: Prediction = classifier.predict('A text.');
  const best: number | undefined = prediction.probabilities[prediction.best];
  const label: string = prediction.label ?? prediction.runnerUp ?? prediction.labels.join();
  const explanation: Explanation = classifier.explain(new Uint8Array(3));
  const weights: number[] = explanation.tokens.map((token) => token.weight);
  classifier.predictIds(classifier.tokenize('A text.'));
  classifier.predictIds([1, 2]);
  const { passed, texts, maxError } = classifier.selfTest();
  const tokenizer = await loadTokenizer(new URL('model.edgernn', 'https://example.org'));
  const ids: Int32Array = tokenizer.tokenize('A text.');
  // @ts-expect-error: a tokenizer has no model that runs.
  tokenizer.predict('A text.');
  // @ts-expect-error: a text is not a number.
  classifier.predict(5);
  // @ts-expect-error: nothing of a prediction may be changed.
  prediction.label = 'other';
  try {
    await load('none.edgernn');
  } catch (error) {
    const code: Code | undefined = error instanceof EdgernnError ? error.code : undefined;
    console.log(code, best, label, weights, passed, texts, maxError, ids);
  }
  classifier.close();
}

void main();
