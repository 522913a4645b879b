/* Names and sentences of the statuses, and the version. */
#include "common.h"

#if EDGERNN_HAS_MESSAGES
typedef struct status_words {
  const char *name, *message;
} status_words;

#define WORDS(name, message) {"EDGERNN_" name, message}

static const status_words words_of_statuses[] = {
    WORDS("OK", "success"),
    WORDS("ERROR_ARGUMENT", "an argument is NULL or out of range"),
    WORDS("ERROR_NOT_FOUND", "the file cannot be opened or read"),
    WORDS("ERROR_NOT_A_BUNDLE", "the file is neither a .edgernn bundle nor a model.bin"),
    WORDS("ERROR_NEWER_VERSION", "the file needs a newer version of edgernn"),
    WORDS("ERROR_MALFORMED_BUNDLE", "the archive of the bundle is malformed"),
    WORDS("ERROR_MALFORMED_MANIFEST", "the manifest of the bundle is malformed"),
    WORDS("ERROR_MALFORMED_VOCABULARY", "the vocabulary, labels or tokenizer rules are malformed"),
    WORDS("ERROR_MALFORMED_MODEL", "a number in the model.bin is out of range"),
    WORDS("ERROR_MALFORMED_VECTORS", "the test vectors of the bundle are malformed"),
    WORDS("ERROR_CHECKSUM", "a checksum does not match: the file is damaged"),
    WORDS("ERROR_OTHER_FORMAT", "the bundle contains a model for another engine"),
    WORDS("ERROR_NO_TOKENIZER", "the model.bin has no tokenizer: open the bundle or export it again"),
    WORDS("ERROR_NO_VECTORS", "there are no test vectors: open the bundle"),
    WORDS("ERROR_SELF_TEST", "an output differs from that of the exporting machine"),
    WORDS("ERROR_OUT_OF_MEMORY", "out of memory"),
    WORDS("ERROR_MEMORY_TOO_SMALL", "the memory or scratch is too small"),
    WORDS("ERROR_ALIGNMENT", "the data or the memory is not aligned"),
    WORDS("ERROR_CAPACITY", "the capacity of an output buffer is too small"),
    WORDS("ERROR_TEXT_TOO_LONG", "the text is too long"),
    WORDS("ERROR_IDS", "there are no ids, or an id is outside the vocabulary"),
    WORDS("ERROR_KERNELS", "this processor has no such kernels"),
    WORDS("ERROR_OUTPUT", "invalid model output (NaN or infinite)"),
    WORDS("ERROR_BIG_ENDIAN", "a big-endian processor cannot read a model.bin"),
    WORDS("ERROR_NOT_IN_BUILD", "this build has no support for something that the file needs"),
};

#undef WORDS

static const status_words *find_words(edgernn_status status) {
  static const status_words unknown = {"unknown", "unknown status"};
  size_t count = sizeof words_of_statuses / sizeof *words_of_statuses;
  return (size_t)status < count ? &words_of_statuses[(size_t)status] : &unknown;
}

const char *edgernn_status_name(edgernn_status status) { return find_words(status)->name; }

const char *edgernn_status_message(edgernn_status status) { return find_words(status)->message; }

#endif

int edgernn_version(void) { return EDGERNN_VERSION_NUMBER; }
