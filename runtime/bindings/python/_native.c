/* The Python engine: a model.bin, open, behind one method. Built against the stable interface, so that
 * one wheel serves every Python from 3.11. */
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
  const edgernn_model *model;
  /* Whether a second thread runs one of two directions. */
  int in_pairs;
#ifdef EDGERNN_THREADS
  edgernn_helper helper;
#endif
} engine;

static PyObject *failed(edgernn_status status) {
  PyErr_SetString(PyExc_ValueError, edgernn_message(status));
  return NULL;
}

/* PyMem_Malloc does not align as far as the engine asks. */
static void *aligned(size_t bytes) {
  unsigned char *whole = PyMem_Malloc(bytes + EDGERNN_ALIGNMENT_BYTES + sizeof(void *));
  if (!whole) return NULL;
  uintptr_t at = (uintptr_t)(whole + sizeof(void *)) + EDGERNN_ALIGNMENT_BYTES - 1;
  unsigned char *start = whole + (at / EDGERNN_ALIGNMENT_BYTES * EDGERNN_ALIGNMENT_BYTES - (uintptr_t)whole);
  ((void **)(void *)start)[-1] = whole;
  return start;
}

static void release(void *start) {
  if (start) PyMem_Free(((void **)start)[-1]);
}

/* Start the second thread, on a system that has POSIX threads; returns 0 and sets an exception where
 * that fails. */
static int start_helper(engine *self) {
#ifdef EDGERNN_THREADS
  self->in_pairs = !edgernn_helper_open(&self->helper);
  if (!self->in_pairs) PyErr_SetString(PyExc_ValueError, "a second thread cannot be started");
  return self->in_pairs;
#else
  (void)self;
  return 1;
#endif
}

static PyObject *engine_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *data;
  const char *kernels = NULL;
  static char *names[] = {"data", "kernels", "threads", NULL};
  size_t bytes;
  int threads = 1;
  edgernn_status status;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|zi", names, &data, &kernels, &threads)) return NULL;
  allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  engine *self = (engine *)allocate(type, 0);
  if (!self) return NULL;
  if (PyObject_GetBuffer(data, &self->data, PyBUF_SIMPLE)) {
    Py_DECREF(self);
    return NULL;
  }
  status = edgernn_memory_size(self->data.buf, (size_t)self->data.len, &bytes);
  if (!status) {
    self->memory = aligned(bytes);
    if (!self->memory) {
      Py_DECREF(self);
      return PyErr_NoMemory();
    }
    status = edgernn_open(self->data.buf, (size_t)self->data.len, self->memory, bytes, kernels,
                          &self->model);
  }
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
  if (self->in_pairs) edgernn_helper_close(&self->helper);
#endif
  release(self->memory);
  release(self->scratch);
  if (self->data.obj) PyBuffer_Release(&self->data);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
}

static PyObject *engine_run(engine *self, PyObject *ids) {
  Py_buffer buffer;
  edgernn_status status;
  if (PyObject_GetBuffer(ids, &buffer, PyBUF_SIMPLE)) return NULL;
  size_t count = (size_t)buffer.len / sizeof(int32_t);
  size_t bytes = edgernn_scratch_size(self->model, count);
  size_t outputs = edgernn_outputs(self->model);
  PyObject *result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(outputs * sizeof(float)));
  if (result && bytes > self->scratch_bytes) {
    release(self->scratch);
    self->scratch = aligned(bytes);
    self->scratch_bytes = self->scratch ? bytes : 0;
    if (!self->scratch) {
      Py_DECREF(result);
      result = PyErr_NoMemory();
    }
  }
  if (!result) {
    PyBuffer_Release(&buffer);
    return NULL;
  }
  float *probabilities = (float *)(void *)PyBytes_AsString(result);
  const edgernn_pair *pair = NULL;
#ifdef EDGERNN_THREADS
  edgernn_pair with_helper = {edgernn_helper_run, &self->helper};
  if (self->in_pairs) pair = &with_helper;
#endif
  Py_BEGIN_ALLOW_THREADS;
  status = edgernn_predict_ids_in_pairs(self->model, buffer.buf, count, self->scratch,
                                        self->scratch_bytes, probabilities, pair);
  Py_END_ALLOW_THREADS;
  PyBuffer_Release(&buffer);
  if (status) {
    Py_DECREF(result);
    return failed(status);
  }
  return result;
}

static PyObject *engine_kernels(engine *self, void *unused) {
  (void)unused;
  return PyUnicode_FromString(edgernn_kernels_of(self->model));
}

static PyObject *kernels(PyObject *module, PyObject *unused) {
  PyObject *list = PyList_New(0);
  const char *name;
  int supported;
  (void)module;
  (void)unused;
  for (size_t i = 0; list && (name = edgernn_kernels(i, &supported)); i++) {
    PyObject *item = supported ? PyUnicode_FromString(name) : NULL;
    if (item && PyList_Append(list, item)) Py_CLEAR(list);
    Py_XDECREF(item);
  }
  return list;
}

static PyMethodDef engine_methods[] = {
    {"run", (PyCFunction)(void (*)(void))engine_run, METH_O,
     "Return the probabilities, float32 [C] as bytes, of ids, a buffer of int32 [T]."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef engine_fields[] = {
    {"kernels", (getter)(void (*)(void))engine_kernels, NULL, "The name of the kernels in use.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot engine_slots[] = {
    {Py_tp_new, (void *)engine_new},
    {Py_tp_dealloc, (void *)engine_free},
    {Py_tp_methods, engine_methods},
    {Py_tp_getset, engine_fields},
    {Py_tp_doc, "A model.bin, open. Used by one thread at a time."},
    {0, NULL},
};

static PyType_Spec engine_spec = {
    "edgernn_runtime._native.Engine", sizeof(engine), 0, Py_TPFLAGS_DEFAULT, engine_slots,
};

static PyMethodDef module_methods[] = {
    {"kernels", kernels, METH_NOARGS, "Return the names of the kernels that this processor can run."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_native", "edgernn's own engine.", 0, module_methods, NULL, NULL, NULL, NULL,
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
