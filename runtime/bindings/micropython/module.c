/* The MicroPython module `edgernn`, as native code in a .mpy file.
 *
 * A native module has no C library: what the compiler and libedgernn call is in support.c. It has no static
 * data either, so that a loaded model is an object of the interpreter's heap. */
/* A board reads a model.bin, and the heap is that of the interpreter. */
#define EDGERNN_WITHOUT_BUNDLES
#define EDGERNN_WITHOUT_HEAP
#define EDGERNN_WITHOUT_SIMD
#define EDGERNN_WITHOUT_BATCH
/* Only what is called below becomes part of the module. What was left out is declared, but not defined. */
#define EDGERNN_API static __attribute__((unused))
#pragma GCC diagnostic ignored "-Wunused-function"
#include "edgernn.c"

#include "py/dynruntime.h"

/* The collector finds a block by a pointer to its start alone. */
typedef struct model {
  mp_obj_base_t base;
  mp_obj_t data;
  void *memory;
  edgernn_classifier *classifier;
} model;

/* The linker of native modules takes zeroed data only if it is not static. */
mp_obj_full_type_t model_type;

/* Raise ValueError(name, message), name as in edgernn.h without EDGERNN_ERROR_. */
static void check(edgernn_status status) {
  if (!status) return;
  const char *name = edgernn_status_name(status) + sizeof "EDGERNN_ERROR_" - 1;
  const char *message = edgernn_status_message(status);
  mp_obj_t arguments[] = {mp_obj_new_str(name, strlen(name)), mp_obj_new_str(message, strlen(message))};
  mp_raise_dyn(mp_call_function_n_kw(mp_load_global(MP_QSTR_ValueError), 2, 0, arguments));
}

static void *aligned(void *block) {
  return (void *)(((uintptr_t)block + EDGERNN_ALIGNMENT - 1) / EDGERNN_ALIGNMENT * EDGERNN_ALIGNMENT);
}

static void *take(size_t bytes) { return m_malloc(bytes + EDGERNN_ALIGNMENT); }

/* Return the content of the file at a path. */
static mp_obj_t read_data(mp_obj_t path) {
  mp_obj_t call[3], arguments[] = {path, mp_obj_new_str("rb", 2)};
  mp_obj_t file = mp_call_function_n_kw(mp_load_global(MP_QSTR_open), 2, 0, arguments);
  mp_load_method(file, MP_QSTR_read, call);
  mp_obj_t data = mp_fun_table.call_method_n_kw(0, 0, call);
  mp_load_method(file, MP_QSTR_close, call);
  mp_fun_table.call_method_n_kw(0, 0, call);
  return data;
}

/* load(source): the path of a model.bin, or an object with its bytes, which must not change. */
static mp_obj_t load_model(mp_obj_t source) {
  mp_buffer_info_t data;
  size_t bytes = 0;
  model *self = mp_obj_malloc(model, (const mp_obj_type_t *)&model_type);
  self->data = mp_obj_get_type(source) == &mp_type_str ? read_data(source) : source;
  mp_get_buffer_raise(self->data, &data, MP_BUFFER_READ);
  check(edgernn_memory_size(data.buf, data.len, NULL, &bytes));
  self->memory = take(bytes);
  check(edgernn_open(data.buf, data.len, NULL, aligned(self->memory), bytes, &self->classifier));
  return MP_OBJ_FROM_PTR(self);
}
static MP_DEFINE_CONST_FUN_OBJ_1(load_obj, load_model);

static mp_obj_t label_of(const model *self, size_t index) {
  const char *label = edgernn_label(self->classifier, index);
  return mp_obj_new_str(label, strlen(label));
}

/* predict(text): the label, and a dictionary of all labels' probabilities. The label is None if the model has
 * thresholds and none is reached. */
