/* The Python binding: an open classifier as an object. It is built against the stable interface, so that one
 * wheel serves every Python from 3.11. */
#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "edgernn.h"

#ifdef EDGERNN_THREADS
#include "edgernn_helper.h"
#endif

typedef struct engine {
  PyObject_HEAD
  Py_buffer data;
  void *memory, *scratch;
  size_t scratch_bytes;
  edgernn_classifier *classifier;
#ifdef EDGERNN_THREADS
  int has_helper;
  edgernn_helper helper;
#endif
} engine;

/* Raise ValueError(message, name of the status). */
static PyObject *failed(edgernn_status status) {
  PyObject *words = Py_BuildValue("(ss)", edgernn_status_message(status), edgernn_status_name(status));
  if (words) PyErr_SetObject(PyExc_ValueError, words);
  Py_XDECREF(words);
  return NULL;
}

/* PyMem_Malloc does not align as edgernn asks. */
static void *aligned(size_t bytes) {
  unsigned char *whole = PyMem_Malloc(bytes + EDGERNN_ALIGNMENT + sizeof(void *));
  if (!whole) return NULL;
  uintptr_t at = (uintptr_t)(whole + sizeof(void *)) + EDGERNN_ALIGNMENT - 1;
  unsigned char *start = whole + (at / EDGERNN_ALIGNMENT * EDGERNN_ALIGNMENT - (uintptr_t)whole);
  ((void **)(void *)start)[-1] = whole;
  return start;
}

static void release(void *start) {
  if (start) PyMem_Free(((void **)start)[-1]);
}

/* Start the second thread where there are POSIX threads. Returns 0 and sets an exception on failure. */
static int start_helper(engine *self) {
#ifdef EDGERNN_THREADS
  self->has_helper = !edgernn_helper_open(&self->helper);
  if (!self->has_helper) {
    PyErr_SetString(PyExc_ValueError, "a second thread cannot be started");
    return 0;
  }
  edgernn_executor executor = {edgernn_helper_run, &self->helper};
  edgernn_set_executor(self->classifier, &executor);
#else
  (void)self;
#endif
  return 1;
}

static edgernn_status open_classifier(engine *self, const char *kernels) {
  size_t bytes, size = (size_t)self->data.len;
  edgernn_status status = edgernn_memory_size(self->data.buf, size, kernels, &bytes);
  if (status) return status;
  self->memory = aligned(bytes);
  if (!self->memory) return EDGERNN_ERROR_OUT_OF_MEMORY;
  return edgernn_open(self->data.buf, size, kernels, self->memory, bytes, &self->classifier);
}

static PyObject *engine_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *data;
  const char *kernels = NULL;
  static char *names[] = {"data", "kernels", "threads", NULL};
  int threads = 1;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|zi", names, &data, &kernels, &threads)) return NULL;
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  engine *self = (engine *)allocate(type, 0);
  if (!self) return NULL;
  if (PyObject_GetBuffer(data, &self->data, PyBUF_SIMPLE)) {
    Py_DECREF(self);
    return NULL;
  }
  edgernn_status status = open_classifier(self, kernels);
  if (status) {
    Py_DECREF(self);
    return failed(status);
  }
  if (threads > 1 && !start_helper(self)) Py_CLEAR(self);
  return (PyObject *)self;
}

static void engine_free(engine *self) {
  PyTypeObject *type = Py_TYPE((PyObject *)self);
#ifdef EDGERNN_THREADS
  if (self->has_helper) edgernn_helper_close(&self->helper);
#endif
  edgernn_free(self->classifier);
  release(self->memory);
  release(self->scratch);
  if (self->data.obj) PyBuffer_Release(&self->data);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
}

/* Make the scratch at least so large. Returns 0 and sets an exception on failure. */
static int grow_scratch(engine *self, size_t bytes) {
  if (bytes <= self->scratch_bytes) return 1;
  release(self->scratch);
  self->scratch = aligned(bytes);
  self->scratch_bytes = self->scratch ? bytes : 0;
  if (!self->scratch) PyErr_NoMemory();
  return self->scratch != NULL;
}

