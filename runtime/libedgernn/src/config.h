/* Switches that leave out what a program does not need.
 *
 * Define them for the compiler (-DEDGERNN_WITHOUT_GRAPHS), or in a file edgernn_config.h that it finds.
 * A file or model that needs what was left out is refused with EDGERNN_ERROR_NOT_IN_BUILD. A function
 * that was left out is not defined: a program that calls it does not link.
 *
 *   EDGERNN_WITHOUT_BUNDLES      .edgernn files: a program opens a model.bin of version 2. Implies
 *                                EDGERNN_WITHOUT_VERSION_1 and EDGERNN_WITHOUT_SELF_TEST.
 *   EDGERNN_WITHOUT_VERSION_1    model.bin of version 1, alone or in a bundle
 *   EDGERNN_WITHOUT_SELF_TEST    edgernn_self_test
 *   EDGERNN_WITHOUT_EXPLAIN      edgernn_explain
 *   EDGERNN_WITHOUT_BATCH        edgernn_classify_batch
 *   EDGERNN_WITHOUT_FILES        edgernn_load
 *   EDGERNN_WITHOUT_HEAP         what uses malloc: part 1 of edgernn.h, except labels. Implies
 *                                EDGERNN_WITHOUT_FILES, _EXPLAIN and _SELF_TEST.
 *   EDGERNN_WITHOUT_MESSAGES     edgernn_status_name and edgernn_status_message
 *   EDGERNN_WITHOUT_RECURRENT    recurrent layers; what remains is the wide path, pooling and dense layers
 *   EDGERNN_WITHOUT_GRU          cells other than LSTM
 *   EDGERNN_WITHOUT_FLOAT        recurrent layers and convolutions whose products are of floats
 *   EDGERNN_WITHOUT_FLOAT16      weights in float16
 *   EDGERNN_WITHOUT_ACTIVATIONS  activations other than linear, relu, tanh and sigmoid
 *   EDGERNN_WITHOUT_GRAPHS       layers of a graph: convolution, attention, ...
 *   EDGERNN_WITHOUT_WIDE         the wide path
 *   EDGERNN_WITHOUT_UNICODE      the tokenizer's Unicode rules, and the step unicode_lower
 *   EDGERNN_WITHOUT_STEPS        the steps of edgernn-tokenizer/3
 *   EDGERNN_WITHOUT_SIMD         kernels for vector instructions: the portable ones remain
 */
#ifndef EDGERNN_CONFIG_H
#define EDGERNN_CONFIG_H

#if defined(__has_include)
#if __has_include("edgernn_config.h")
#include "edgernn_config.h"
#endif
#endif

#ifdef EDGERNN_WITHOUT_BUNDLES
#define EDGERNN_HAS_BUNDLES 0
#else
#define EDGERNN_HAS_BUNDLES 1
#endif
#if defined(EDGERNN_WITHOUT_VERSION_1) || defined(EDGERNN_WITHOUT_BUNDLES)
#define EDGERNN_HAS_VERSION_1 0
#else
#define EDGERNN_HAS_VERSION_1 1
#endif
#if defined(EDGERNN_WITHOUT_SELF_TEST) || defined(EDGERNN_WITHOUT_BUNDLES) || defined(EDGERNN_WITHOUT_HEAP)
#define EDGERNN_HAS_SELF_TEST 0
#else
#define EDGERNN_HAS_SELF_TEST 1
#endif
#if defined(EDGERNN_WITHOUT_EXPLAIN) || defined(EDGERNN_WITHOUT_HEAP)
#define EDGERNN_HAS_EXPLAIN 0
#else
#define EDGERNN_HAS_EXPLAIN 1
#endif
#ifdef EDGERNN_WITHOUT_BATCH
#define EDGERNN_HAS_BATCH 0
#else
#define EDGERNN_HAS_BATCH 1
#endif
#if defined(EDGERNN_WITHOUT_FILES) || defined(EDGERNN_WITHOUT_HEAP)
#define EDGERNN_HAS_FILES 0
#else
#define EDGERNN_HAS_FILES 1
#endif
#ifdef EDGERNN_WITHOUT_HEAP
#define EDGERNN_HAS_HEAP 0
#else
#define EDGERNN_HAS_HEAP 1
#endif
#ifdef EDGERNN_WITHOUT_MESSAGES
#define EDGERNN_HAS_MESSAGES 0
#else
#define EDGERNN_HAS_MESSAGES 1
#endif
#ifdef EDGERNN_WITHOUT_RECURRENT
#define EDGERNN_HAS_RECURRENT 0
#else
#define EDGERNN_HAS_RECURRENT 1
#endif
#if defined(EDGERNN_WITHOUT_GRU) || defined(EDGERNN_WITHOUT_RECURRENT)
#define EDGERNN_HAS_GRU 0
#else
#define EDGERNN_HAS_GRU 1
#endif
#ifdef EDGERNN_WITHOUT_FLOAT
#define EDGERNN_HAS_FLOAT 0
#else
#define EDGERNN_HAS_FLOAT 1
#endif
#ifdef EDGERNN_WITHOUT_FLOAT16
#define EDGERNN_HAS_FLOAT16 0
#else
#define EDGERNN_HAS_FLOAT16 1
#endif
#ifdef EDGERNN_WITHOUT_ACTIVATIONS
#define EDGERNN_HAS_ACTIVATIONS 0
#else
#define EDGERNN_HAS_ACTIVATIONS 1
#endif
#ifdef EDGERNN_WITHOUT_GRAPHS
#define EDGERNN_HAS_GRAPHS 0
#else
#define EDGERNN_HAS_GRAPHS 1
#endif
#ifdef EDGERNN_WITHOUT_WIDE
#define EDGERNN_HAS_WIDE 0
#else
#define EDGERNN_HAS_WIDE 1
#endif
#ifdef EDGERNN_WITHOUT_UNICODE
#define EDGERNN_HAS_UNICODE 0
#else
#define EDGERNN_HAS_UNICODE 1
#endif
#ifdef EDGERNN_WITHOUT_STEPS
#define EDGERNN_HAS_STEPS 0
#else
#define EDGERNN_HAS_STEPS 1
#endif
#ifdef EDGERNN_WITHOUT_SIMD
#define EDGERNN_HAS_SIMD 0
#else
#define EDGERNN_HAS_SIMD 1
#endif

#endif
