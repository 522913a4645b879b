/* What Python.h has to know of a target, from the compiler's own macros.
 *
 * Python's own pyconfig.h describes the machine that Python was built on. The stable ABI depends on
 * the sizes of types only, and on Windows on whether names are imported from python3.dll. */
#ifndef EDGERNN_PYCONFIG_H
#define EDGERNN_PYCONFIG_H

/* The include guards of the two files of CPython that this file replaces. */
#define Py_PYCONFIG_H
#define Py_CONFIG_H

#define SIZEOF_SHORT __SIZEOF_SHORT__
#define SIZEOF_INT __SIZEOF_INT__
#define SIZEOF_LONG __SIZEOF_LONG__
#define SIZEOF_LONG_LONG __SIZEOF_LONG_LONG__
#define SIZEOF_VOID_P __SIZEOF_POINTER__
#define SIZEOF_SIZE_T __SIZEOF_SIZE_T__
#define SIZEOF_WCHAR_T __SIZEOF_WCHAR_T__
#define SIZEOF_DOUBLE __SIZEOF_DOUBLE__
#define SIZEOF_FLOAT __SIZEOF_FLOAT__

#define STDC_HEADERS 1
#define HAVE_STDINT_H 1
#define HAVE_STDARG_PROTOTYPES 1

#ifdef _WIN32
#include <stddef.h>
#define MS_WINDOWS 1
#define MS_WIN32 1
#define MS_WIN64 1
#define HAVE_DECLSPEC_DLL 1
#define Py_ENABLE_SHARED 1
typedef ptrdiff_t Py_ssize_t;
#define HAVE_PY_SSIZE_T 1
#define PY_SSIZE_T_MAX ((Py_ssize_t)(((size_t)-1) >> 1))
#else
#define HAVE_SSIZE_T 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_UNISTD_H 1
#endif

#endif
