/* The functions of org.edgernn.Native over libedgernn. Texts are byte arrays of UTF-8. */
#include <jni.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "edgernn.h"

#define NATIVE(type, name) JNIEXPORT type JNICALL Java_org_edgernn_Native_##name

/* A text that fits here is not copied to the heap. */
#define SMALL_TEXT 2048
#define SMALL_LABELS 64
/* What is in front of the labels that apply: the label, the best one, the runner-up, and their number. */
#define CHOSEN 4

/* An open classifier and the memory of its data, which is NULL if a direct buffer is used in place. */
typedef struct {
  edgernn_classifier *classifier;
  void *copy;
} opened;

static edgernn_classifier *classifier_of(jlong handle) {
  return ((opened *)(intptr_t)handle)->classifier;
}

/* Return memory at a multiple of 64, where the weights are used in place; release *whole. */
static void *allocate(size_t size, void **whole) {
  *whole = malloc(size + EDGERNN_ALIGNMENT);
  if (!*whole) return NULL;
  return (void *)(((uintptr_t)*whole + EDGERNN_ALIGNMENT) / EDGERNN_ALIGNMENT * EDGERNN_ALIGNMENT);
}

NATIVE(jint, open)(JNIEnv *env, jclass self, jobject direct, jbyteArray array,
                   jint size, jlongArray handle) {
  (void)self;
  opened *found = malloc(sizeof *found);
  if (!found) return EDGERNN_ERROR_OUT_OF_MEMORY;
  found->copy = NULL;
  char *data = direct ? (*env)->GetDirectBufferAddress(env, direct) : NULL;
  if (!data || (uintptr_t)data % 4) {
    char *moved = allocate((size_t)size, &found->copy);
    if (!moved) {
      free(found);
      return EDGERNN_ERROR_OUT_OF_MEMORY;
    }
    if (data) {
      memcpy(moved, data, (size_t)size);
    } else if (array) {
      (*env)->GetByteArrayRegion(env, array, 0, size, (jbyte *)moved);
    }
    data = moved;
  }
  edgernn_status status = edgernn_load_memory(data, (size_t)size, &found->classifier);
  if (status) {
    free(found->copy);
    free(found);
    return (jint)status;
  }
  jlong value = (jlong)(intptr_t)found;
  (*env)->SetLongArrayRegion(env, handle, 0, 1, &value);
  return EDGERNN_OK;
}

NATIVE(void, close)(JNIEnv *env, jclass self, jlong handle) {
  (void)env, (void)self;
  opened *found = (opened *)(intptr_t)handle;
  edgernn_free(found->classifier);
  free(found->copy);
  free(found);
}

static jbyteArray bytes_of(JNIEnv *env, const char *text) {
  jsize length = (jsize)strlen(text);
  jbyteArray found = (*env)->NewByteArray(env, length);
  if (found) (*env)->SetByteArrayRegion(env, found, 0, length, (const jbyte *)text);
  return found;
}

NATIVE(jint, labelCount)(JNIEnv *env, jclass self, jlong handle) {
  (void)env, (void)self;
  return (jint)edgernn_label_count(classifier_of(handle));
}

NATIVE(jbyteArray, label)(JNIEnv *env, jclass self, jlong handle, jint index) {
  (void)self;
  return bytes_of(env, edgernn_label(classifier_of(handle), (size_t)index));
}

NATIVE(jbyteArray, kernels)(JNIEnv *env, jclass self, jlong handle) {
  (void)self;
  return bytes_of(env, edgernn_kernels(classifier_of(handle)));
}

NATIVE(jbyteArray, message)(JNIEnv *env, jclass self, jint status) {
  (void)self;
  return bytes_of(env, edgernn_status_message((edgernn_status)status));
}

/* Copy a text into `small`, or into new memory if it is longer; release with release_text. */
static edgernn_status copy_text(JNIEnv *env, jbyteArray array, char *small, char **text,
                                size_t *bytes) {
  *bytes = (size_t)(*env)->GetArrayLength(env, array);
  if (*bytes > EDGERNN_MAX_TEXT_BYTES) return EDGERNN_ERROR_TEXT_TOO_LONG;
  *text = *bytes > SMALL_TEXT ? malloc(*bytes) : small;
  if (!*text) return EDGERNN_ERROR_OUT_OF_MEMORY;
  (*env)->GetByteArrayRegion(env, array, 0, (jsize)*bytes, (jbyte *)*text);
  return EDGERNN_OK;
}

static void release_text(char *text, const char *small) {
  if (text != small) free(text);
}

/* The memory of a prediction: floats, labels, and the numbers that Java gets. */
typedef struct {
  float *values;
  size_t *labels;
  jint *chosen;
} found;

