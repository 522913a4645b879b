/* The layers of an open model, and how they are run; docs/model-bin.md describes the file. */
#ifndef EDGERNN_LAYERS_H
#define EDGERNN_LAYERS_H

#include "activations.h"
#include "arena.h"
#include "kernels/kernels.h"
#include "tensor.h"

enum { EDGERNN_LSTM, EDGERNN_GRU, EDGERNN_RNN };
enum { EDGERNN_CONCAT, EDGERNN_SUM, EDGERNN_AVE, EDGERNN_MUL };
enum { EDGERNN_MAX, EDGERNN_AVERAGE };
enum { EDGERNN_BINARY, EDGERNN_MULTICLASS, EDGERNN_MULTILABEL };
enum { EDGERNN_RECURRENT = 1, EDGERNN_DENSE, EDGERNN_POOLING, EDGERNN_WIDE, EDGERNN_POOLINGS };
enum { EDGERNN_BIGRAM, EDGERNN_TRIGRAM, EDGERNN_SKIP, EDGERNN_PATTERNS };

/* Poolings of one sequence side by side. */
#define EDGERNN_MOST_REDUCTIONS 4

typedef struct edgernn_direction {
  uint32_t cell, activation, gate_activation, reset_after, reverse, units;
  /* Whether the tensors are in the order in which kernels read them. */
  uint32_t is_packed;
  edgernn_tensor kernel, recurrent, bias;
  /* The same for the kernels; biases [groups * 16] in their order. */
  edgernn_matrix input_product, recurrent_product;
  const float *input_bias, *recurrent_bias;
} edgernn_direction;

typedef struct edgernn_layer {
  uint32_t kind;
  /* Recurrent. */
  uint32_t directions, merge, return_sequences;
  edgernn_direction direction[2];
  /* Whether products are of int8 inputs and states. */
  uint32_t is_int8;
  /* Dense. */
  uint32_t activation;
  edgernn_tensor weights, bias;
  /* Pooling: each reduction's output follows on that of the one before. */
  uint32_t reductions, reduction[EDGERNN_MOST_REDUCTIONS], padded_length;
  edgernn_tensor pad_row;
  /* What goes in and comes out, and whether it comes out as a sequence. */
  uint32_t input_size, output_size, is_sequence;
} edgernn_layer;

/* The wide path: a weight for each word and each hashed n-gram; docs/wide.md. */
typedef struct edgernn_wide {
  /* The number of words (0: no wide path), and the n-gram patterns, one bit each. */
  uint32_t words, patterns, outputs;
  edgernn_tensor weights, checksums, bias;
  /* Without one, `projection.values` is NULL, and a row of the weights is as wide as the outputs. */
  edgernn_tensor projection;
} edgernn_wide;

typedef struct edgernn_model {
  const edgernn_kernel_table *kernels;
  /* Layers of the recurrent path; without layers, the model has no embedding. */
  uint32_t head, layer_count, outputs;
  edgernn_wide wide;
  edgernn_tensor embedding;
  edgernn_layer *layers;
} edgernn_model;

/* Prepare the matrices of a recurrent layer; without memory in the arena, only count. */
EDGERNN_INTERNAL void edgernn_pack(edgernn_arena *arena, edgernn_layer *layer, const edgernn_kernel_table *kernels);

/* A sequence [T, width] of floats, or of int8 with a scale a step; a vector is one step. */
typedef struct edgernn_sequence {
  float *float32;
  int8_t *int8;
  const float *scales;
  /* The same where they are written. */
  float *own_scales;
  size_t steps, width;
  ptrdiff_t scale_stride;
} edgernn_sequence;

/* Return the bytes that a layer's directions take of the scratch; none but for a recurrent one. */
EDGERNN_INTERNAL size_t edgernn_recurrent_bytes(const edgernn_layer *layer, size_t steps);

/* Run a recurrent layer with what is left of the scratch. */
EDGERNN_INTERNAL void edgernn_run_recurrent(const edgernn_model *model, const edgernn_layer *layer,
                           const edgernn_sequence *x, edgernn_sequence *y, edgernn_arena arena,
                           const edgernn_executor *executor);

/* Return the bytes that the wide path takes of the scratch. */
EDGERNN_INTERNAL size_t edgernn_wide_bytes(const edgernn_wide *wide);

/* Add the wide path's logits to `logits` [outputs] with what is left of the scratch. */
EDGERNN_INTERNAL void edgernn_add_wide(const edgernn_wide *wide, const int32_t *ids, size_t count, edgernn_arena arena,
                      float *logits);

/* Return a size brought up to a whole number of groups. */
static inline size_t edgernn_padded(size_t size) { return edgernn_up_to(size, EDGERNN_GROUP); }

/* Return the number of gates of a cell. */
static inline uint32_t edgernn_gates(uint32_t cell) {
  return cell == EDGERNN_LSTM ? 4 : cell == EDGERNN_GRU ? 3 : 1;
}

#endif
