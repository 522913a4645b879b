/* libedgernn: a text classifier in one file, on anything with a C compiler.
 *
 * C99 and C++11, no dependency but libm. Text in, label out:
 *
 *     edgernn_classifier *classifier;
 *     size_t label;
 *     edgernn_status status = edgernn_load("model.edgernn", &classifier);
 *     if (status) {
 *       fprintf(stderr, "%s\n", edgernn_status_message(status));
 *       return 1;
 *     }
 *     size_t labels = edgernn_label_count(classifier);
 *     float *probabilities = (float *)malloc(labels * sizeof(float));
 *     status = edgernn_classify(classifier, text, strlen(text), probabilities, labels, &label);
 *     if (!status && label != EDGERNN_NO_LABEL) {
 *       printf("%s %.4f\n", edgernn_label(classifier, label), probabilities[label]);
 *     }
 *     free(probabilities);
 *     edgernn_free(classifier);
 *
 * Conventions:
 *   - Every function that can fail returns an edgernn_status; 0 is EDGERNN_OK. Outputs are written
 *     only on success, unless a function says otherwise.
 *   - Every output buffer has a capacity, which is checked before the buffer is written.
 *   - Texts are UTF-8, valid or not, with a length; they need no NUL at the end and may contain one.
 *   - Nothing here prints, and there is no global state. The functions of part 1 use malloc, those
 *     of part 2 only the caller's memory.
 *   - Each function says whether threads may call it at the same time on one classifier. Functions
 *     on different classifiers never disturb each other.
 */
#ifndef EDGERNN_H
#define EDGERNN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Visibility: define EDGERNN_DLL to use libedgernn as a Windows DLL, EDGERNN_BUILD to build it. */
#ifndef EDGERNN_API
#if defined(_WIN32) && defined(EDGERNN_DLL) && defined(EDGERNN_BUILD)
#define EDGERNN_API __declspec(dllexport)
#elif defined(_WIN32) && defined(EDGERNN_DLL)
#define EDGERNN_API __declspec(dllimport)
#elif defined(__GNUC__)
#define EDGERNN_API __attribute__((visibility("default")))
#else
#define EDGERNN_API
#endif
#endif

/* ---- Version ---------------------------------------------------------------------------------- */

#define EDGERNN_VERSION_MAJOR 0
#define EDGERNN_VERSION_MINOR 1
#define EDGERNN_VERSION_PATCH 0
#define EDGERNN_VERSION_NUMBER \
  (EDGERNN_VERSION_MAJOR * 10000 + EDGERNN_VERSION_MINOR * 100 + EDGERNN_VERSION_PATCH)

/* Return EDGERNN_VERSION_NUMBER of the library that is linked. Thread-safe. */
EDGERNN_API int edgernn_version(void);

/* ---- Status ----------------------------------------------------------------------------------- */

/* Values are never renumbered. */
typedef enum edgernn_status {
  EDGERNN_OK = 0,
  /* A pointer is NULL, or a number is outside its range. */
  EDGERNN_ERROR_ARGUMENT = 1,
  /* The file cannot be opened or read. */
  EDGERNN_ERROR_NOT_FOUND = 2,
  /* The data is neither a .edgernn bundle nor a model.bin. */
  EDGERNN_ERROR_NOT_A_BUNDLE = 3,
  /* The bundle or its model.bin needs a newer version of this library. */
  EDGERNN_ERROR_NEWER_VERSION = 4,
  /* The archive is malformed: a wrong offset, or a member that is compressed, missing or unknown. */
  EDGERNN_ERROR_MALFORMED_BUNDLE = 5,
  /* manifest.json is not JSON, or a field is missing or out of range. */
  EDGERNN_ERROR_MALFORMED_MANIFEST = 6,
  /* The vocabulary, the labels or the rules of the tokenizer are malformed. */
  EDGERNN_ERROR_MALFORMED_VOCABULARY = 7,
  /* A number in model.bin is out of range. */
  EDGERNN_ERROR_MALFORMED_MODEL = 8,
  /* The test vectors of the bundle are malformed. */
  EDGERNN_ERROR_MALFORMED_VECTORS = 9,
  /* A checksum or hash does not match: the file was damaged or put together from two. */
  EDGERNN_ERROR_CHECKSUM = 10,
  /* The bundle contains a model for another engine, such as TFLite or ONNX. */
  EDGERNN_ERROR_OTHER_FORMAT = 11,
  /* The model.bin has no tokenizer and labels: only functions that take ids work. */
  EDGERNN_ERROR_NO_TOKENIZER = 12,
  /* There are no test vectors: the classifier was opened from a bare model.bin. */
  EDGERNN_ERROR_NO_VECTORS = 13,
  /* The self-test ran, and an output differs from that of the exporting machine. */
  EDGERNN_ERROR_SELF_TEST = 14,
  /* malloc failed. */
  EDGERNN_ERROR_OUT_OF_MEMORY = 15,
  /* The caller's memory or scratch is smaller than the size query says. */
  EDGERNN_ERROR_MEMORY_TOO_SMALL = 16,
  /* Memory or scratch does not start at a multiple of 64 bytes, or data at a multiple of 4. */
  EDGERNN_ERROR_ALIGNMENT = 17,
  /* The capacity of an output buffer is too small. */
  EDGERNN_ERROR_CAPACITY = 18,
  /* The text is longer than EDGERNN_MAX_TEXT_BYTES. */
  EDGERNN_ERROR_TEXT_TOO_LONG = 19,
  /* There are no ids, or an id is outside the vocabulary. */
  EDGERNN_ERROR_IDS = 20,
  /* No kernels have that name, or this processor lacks their instructions. */
  EDGERNN_ERROR_KERNELS = 21,
  /* The model computed NaN or an infinity. */
  EDGERNN_ERROR_OUTPUT = 22,
  /* The processor is big-endian; model.bin is little-endian. */
  EDGERNN_ERROR_BIG_ENDIAN = 23,
  /* The file needs something that this build has not: an EDGERNN_WITHOUT_... left it out. */
  EDGERNN_ERROR_NOT_IN_BUILD = 24
} edgernn_status;