/* Return memory for a number of labels, which is `small` if they fit; release the values. */
static edgernn_status allocate_found(size_t count, found *small, found *large) {
  *large = *small;
  if (count <= SMALL_LABELS) return EDGERNN_OK;
  large->values = malloc(count * (sizeof(float) + sizeof(jint)) + CHOSEN * sizeof(jint));
  large->labels = malloc(count * sizeof(size_t));
  if (!large->values || !large->labels) return EDGERNN_ERROR_OUT_OF_MEMORY;
  large->chosen = (jint *)(void *)(large->values + count);
  return EDGERNN_OK;
}

static jint index_of(size_t label) { return label == EDGERNN_NO_LABEL ? -1 : (jint)label; }

/* Classify a text, and write the numbers that Java gets. */
static edgernn_status predict(const edgernn_classifier *classifier, const char *text, size_t bytes,
                              size_t count, const found *to) {
  size_t label, best, runner_up, applying;
  edgernn_status status = edgernn_classify(classifier, text, bytes, to->values, count, &label);
  if (!status) status = edgernn_rank(classifier, to->values, &best, &runner_up);
  if (!status) status = edgernn_labels(classifier, to->values, to->labels, count, &applying);
  if (status) return status;
  to->chosen[0] = index_of(label);
  to->chosen[1] = index_of(best);
  to->chosen[2] = index_of(runner_up);
  to->chosen[3] = (jint)applying;
  for (size_t i = 0; i < count; i++) to->chosen[CHOSEN + i] = i < applying ? index_of(to->labels[i]) : -1;
  return EDGERNN_OK;
}

NATIVE(jint, predict)(JNIEnv *env, jclass self, jlong handle, jbyteArray array,
                      jfloatArray probabilities, jintArray chosen) {
  (void)self;
  char small_text[SMALL_TEXT], *text;
  float values[SMALL_LABELS];
  size_t labels[SMALL_LABELS];
  jint numbers[CHOSEN + SMALL_LABELS];
  found small = {values, labels, numbers}, to;
  size_t bytes, count = (size_t)(*env)->GetArrayLength(env, probabilities);
  edgernn_status status = copy_text(env, array, small_text, &text, &bytes);
  if (status) return (jint)status;
  status = allocate_found(count, &small, &to);
  if (!status) status = predict(classifier_of(handle), text, bytes, count, &to);
  if (!status) {
    (*env)->SetFloatArrayRegion(env, probabilities, 0, (jsize)count, to.values);
    (*env)->SetIntArrayRegion(env, chosen, 0, (jsize)(CHOSEN + count), to.chosen);
  }
  if (to.values != values) free(to.values);
  if (to.labels != labels) free(to.labels);
  release_text(text, small_text);
  return (jint)status;
}

/* Tokenize into memory for `capacity` ids, which is set to their number. */
static edgernn_status tokenize_into(const edgernn_classifier *classifier, const char *text,
                                    size_t bytes, int32_t **ids, size_t *capacity) {
  size_t room = edgernn_tokenizer_scratch_size(classifier, bytes), count;
  void *whole, *scratch = allocate(room, &whole);
  edgernn_status status = EDGERNN_ERROR_OUT_OF_MEMORY;
  *ids = malloc(*capacity * sizeof **ids);
  if (scratch && *ids) {
    status = edgernn_tokenize(classifier, text, bytes, scratch, room, *ids, *capacity, &count);
    if (!status || status == EDGERNN_ERROR_CAPACITY) *capacity = count;
  }
  free(whole);
  if (status) free(*ids);
  return status;
}

NATIVE(jint, tokenize)(JNIEnv *env, jclass self, jlong handle, jbyteArray array,
                       jobjectArray found) {
  (void)self;
  char small[SMALL_TEXT], *text;
  int32_t *ids;
  size_t bytes, count;
  edgernn_status status = copy_text(env, array, small, &text, &bytes);
  if (status) return (jint)status;
  count = bytes + 1;
  status = tokenize_into(classifier_of(handle), text, bytes, &ids, &count);
  /* Padding or n-grams can give more ids than bytes. */
  if (status == EDGERNN_ERROR_CAPACITY) {
    status = tokenize_into(classifier_of(handle), text, bytes, &ids, &count);
  }
  release_text(text, small);
  if (status) return (jint)status;
  jintArray result = (*env)->NewIntArray(env, (jsize)count);
  if (result) {
    (*env)->SetIntArrayRegion(env, result, 0, (jsize)count, (const jint *)ids);
    (*env)->SetObjectArrayElement(env, found, 0, result);
  }
  free(ids);
  return EDGERNN_OK;
}

NATIVE(jint, selfTest)(JNIEnv *env, jclass self, jlong handle, jfloatArray found) {
  (void)self;
  size_t texts = 0;
  float values[2] = {0, 0};
  edgernn_status status = edgernn_self_test(classifier_of(handle), &texts, &values[1]);
  values[0] = (float)texts;
  (*env)->SetFloatArrayRegion(env, found, 0, 2, values);
  return (jint)status;
}