static PyObject *engine_run(engine *self, PyObject *ids) {
  Py_buffer buffer;
  edgernn_status status;
  if (PyObject_GetBuffer(ids, &buffer, PyBUF_SIMPLE)) return NULL;
  size_t count = (size_t)buffer.len / sizeof(int32_t);
  size_t outputs = edgernn_output_count(self->classifier);
  PyObject *result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(outputs * sizeof(float)));
  if (!result || !grow_scratch(self, edgernn_ids_scratch_size(self->classifier, count))) {
    Py_XDECREF(result);
    PyBuffer_Release(&buffer);
    return NULL;
  }
  float *probabilities = (float *)(void *)PyBytes_AsString(result);
  Py_BEGIN_ALLOW_THREADS;
  status = edgernn_run_ids(self->classifier, buffer.buf, count, self->scratch, self->scratch_bytes,
                           probabilities, outputs);
  Py_END_ALLOW_THREADS;
  PyBuffer_Release(&buffer);
  if (status) {
    Py_DECREF(result);
    return failed(status);
  }
  return result;
}

static PyObject *list_of(const float *values, size_t count) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t i = 0; list && i < count; i++) {
    PyObject *value = PyFloat_FromDouble((double)values[i]);
    if (!value || PyList_SetItem(list, (Py_ssize_t)i, value)) Py_CLEAR(list);
  }
  return list;
}

static PyObject *engine_classify(engine *self, PyObject *text) {
  Py_buffer buffer;
  float few[32], *probabilities = few;
  size_t label = 0, labels = edgernn_label_count(self->classifier);
  if (PyObject_GetBuffer(text, &buffer, PyBUF_SIMPLE)) return NULL;
  if (labels > sizeof few / sizeof *few) probabilities = PyMem_Malloc(labels * sizeof *probabilities);
  edgernn_status status = probabilities ? EDGERNN_OK : EDGERNN_ERROR_OUT_OF_MEMORY;
  if (!status) {
    Py_BEGIN_ALLOW_THREADS;
    status = edgernn_classify(self->classifier, buffer.buf, (size_t)buffer.len, probabilities, labels, NULL);
    if (!status) status = edgernn_rank(self->classifier, probabilities, &label, NULL);
    Py_END_ALLOW_THREADS;
  }
  PyBuffer_Release(&buffer);
  PyObject *list = status ? failed(status) : list_of(probabilities, labels);
  if (probabilities != few) PyMem_Free(probabilities);
  return list ? Py_BuildValue("(nN)", (Py_ssize_t)label, list) : NULL;
}

/* ---- Many texts -------------------------------------------------------------------------------- */

/* The arrays of a batch of `count` texts in one block; the texts' bytes belong to their objects. */
typedef struct batch {
  size_t count;
  const char **texts;
  size_t *sizes;
  float *probabilities;
  edgernn_status *statuses;
} batch;

static int open_batch(batch *b, size_t count, size_t labels) {
  b->count = count;
  b->texts = PyMem_Calloc(count + 1, sizeof *b->texts);
  b->sizes = PyMem_Calloc(count + 1, sizeof *b->sizes);
  b->probabilities = PyMem_Calloc(count * labels + 1, sizeof *b->probabilities);
  b->statuses = PyMem_Calloc(count + 1, sizeof *b->statuses);
  if (b->texts && b->sizes && b->probabilities && b->statuses) return 1;
  PyErr_NoMemory();
  return 0;
}

static void close_batch(batch *b) {
  PyMem_Free(b->texts);
  PyMem_Free(b->sizes);
  PyMem_Free(b->probabilities);
  PyMem_Free(b->statuses);
}

/* Return the best label's number and all probabilities of a text, or its status in words. */
static PyObject *result_of(const batch *b, size_t index, size_t labels) {
  const float *values = b->probabilities + index * labels;
  edgernn_status status = b->statuses[index];
  size_t best = 0;
  if (status) return Py_BuildValue("(ss)", edgernn_status_message(status), edgernn_status_name(status));
  for (size_t i = 1; i < labels; i++) best = values[i] > values[best] ? i : best;
  PyObject *list = list_of(values, labels);
  return list ? Py_BuildValue("(nN)", (Py_ssize_t)best, list) : NULL;
}

static PyObject *results_of(const batch *b, size_t labels) {
  PyObject *list = PyList_New((Py_ssize_t)b->count);
  for (size_t i = 0; list && i < b->count; i++) {
    PyObject *result = result_of(b, i, labels);
    if (!result || PyList_SetItem(list, (Py_ssize_t)i, result)) Py_CLEAR(list);
  }
  return list;
}