/* Return the name of a status, such as "EDGERNN_ERROR_CHECKSUM", or "unknown" for any other number.
 * Never NULL. Thread-safe. */
EDGERNN_API const char *edgernn_status_name(edgernn_status status);

/* Return a sentence for a status, or "unknown status" for any other number. Never NULL.
 * Thread-safe. */
EDGERNN_API const char *edgernn_status_message(edgernn_status status);

/* ---- Part 1: with a heap ---------------------------------------------------------------------- */

/* An open classifier. */
typedef struct edgernn_classifier edgernn_classifier;

/* The longest text that is accepted. */
#define EDGERNN_MAX_TEXT_BYTES ((size_t)1 << 20)

/* Open a .edgernn bundle or a model.bin, version 1 to 3. Everything in the file is checked first.
 *
 * classifier: set on success; release it with edgernn_free. Set to NULL on failure.
 * Thread-safe. */
EDGERNN_API edgernn_status edgernn_load(const char *path, edgernn_classifier **classifier);

/* The same for a file in memory: read, mapped or in flash.
 *
 * data: at a multiple of 4; it is not copied and must outlive the classifier. At a multiple of 64,
 * the weights are used in place by all kernels.
 * Thread-safe. */
EDGERNN_API edgernn_status edgernn_load_memory(const void *data, size_t size,
                                               edgernn_classifier **classifier);

/* Close a classifier. NULL is ignored. No other call may use the classifier at the same time. */
EDGERNN_API void edgernn_free(edgernn_classifier *classifier);

/* Return the number of labels, 0 for a model.bin without labels. Thread-safe. */
EDGERNN_API size_t edgernn_label_count(const edgernn_classifier *classifier);

/* Return a label, UTF-8, or NULL if the index is too large. It lives as long as the classifier.
 * Thread-safe. */
EDGERNN_API const char *edgernn_label(const edgernn_classifier *classifier, size_t index);

/* The label of a text to which no label applies: none reaches its threshold. Only models with
 * thresholds give it. */
#define EDGERNN_NO_LABEL ((size_t)-1)

/* Classify a text.
 *
 * text_bytes: 0 to EDGERNN_MAX_TEXT_BYTES.
 * probabilities: the probability of each label, [label_count]; they add up to 1, except for a
 * multi-label model. capacity: the number of floats that fit, at least label_count.
 * label: the index of the most probable label; of a model with thresholds, the most probable one
 * that reaches its threshold, or EDGERNN_NO_LABEL if none does. May be NULL.
 * Thread-safe: threads may share a classifier. */
EDGERNN_API edgernn_status edgernn_classify(const edgernn_classifier *classifier, const char *text,
                                            size_t text_bytes, float *probabilities,
                                            size_t capacity, size_t *label);

/* Find the two most probable labels, whether or not they reach their thresholds.
 *
 * probabilities: those of edgernn_classify, [label_count].
 * best, runner_up: set to the index of the first and the second; either may be NULL. The runner-up of
 * a single label is EDGERNN_NO_LABEL.
 * Thread-safe. */