static mp_obj_t predict(mp_obj_t self_object, mp_obj_t text) {
  const model *self = (const model *)MP_OBJ_TO_PTR(self_object);
  mp_buffer_info_t bytes;
  size_t best = 0, count = edgernn_label_count(self->classifier);
  mp_get_buffer_raise(text, &bytes, MP_BUFFER_READ);
  size_t size = edgernn_scratch_size(self->classifier, bytes.len);
  void *scratch = take(size);
  float *probabilities = (float *)m_malloc(count * sizeof(float));
  edgernn_status status = edgernn_classify_in(self->classifier, (const char *)bytes.buf, bytes.len,
                                              aligned(scratch), size, probabilities, count, &best);
  m_free(scratch);
  check(status);
  mp_obj_t all = mp_obj_new_dict(count);
  for (size_t i = 0; i < count; i++) {
    mp_obj_dict_store(all, label_of(self, i), mp_obj_new_float_from_f(probabilities[i]));
  }
  m_free(probabilities);
  mp_obj_t pair[] = {best == EDGERNN_NO_LABEL ? mp_const_none : label_of(self, best), all};
  return mp_obj_new_tuple(2, pair);
}
static MP_DEFINE_CONST_FUN_OBJ_2(predict_obj, predict);

/* tokenize(text): the ids that the model reads. */
static mp_obj_t tokenize(mp_obj_t self_object, mp_obj_t text) {
  const model *self = (const model *)MP_OBJ_TO_PTR(self_object);
  mp_buffer_info_t bytes;
  size_t count = 0;
  mp_get_buffer_raise(text, &bytes, MP_BUFFER_READ);
  size_t size = edgernn_tokenizer_scratch_size(self->classifier, bytes.len);
  void *scratch = take(size);
  const char *data = (const char *)bytes.buf;
  edgernn_status status =
      edgernn_tokenize(self->classifier, data, bytes.len, aligned(scratch), size, NULL, 0, &count);
  if (status != EDGERNN_ERROR_CAPACITY) check(status);
  int32_t *ids = (int32_t *)m_malloc(count * sizeof *ids + 1);
  check(edgernn_tokenize(self->classifier, data, bytes.len, aligned(scratch), size, ids, count, &count));
  m_free(scratch);
  mp_obj_t list = mp_obj_new_list(0, NULL);
  for (size_t i = 0; i < count; i++) mp_obj_list_append(list, mp_obj_new_int(ids[i]));
  m_free(ids);
  return list;
}
static MP_DEFINE_CONST_FUN_OBJ_2(tokenize_obj, tokenize);

/* labels(): all labels, in the order of the model. */
static mp_obj_t labels(mp_obj_t self_object) {
  const model *self = (const model *)MP_OBJ_TO_PTR(self_object);
  mp_obj_t list = mp_obj_new_list(0, NULL);
  for (size_t i = 0; i < edgernn_label_count(self->classifier); i++) {
    mp_obj_list_append(list, label_of(self, i));
  }
  return list;
}
static MP_DEFINE_CONST_FUN_OBJ_1(labels_obj, labels);

mp_map_elem_t methods[3];
static MP_DEFINE_CONST_DICT(methods_dict, methods);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
  MP_DYNRUNTIME_INIT_ENTRY
  (void)n_args, (void)n_kw, (void)args;
  model_type.base.type = &mp_type_type;
  model_type.name = MP_QSTR_Classifier;
  methods[0] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_predict), MP_OBJ_FROM_PTR(&predict_obj)};
  methods[1] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_tokenize), MP_OBJ_FROM_PTR(&tokenize_obj)};
  methods[2] = (mp_map_elem_t){MP_OBJ_NEW_QSTR(MP_QSTR_labels), MP_OBJ_FROM_PTR(&labels_obj)};
  MP_OBJ_TYPE_SET_SLOT(&model_type, locals_dict, (void *)&methods_dict, 0);
  mp_store_global(MP_QSTR_load, MP_OBJ_FROM_PTR(&load_obj));
  MP_DYNRUNTIME_INIT_EXIT
}
