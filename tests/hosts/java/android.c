/* The Android host: host.c on the JNI functions of the AAR's library, without a JVM.
 *
 * It has the functions of edgernn.h that host.c uses, and calls the library with a table of the few
 * JNI functions that it needs. */
#include <jni.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edgernn.h"

/* A Java array: of bytes, numbers or arrays. */
typedef struct {
  jsize count, item;
  void *data;
} array;

struct edgernn_classifier {
  jlong handle;
};

#define NATIVE(type, name) extern type Java_org_edgernn_Native_##name
NATIVE(jint, open)(JNIEnv *, jclass, jobject, jbyteArray, jint, jlongArray);
NATIVE(void, close)(JNIEnv *, jclass, jlong);
NATIVE(jint, labelCount)(JNIEnv *, jclass, jlong);
NATIVE(jint, predict)(JNIEnv *, jclass, jlong, jbyteArray, jfloatArray, jintArray);
NATIVE(jint, tokenize)(JNIEnv *, jclass, jlong, jbyteArray, jobjectArray);

static array *new_array(jsize count, jsize item) {
  array *found = malloc(sizeof *found);
  *found = (array){count, item, calloc((size_t)count + 1, (size_t)item)};
  return found;
}

static void free_array(array *found) {
  free(found->data);
  free(found);
}

/* As a JVM does, stop at an access beyond the end. */
static char *at(void *object, jsize start, jsize count) {
  array *found = object;
  if (start < 0 || count < 0 || start > found->count - count) abort();
  return (char *)found->data + (size_t)start * (size_t)found->item;
}

static jsize JNICALL get_length(JNIEnv *env, jarray object) {
  (void)env;
  return ((array *)(void *)object)->count;
}

static void *JNICALL get_address(JNIEnv *env, jobject object) {
  (void)env;
  return ((array *)(void *)object)->data;
}

static void JNICALL get_bytes(JNIEnv *env, jbyteArray object, jsize start, jsize count, jbyte *data) {
  (void)env;
  memcpy(data, at(object, start, count), (size_t)count);
}

static void JNICALL set_floats(JNIEnv *env, jfloatArray object, jsize start, jsize count,
                               const jfloat *data) {
  (void)env;
  memcpy(at(object, start, count), data, (size_t)count * sizeof *data);
}

static void JNICALL set_longs(JNIEnv *env, jlongArray object, jsize start, jsize count,
                              const jlong *data) {
  (void)env;
  memcpy(at(object, start, count), data, (size_t)count * sizeof *data);
}

static void JNICALL set_ints(JNIEnv *env, jintArray object, jsize start, jsize count,
                             const jint *data) {
  (void)env;
  memcpy(at(object, start, count), data, (size_t)count * sizeof *data);
}

static jintArray JNICALL new_ints(JNIEnv *env, jsize count) {
  (void)env;
  return (jintArray)(void *)new_array(count, sizeof(jint));
}

static void JNICALL set_object(JNIEnv *env, jobjectArray object, jsize index, jobject value) {
  (void)env;
  memcpy(at(object, index, 1), &value, sizeof value);
}

static const struct JNINativeInterface_ table = {
    .GetArrayLength = get_length,
    .GetDirectBufferAddress = get_address,
    .GetByteArrayRegion = get_bytes,
    .SetFloatArrayRegion = set_floats,
    .SetLongArrayRegion = set_longs,
    .SetIntArrayRegion = set_ints,
    .NewIntArray = new_ints,
    .SetObjectArrayElement = set_object,
};
static JNIEnv environment = &table;

static array *bytes_of(const char *data, size_t size) {
  array *found = new_array((jsize)size, 1);
  if (size) memcpy(found->data, data, size);
  return found;
}

