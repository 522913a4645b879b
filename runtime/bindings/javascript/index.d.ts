/** A prediction for one text. */
export interface Prediction {
  /**
   * The most probable label; of a model with thresholds, the most probable one that reaches its
   * threshold, or null if none does.
   */
  readonly label: string | null;
  /** The probability of that label, 0 to 1; without a label, the highest one. */
  readonly probability: number;
  /** The probability of each label. They add up to 1, except for a multi-label model. */
  readonly probabilities: Readonly<Record<string, number>>;
  /**
   * The labels that apply, the most probable first: of a multi-label model those that reach their
   * thresholds (0.5 if it has none), of others the label.
   */
  readonly labels: readonly string[];
  /** The most probable label, also if it does not reach its threshold. */
  readonly best: string;
  /** The second most probable label; null if the model has one label. */
  readonly runnerUp: string | null;
}

/** A token and its weight in a prediction. */
export interface TokenWeight {
  /** The token; invalid UTF-8 is U+FFFD. */
  readonly token: string;
  readonly id: number;
  /** Whether it is in the vocabulary. */
  readonly isKnown: boolean;
  /** The probability of the most probable label minus that without the token, -1 to 1. */
  readonly weight: number;
}

/** A prediction and the weight of each token in it. */
export interface Explanation {
  readonly prediction: Prediction;
  /** The tokens that the model read, in their order. */
  readonly tokens: readonly TokenWeight[];
}

/** The result of a self-test. */
export interface SelfTestResult {
  /** Whether all outputs are within the tolerance. */
  readonly passed: boolean;
  /** The number of texts. */
  readonly texts: number;
  /** The largest absolute error of an output. */
  readonly maxError: number;
}

/** A text: a string, or UTF-8 of at most 1,048,576 bytes. */
export type Text = string | Uint8Array;

/** A file: a URL, in Node also a path, or its bytes. */
export type Source = string | URL | ArrayBuffer | ArrayBufferView | Blob | Response;

/** An open tokenizer. */
export interface Tokenizer {
  readonly labels: readonly string[];
  /** The file of the model, such as model.onnx; a copy. */
  readonly model: Uint8Array;
  /** Return the ids [T] that the model reads, padding included. */
  tokenize(text: Text): Int32Array;
  /** Release the memory. Every later call throws. */
  close(): void;
}

/** An open classifier. All calls are synchronous. */
export interface Classifier {
  readonly labels: readonly string[];
  /** "simd128", or "portable" in an engine without SIMD. */
  readonly kernels: string;
  predict(text: Text): Prediction;
  /** Predict from the ids [T] of a text, at least one. */
  predictIds(ids: Int32Array | readonly number[]): Prediction;
  /** Return the ids [T] that the model reads, padding included. */
  tokenize(text: Text): Int32Array;
  /** Predict a text without each of its T tokens in turn: T + 1 predictions. */
  explain(text: Text): Explanation;
  /** Run the test vectors of the bundle. */
  selfTest(): SelfTestResult;
  /** Release the memory. Every later call throws. */
  close(): void;
}

/** The names of the statuses in edgernn.h. */
export type Code =
  | 'EDGERNN_ERROR_ARGUMENT'
  | 'EDGERNN_ERROR_NOT_FOUND'
  | 'EDGERNN_ERROR_NOT_A_BUNDLE'
  | 'EDGERNN_ERROR_NEWER_VERSION'
  | 'EDGERNN_ERROR_MALFORMED_BUNDLE'
  | 'EDGERNN_ERROR_MALFORMED_MANIFEST'
  | 'EDGERNN_ERROR_MALFORMED_VOCABULARY'
  | 'EDGERNN_ERROR_MALFORMED_MODEL'
  | 'EDGERNN_ERROR_MALFORMED_VECTORS'
  | 'EDGERNN_ERROR_CHECKSUM'
  | 'EDGERNN_ERROR_OTHER_FORMAT'
  | 'EDGERNN_ERROR_NO_TOKENIZER'
  | 'EDGERNN_ERROR_NO_VECTORS'
  | 'EDGERNN_ERROR_SELF_TEST'
  | 'EDGERNN_ERROR_OUT_OF_MEMORY'
  | 'EDGERNN_ERROR_MEMORY_TOO_SMALL'
  | 'EDGERNN_ERROR_ALIGNMENT'
  | 'EDGERNN_ERROR_CAPACITY'
  | 'EDGERNN_ERROR_TEXT_TOO_LONG'
  | 'EDGERNN_ERROR_IDS'
  | 'EDGERNN_ERROR_KERNELS'
  | 'EDGERNN_ERROR_OUTPUT'
  | 'EDGERNN_ERROR_BIG_ENDIAN'
  | 'EDGERNN_ERROR_NOT_IN_BUILD';

/** Every error of this package. */
export declare class EdgernnError extends Error {
  readonly name: 'EdgernnError';
  readonly code: Code;
  constructor(code: Code, message: string, options?: ErrorOptions);
}

/** Open a bundle of the format native, or a model.bin. */
export declare function load(source: Source | PromiseLike<Source>): Promise<Classifier>;

/** Open the tokenizer of a bundle of any format, such as tflite or onnx. */
export declare function loadTokenizer(source: Source | PromiseLike<Source>): Promise<Tokenizer>;

/**
 * Use another copy of the module for everything that is loaded later: edgernn.wasm, which is
 * exported, or its compiled form. Without this call, the copy inside the package is used.
 */
export declare function init(
  module: WebAssembly.Module | BufferSource | Response | PromiseLike<WebAssembly.Module | BufferSource | Response>,
): Promise<void>;
