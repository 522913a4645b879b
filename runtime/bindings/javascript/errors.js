/** The statuses of edgernn.h in their order: name and message. */
export const STATUSES = [
  ['EDGERNN_OK', 'success'],
  ['EDGERNN_ERROR_ARGUMENT', 'an argument is NULL or out of range'],
  ['EDGERNN_ERROR_NOT_FOUND', 'the file cannot be opened or read'],
  ['EDGERNN_ERROR_NOT_A_BUNDLE', 'the file is neither a .edgernn bundle nor a model.bin'],
  ['EDGERNN_ERROR_NEWER_VERSION', 'the file needs a newer version of edgernn'],
  ['EDGERNN_ERROR_MALFORMED_BUNDLE', 'the archive of the bundle is malformed'],
  ['EDGERNN_ERROR_MALFORMED_MANIFEST', 'the manifest of the bundle is malformed'],
  ['EDGERNN_ERROR_MALFORMED_VOCABULARY', 'the vocabulary, labels or tokenizer rules are malformed'],
  ['EDGERNN_ERROR_MALFORMED_MODEL', 'a number in the model.bin is out of range'],
  ['EDGERNN_ERROR_MALFORMED_VECTORS', 'the test vectors of the bundle are malformed'],
  ['EDGERNN_ERROR_CHECKSUM', 'a checksum does not match: the file is damaged'],
  ['EDGERNN_ERROR_OTHER_FORMAT', 'the bundle contains a model for another engine'],
  ['EDGERNN_ERROR_NO_TOKENIZER', 'the model.bin has no tokenizer: open the bundle or export it again'],
  ['EDGERNN_ERROR_NO_VECTORS', 'there are no test vectors: open the bundle'],
  ['EDGERNN_ERROR_SELF_TEST', 'an output differs from that of the exporting machine'],
  ['EDGERNN_ERROR_OUT_OF_MEMORY', 'out of memory'],
  ['EDGERNN_ERROR_MEMORY_TOO_SMALL', 'the memory or scratch is too small'],
  ['EDGERNN_ERROR_ALIGNMENT', 'the data or the memory is not aligned'],
  ['EDGERNN_ERROR_CAPACITY', 'the capacity of an output buffer is too small'],
  ['EDGERNN_ERROR_TEXT_TOO_LONG', 'the text is too long'],
  ['EDGERNN_ERROR_IDS', 'there are no ids, or an id is outside the vocabulary'],
  ['EDGERNN_ERROR_KERNELS', 'this processor has no such kernels'],
  ['EDGERNN_ERROR_OUTPUT', 'invalid model output (NaN or infinite)'],
  ['EDGERNN_ERROR_BIG_ENDIAN', 'a big-endian processor cannot read a model.bin'],
  ['EDGERNN_ERROR_NOT_IN_BUILD', 'this build has no support for something that the file needs'],
];

export class EdgernnError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = 'EdgernnError';
    this.code = code;
  }
}

/** What to do about an error, where C's message does not contain it. */
const HINTS = {
  EDGERNN_ERROR_OTHER_FORMAT: 'export it with: edgernn export --format native --quantize int8',
};

/** Throw for a status that is not EDGERNN_OK. */
export function check(status) {
  if (!status) return;
  const [code, message] = STATUSES[status];
  throw new EdgernnError(code, code in HINTS ? `${message}; ${HINTS[code]}` : message);
}

export function fail(name, message, cause) {
  throw new EdgernnError(`EDGERNN_ERROR_${name}`, message, cause && { cause });
}