static int point_at_texts(batch *b, PyObject *texts) {
  for (size_t i = 0; i < b->count; i++) {
    char *bytes;
    Py_ssize_t size;
    /* The tuple keeps its objects, and bytes do not change. */
    if (PyBytes_AsStringAndSize(PyTuple_GetItem(texts, (Py_ssize_t)i), &bytes, &size)) return 0;
    b->texts[i] = bytes;
    b->sizes[i] = (size_t)size;
  }
  return 1;
}

static PyObject *engine_classify_batch(engine *self, PyObject *texts) {
  size_t labels = edgernn_label_count(self->classifier);
  edgernn_status status;
  PyObject *list = NULL, *kept = PySequence_Tuple(texts);
  batch b;
  if (!kept) return NULL;
  if (open_batch(&b, (size_t)PyTuple_Size(kept), labels) && point_at_texts(&b, kept)) {
    Py_BEGIN_ALLOW_THREADS;
    status = edgernn_classify_batch(self->classifier, b.texts, b.sizes, b.count, b.probabilities,
                                    b.count * labels, NULL, b.statuses);
    Py_END_ALLOW_THREADS;
    list = status ? failed(status) : results_of(&b, labels);
  }
  close_batch(&b);
  Py_DECREF(kept);
  return list;
}

static PyObject *engine_kernels(engine *self, void *unused) {
  (void)unused;
  return PyUnicode_FromString(edgernn_kernels(self->classifier));
}

static PyObject *engine_reads_text(engine *self, void *unused) {
  (void)unused;
  return PyBool_FromLong(edgernn_label_count(self->classifier) > 0);
}

static PyObject *kernels(PyObject *module, PyObject *unused) {
  PyObject *list = PyList_New(0);
  const char *name;
  int supported;
  (void)module;
  (void)unused;
  for (size_t i = 0; list && (name = edgernn_kernel_name(i, &supported)); i++) {
    PyObject *item = supported ? PyUnicode_FromString(name) : NULL;
    if (item && PyList_Append(list, item)) Py_CLEAR(list);
    Py_XDECREF(item);
  }
  return list;
}

static PyObject *version(PyObject *module, PyObject *unused) {
  (void)module;
  (void)unused;
  return PyLong_FromLong(edgernn_version());
}

static PyMethodDef engine_methods[] = {
    {"run", (PyCFunction)(void (*)(void))engine_run, METH_O,
     "Return the outputs, float32 [C] as bytes, for ids, a buffer of int32 [T]. One thread at a time."},
    {"classify", (PyCFunction)(void (*)(void))engine_classify, METH_O,
     "Return the most probable label's number and all probabilities for a text, bytes of UTF-8. Thread-safe."},
    {"classify_batch", (PyCFunction)(void (*)(void))engine_classify_batch, METH_O,
     "Return what `classify` does for each of many texts, or the words of its status. Thread-safe."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef engine_fields[] = {
    {"kernels", (getter)(void (*)(void))engine_kernels, NULL, "The name of the kernels in use.", NULL},
    {"reads_text", (getter)(void (*)(void))engine_reads_text, NULL,
     "Whether the model contains its tokenizer and labels.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot engine_slots[] = {
    {Py_tp_new, (void *)engine_new},
    {Py_tp_dealloc, (void *)engine_free},
    {Py_tp_methods, engine_methods},
    {Py_tp_getset, engine_fields},
    {Py_tp_doc, "An open model.bin or bundle."},
    {0, NULL},
};

static PyType_Spec engine_spec = {
    "edgernn_runtime._native.Engine", sizeof(engine), 0, Py_TPFLAGS_DEFAULT, engine_slots,
};

static PyMethodDef module_methods[] = {
    {"kernels", kernels, METH_NOARGS, "Return the names of the kernels that this processor can run."},
    {"version", version, METH_NOARGS, "Return the version of the library as one number."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_native", "libedgernn.", 0, module_methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void) {
  PyObject *made = PyModule_Create(&module);
  PyObject *type = made ? PyType_FromSpec(&engine_spec) : NULL;
  if (!type || PyModule_AddObjectRef(made, "Engine", type)) {
    Py_XDECREF(type);
    Py_XDECREF(made);
    return NULL;
  }
  Py_DECREF(type);
  return made;
}