EDGERNN_API edgernn_status edgernn_rank(const edgernn_classifier *classifier,
                                        const float *probabilities, size_t *best,
                                        size_t *runner_up);

/* Find the labels that apply: of a multi-label model those that reach their thresholds, which are 0.5 if
 * the file has none, of another model the label of edgernn_classify, if there is one.
 *
 * probabilities: those of edgernn_classify, [label_count].
 * labels: their indices, the most probable first. capacity: how many fit; label_count always
 * suffices.
 * count: set to the number of labels, which may be 0, also with EDGERNN_ERROR_CAPACITY.
 * Thread-safe. */
EDGERNN_API edgernn_status edgernn_labels(const edgernn_classifier *classifier,
                                          const float *probabilities, size_t *labels,
                                          size_t capacity, size_t *count);

/* Classify many texts: for each, the bits that edgernn_classify writes, at a higher throughput. Texts of
 * similar length run side by side. 256 texts or more a call keep them similar; their order does not
 * matter. With a graph or a model without recurrent layers, one text runs after the other.
 *
 * texts, text_bytes: [count].
 * probabilities: [count, label_count]. capacity: the number of floats that fit.
 * labels: [count], the label of each text as edgernn_classify sets it; may be NULL.
 * statuses: [count]: EDGERNN_OK, or why a text has no prediction, such as
 * EDGERNN_ERROR_TEXT_TOO_LONG; its probabilities and label are then undefined, and the others valid.
 * Returns EDGERNN_OK if each text has a status.
 * Thread-safe: threads may share a classifier, each with a part of the texts. */
EDGERNN_API edgernn_status edgernn_classify_batch(const edgernn_classifier *classifier,
                                                  const char *const *texts, const size_t *text_bytes,
                                                  size_t count, float *probabilities,
                                                  size_t capacity, size_t *labels,
                                                  edgernn_status *statuses);

/* Replay the test vectors of the bundle: ids must be equal, outputs within the tolerance of the
 * recipe, labels equal where the two best outputs are further apart than that.
 *
 * texts: set to the number of texts that were replayed; may be NULL.
 * max_error: set to the largest absolute error of an output; may be NULL. Both are also set with
 * EDGERNN_ERROR_SELF_TEST.
 * Thread-safe. */
EDGERNN_API edgernn_status edgernn_self_test(const edgernn_classifier *classifier, size_t *texts,
                                             float *max_error);

/* A token of an explained text. */
typedef struct edgernn_token {
  /* The id; 0 is padding, 1 out of vocabulary. */
  int32_t id;
  /* The probability of the most probable label minus that without this token, -1 to 1. */
  float contribution;
  /* Where the token's spelling starts in `spellings`, and its length without the NUL behind it. */
  uint32_t start, length;
} edgernn_token;

/* Explain a classification: classify the text without each of its tokens in turn, T + 1 times.
 *
 * tokens: the tokens that the model reads, in order. capacity: how many fit.
 * count: set to the number of tokens, also with EDGERNN_ERROR_CAPACITY.
 * spellings: the tokens as the tokenizer cut them, each with a NUL behind it. spelling_capacity: in
 * bytes; 2 * text_bytes + 4 per token always suffices without n-grams.
 * Thread-safe. */
EDGERNN_API edgernn_status edgernn_explain(const edgernn_classifier *classifier, const char *text,
                                           size_t text_bytes, edgernn_token *tokens,
                                           size_t capacity, size_t *count, char *spellings,
                                           size_t spelling_capacity);

/* ---- Part 2: without a heap ------------------------------------------------------------------- */

/* Memory and scratch start at a multiple of this. */
#define EDGERNN_ALIGNMENT 64

/* Check a bundle or model.bin, and get the bytes of memory that edgernn_open needs.
 *
 * kernels: as in edgernn_open. With data at a multiple of 64, or with "portable" kernels, weights
 * of a version 2 model.bin stay in `data`, and memory is a few kilobytes.
 * Thread-safe. */
EDGERNN_API edgernn_status edgernn_memory_size(const void *data, size_t size, const char *kernels,
                                               size_t *bytes);

/* Open a classifier in the caller's memory. The functions of part 1 work with it too; if they were
 * used, edgernn_free releases what they keep, and leaves the caller's memory alone.
 *
 * data: at a multiple of 4; must outlive the classifier, as must `memory`.
 * kernels: NULL for the fastest of this processor, or a name from edgernn_kernel_name.
 * classifier: set on success; it lies in `memory`.
 * Thread-safe. */
EDGERNN_API edgernn_status edgernn_open(const void *data, size_t size, const char *kernels,
                                        void *memory, size_t memory_bytes,
                                        edgernn_classifier **classifier);