/* Open as a byte array and as a direct buffer, which must give one status. */
edgernn_status edgernn_load_memory(const void *data, size_t size, edgernn_classifier **classifier) {
  array *bytes = bytes_of(data, size), *handle = new_array(1, sizeof(jlong));
  jint copied = Java_org_edgernn_Native_open(&environment, NULL, NULL, (void *)bytes, bytes->count, (void *)handle);
  if (!copied) Java_org_edgernn_Native_close(&environment, NULL, *(jlong *)handle->data);
  jint status = Java_org_edgernn_Native_open(&environment, NULL, (void *)bytes, NULL, bytes->count, (void *)handle);
  if (status != copied) abort();
  *classifier = NULL;
  if (!status) {
    /* `bytes` is used in place: it stays. */
    *classifier = malloc(sizeof **classifier);
    (*classifier)->handle = *(jlong *)handle->data;
  } else {
    free_array(bytes);
  }
  free_array(handle);
  return (edgernn_status)status;
}

edgernn_status edgernn_load(const char *path, edgernn_classifier **classifier) {
  FILE *file = fopen(path, "rb");
  if (!file) return EDGERNN_ERROR_NOT_FOUND;
  static char data[1 << 24];
  size_t size = fread(data, 1, sizeof data, file);
  fclose(file);
  return edgernn_load_memory(data, size, classifier);
}

void edgernn_free(edgernn_classifier *classifier) {
  if (classifier) Java_org_edgernn_Native_close(&environment, NULL, classifier->handle);
  free(classifier);
}

size_t edgernn_label_count(const edgernn_classifier *classifier) {
  return (size_t)Java_org_edgernn_Native_labelCount(&environment, NULL, classifier->handle);
}

/* The labels of the last prediction. */
static array *chosen;

static size_t chosen_label(size_t index) {
  jint label = ((jint *)chosen->data)[index];
  return label < 0 ? EDGERNN_NO_LABEL : (size_t)label;
}

edgernn_status edgernn_classify(const edgernn_classifier *classifier, const char *text,
                                size_t text_bytes, float *probabilities, size_t capacity,
                                size_t *label) {
  jsize count = (jsize)edgernn_label_count(classifier);
  if ((size_t)count > capacity) abort();
  array *bytes = bytes_of(text, text_bytes), *values = new_array(count, sizeof(float));
  if (chosen) free_array(chosen);
  chosen = new_array(4 + count, sizeof(jint));
  jint status = Java_org_edgernn_Native_predict(&environment, NULL, classifier->handle, (void *)bytes,
                                                (void *)values, (void *)chosen);
  memcpy(probabilities, values->data, (size_t)count * sizeof *probabilities);
  free_array(bytes);
  free_array(values);
  if (!status) *label = chosen_label(0);
  return (edgernn_status)status;
}

edgernn_status edgernn_rank(const edgernn_classifier *classifier, const float *probabilities, size_t *best,
                            size_t *runner_up) {
  (void)classifier, (void)probabilities;
  *best = chosen_label(1);
  *runner_up = chosen_label(2);
  return EDGERNN_OK;
}

edgernn_status edgernn_labels(const edgernn_classifier *classifier, const float *probabilities,
                              size_t *labels, size_t capacity, size_t *count) {
  (void)classifier, (void)probabilities;
  *count = (size_t)((jint *)chosen->data)[3];
  if (*count > capacity) abort();
  for (size_t i = 0; i < *count; i++) labels[i] = chosen_label(4 + i);
  return EDGERNN_OK;
}

size_t edgernn_tokenizer_scratch_size(const edgernn_classifier *classifier, size_t text_bytes) {
  (void)classifier;
  return text_bytes;
}

edgernn_status edgernn_tokenize(const edgernn_classifier *classifier, const char *text,
                                size_t text_bytes, void *scratch, size_t scratch_bytes, int32_t *ids,
                                size_t capacity, size_t *count) {
  (void)scratch, (void)scratch_bytes;
  array *bytes = bytes_of(text, text_bytes), *found = new_array(1, sizeof(void *));
  jint status = Java_org_edgernn_Native_tokenize(&environment, NULL, classifier->handle, (void *)bytes, (void *)found);
  array *result = *(array **)found->data;
  if (!status) {
    *count = (size_t)result->count;
    if (*count > capacity) abort();
    memcpy(ids, result->data, *count * sizeof *ids);
    free_array(result);
  }
  free_array(bytes);
  free_array(found);
  return (edgernn_status)status;
}

/* The names come from the header: android.py passes them in order. */
const char *edgernn_status_name(edgernn_status status) {
  static const char *const names[] = {STATUS_NAMES};
  return names[status];
}
