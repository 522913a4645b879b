// What the weights of an explanation mean on the page. No document is used here.

/** The least shares of the strongest weight for the levels 1, 2 and 3. */
const LEVELS = [0.1, 0.3, 0.6];
/** Weights far below this are noise: a text without a strong word stays pale. */
const LEAST_SCALE = 0.01;

/** Return whether there are two labels, of which one excludes the other. */
export function isPair(probabilities) {
  const values = Object.values(probabilities);
  return values.length === 2 && Math.abs(values[0] + values[1] - 1) < 1e-3;
}

/**
 * Return the words of an explanation with their effect on one label.
 *
 * With a pair of labels that is always the second one, so that the colour of a word stays
 * the same while the predicted label changes. With more labels it is the most probable one.
 */
export function explain({ best, probabilities }, tokens) {
  const labels = Object.keys(probabilities), isBinary = isPair(probabilities);
  const target = isBinary ? labels[1] : best;
  const sign = target === best ? 1 : -1;
  const scale = tokens.reduce((most, one) => Math.max(most, Math.abs(one.weight)), LEAST_SCALE);
  const words = tokens.map(({ token, isKnown, weight }) => ({
    token,
    isKnown,
    delta: sign * weight,
    level: LEVELS.filter((least) => Math.abs(weight) / scale >= least).length,
  }));
  return { words, target, isBinary, other: isBinary ? labels[0] : undefined };
}

/** Return the classes of a word. */
export function kindOf({ delta, level, isKnown }) {
  const side = level === 0 ? 'side-none' : delta > 0 ? 'side-plus' : 'side-minus';
  return `word ${side} level-${level}${isKnown ? '' : ' unknown'}`;
}

/** Return a weight in percentage points with its sign, such as "+12" or "−0.4". */
export function pointsOf({ delta }, digits = Math.abs(delta) < 0.0995 ? 1 : 0) {
  const text = Math.abs(100 * delta).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${delta > 0 ? '+' : '−'}${text}`;
}