/* Return the bytes of scratch that any text of `text_bytes` bytes can need. Thread-safe. */
EDGERNN_API size_t edgernn_scratch_size(const edgernn_classifier *classifier, size_t text_bytes);

/* edgernn_classify in the caller's scratch. A text with fewer tokens than the worst case may also
 * fit into less than edgernn_scratch_size; EDGERNN_ERROR_MEMORY_TOO_SMALL says if it does not.
 * Thread-safe, with one scratch per thread. */
EDGERNN_API edgernn_status edgernn_classify_in(const edgernn_classifier *classifier,
                                               const char *text, size_t text_bytes, void *scratch,
                                               size_t scratch_bytes, float *probabilities,
                                               size_t capacity, size_t *label);

/* Return the bytes of scratch with which any texts of these sizes run at full speed. Thread-safe. */
EDGERNN_API size_t edgernn_batch_scratch_size(const edgernn_classifier *classifier,
                                              const size_t *text_bytes, size_t count);

/* edgernn_classify_batch in the caller's scratch. With less than edgernn_batch_scratch_size, fewer
 * texts run side by side; a text that does not fit alone has the status
 * EDGERNN_ERROR_MEMORY_TOO_SMALL, and the call returns it if the ids do not fit.
 * Thread-safe, with one scratch per thread. */
EDGERNN_API edgernn_status edgernn_classify_batch_in(
    const edgernn_classifier *classifier, const char *const *texts, const size_t *text_bytes,
    size_t count, void *scratch, size_t scratch_bytes, float *probabilities, size_t capacity,
    size_t *labels, edgernn_status *statuses);

/* Tokenize a text as the model reads it, padding included.
 *
 * scratch: edgernn_tokenizer_scratch_size bytes.
 * ids: capacity ids fit. count: set to the number of ids, which may be 0, also with
 * EDGERNN_ERROR_CAPACITY.
 * Thread-safe, with one scratch per thread. */
EDGERNN_API edgernn_status edgernn_tokenize(const edgernn_classifier *classifier, const char *text,
                                            size_t text_bytes, void *scratch, size_t scratch_bytes,
                                            int32_t *ids, size_t capacity, size_t *count);

/* Return the bytes of scratch to tokenize a text. Thread-safe. */
EDGERNN_API size_t edgernn_tokenizer_scratch_size(const edgernn_classifier *classifier,
                                                  size_t text_bytes);

/* Return the number of outputs of the model: 1 for a binary model, else one per label.
 * Thread-safe. */
EDGERNN_API size_t edgernn_output_count(const edgernn_classifier *classifier);

/* Return the bytes of scratch for `count` ids. Thread-safe. */
EDGERNN_API size_t edgernn_ids_scratch_size(const edgernn_classifier *classifier, size_t count);

/* Runs task(argument, 0) and task(argument, 1), on one thread or two, and returns when both are
 * done. threads/edgernn_helper.h has one for POSIX threads. */
typedef struct edgernn_executor {
  void (*run)(void *context, void (*task)(void *argument, size_t index), void *argument);
  void *context;
} edgernn_executor;

/* Use an executor for the two directions of a layer; NULL for the calling thread alone, which is the
 * default. Outputs stay bit-exact. The executor is copied; its context must outlive the classifier.
 * Not thread-safe, and with an executor that serves one caller at a time, neither are the functions
 * that classify. */
EDGERNN_API void edgernn_set_executor(edgernn_classifier *classifier,
                                      const edgernn_executor *executor);

/* Run the model on ids.
 *
 * count: 1 or more; without ids the output is that of the empty text, which edgernn_classify knows.
 * scratch: edgernn_ids_scratch_size bytes.
 * outputs: [output_count]: the probability of each label, or of the second one for a binary model.
 * capacity: the number of floats that fit.
 * Thread-safe, with one scratch per thread. */
EDGERNN_API edgernn_status edgernn_run_ids(const edgernn_classifier *classifier, const int32_t *ids,
                                           size_t count, void *scratch, size_t scratch_bytes,
                                           float *outputs, size_t capacity);

/* Return the name of the kernels in use. Thread-safe. */
EDGERNN_API const char *edgernn_kernels(const edgernn_classifier *classifier);

/* Return the name of the index-th kernels of this build, fastest first, or NULL after the last.
 *
 * is_supported: set to whether this processor can run them; may be NULL. To know it of AMX, the process asks the
 * system for the permission to use it. Thread-safe. */
EDGERNN_API const char *edgernn_kernel_name(size_t index, int *is_supported);

#ifdef __cplusplus
}
#endif

#endif
