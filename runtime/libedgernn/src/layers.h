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
/* The kinds of a graph. */
enum {
  EDGERNN_SELECTION = 6,
  EDGERNN_COMBINATION,
  EDGERNN_CONVOLUTION,
  EDGERNN_NORMALIZATION,
  EDGERNN_AFFINE,
  EDGERNN_WINDOWS,
  EDGERNN_ATTENTION,
  EDGERNN_TIME,
  EDGERNN_RESHAPE,
  EDGERNN_PADDING
};
enum { EDGERNN_CONCAT_ALL, EDGERNN_SUM_ALL, EDGERNN_AVE_ALL, EDGERNN_MUL_ALL, EDGERNN_SUB_ALL, EDGERNN_MAX_ALL, EDGERNN_MIN_ALL };
enum { EDGERNN_VALID, EDGERNN_SAME, EDGERNN_CAUSAL };
enum { EDGERNN_TIME_SOFTMAX, EDGERNN_COLUMN_SOFTMAX, EDGERNN_TIME_SUM };
enum { EDGERNN_BIGRAM, EDGERNN_TRIGRAM, EDGERNN_SKIP, EDGERNN_PATTERNS };

/* Poolings of one sequence side by side. */
#define EDGERNN_MOST_REDUCTIONS 4
/* Layers of a model; a source is the number of one, from 1 on, or 0 for the embedded text. */
#define EDGERNN_MOST_LAYERS 64u
#define EDGERNN_MOST_SOURCES 12u

typedef struct edgernn_direction {
  uint32_t cell, activation, gate_activation, reset_after, reverse, units;
  /* Whether the tensors are in the order in which kernels read them. */
  uint32_t is_packed;
  edgernn_tensor kernel, recurrent, bias;
  /* The same for the kernels; biases [groups * 16] in their order. */
  edgernn_matrix input_product, recurrent_product;
  const float *input_bias, *recurrent_bias;
} edgernn_direction;

/* What a layer of a graph has besides its tensors. */
typedef struct edgernn_node {
  /* Its sources in the file's record, and their number. */
  const unsigned char *sources;
  uint32_t source_count;
  /* Operation of a combination, form of a reshape, reduction of windows, border of a convolution. */
  uint32_t form, border;
  /* Windows over time: steps from the first tap to the last, from window to window, from tap to tap. */
  uint32_t taps, span, stride, dilation;
  /* First column of a selection, or whether a padding is in front; steps of a reshape or padding; most
   * steps of an attention. */
  uint32_t first, steps, heads, is_causal;
  /* Of an attention, or what is added to a variance. */
  float scale;
} edgernn_node;

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
  /* A graph; weights and bias are factors and summands of a column, or the vector of an attention. */
  edgernn_node node;
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

/* Prepare the matrices of a recurrent layer or a convolution; without memory in the arena, only count. */
EDGERNN_INTERNAL void edgernn_pack(edgernn_arena *arena, edgernn_layer *layer, const edgernn_kernel_table *kernels);

/* A sequence [T, width] of floats, or of int8 with a scale a step; a vector is one step. */
typedef struct edgernn_sequence {
  float *float32;
  int8_t *int8;
  const float *scales;
  /* The same where they are written. */
  float *own_scales;
  /* Elements from step to step, and how many of them are columns. */
  size_t steps, width, size;
  ptrdiff_t scale_stride;
} edgernn_sequence;

/* More scratch cannot be had: half of it and the rest of a text must not overflow. */
#define EDGERNN_MOST_SCRATCH ((size_t)-1 / 4)

/* Take the memory of the vectors of `steps` ids, and of a layer's output of `steps` steps. */
EDGERNN_INTERNAL void edgernn_open_text(edgernn_arena *arena, const edgernn_model *model, size_t steps,
                                        edgernn_sequence *x);
EDGERNN_INTERNAL void edgernn_open_output(edgernn_arena *arena, const edgernn_model *model, uint32_t index,
                                          size_t steps, edgernn_sequence *y);

/* Look up the vectors of `x->steps` ids, which are `stride` apart. */
EDGERNN_INTERNAL void edgernn_embed(const edgernn_model *model, const int32_t *ids, ptrdiff_t stride,
                                    edgernn_sequence *x);

/* Return a part of a sequence. */
EDGERNN_INTERNAL edgernn_sequence edgernn_steps_from(const edgernn_sequence *x, size_t first, size_t count);

/* Run a dense layer on every step. */
EDGERNN_INTERNAL void edgernn_run_dense(const edgernn_layer *layer, const edgernn_sequence *x,
                                        edgernn_sequence *y);

/* Return whether a layer's states need not be kept: a pooling follows, and no directions are merged before. */
EDGERNN_INTERNAL int edgernn_pools_states(const edgernn_model *model, uint32_t index);

/* Add `width` columns of a step to the running sums and maxima of a pooling, from `column` on. */
EDGERNN_INTERNAL void edgernn_pool_step(const edgernn_kernel_table *kernels, const edgernn_layer *layer,
                                        const float *step, int is_first, size_t column, size_t width, float *out);

/* Make the output of a pooling of the sums and maxima of `steps` steps. */
EDGERNN_INTERNAL void edgernn_finish_pooling(const edgernn_layer *layer, size_t steps, float *out);

/* Run a pooling over a sequence: the same bits as of steps that are pooled one by one. */
EDGERNN_INTERNAL void edgernn_run_pooling(const edgernn_model *model, uint32_t index, const edgernn_sequence *x,
                                          edgernn_sequence *y);

/* Return the bytes that a layer's directions take of the scratch; none but for a recurrent one. */
EDGERNN_INTERNAL size_t edgernn_recurrent_bytes(const edgernn_model *model, const edgernn_layer *layer,
                                                size_t steps);

/* Run a recurrent layer over a sequence with what is left of the scratch. */
EDGERNN_INTERNAL void edgernn_run_recurrent(const edgernn_model *model, const edgernn_layer *layer,
                                            const edgernn_sequence *x, edgernn_sequence *y, edgernn_arena arena,
                                            const edgernn_executor *executor);

/* Merge the outputs of two directions side by side as the layer says. */
EDGERNN_INTERNAL void edgernn_merge(const edgernn_layer *layer, edgernn_sequence *y);

/* Return the steps of a layer's output.
 *
 * steps: of each source, [index + 1]. */
EDGERNN_INTERNAL size_t edgernn_steps_of(const edgernn_layer *layer, uint32_t index, const size_t *steps);

/* Return the number of a layer's source. */
static inline uint32_t edgernn_source(const edgernn_layer *layer, uint32_t i) {
  return edgernn_field(layer->node.sources + 4 * (size_t)i);
}

/* Return the bytes that a layer of a graph takes of the scratch besides its output. */
EDGERNN_INTERNAL size_t edgernn_node_bytes(const edgernn_layer *layer, size_t steps);

/* Run a layer of a graph with what is left of the scratch.
 *
 * values: of each source, [index + 1]. y: with memory and steps, except for a selection. */
EDGERNN_INTERNAL void edgernn_run_node(const edgernn_model *model, const edgernn_layer *layer,
                                       uint32_t index, const edgernn_sequence *values,
                                       edgernn_sequence *y, edgernn_arena arena);

/* The same of a convolution and an attention. */
EDGERNN_INTERNAL size_t edgernn_convolution_bytes(const edgernn_layer *layer, size_t steps);
EDGERNN_INTERNAL void edgernn_run_convolution(const edgernn_model *model, const edgernn_layer *layer,
                                              const edgernn_sequence *x, edgernn_sequence *y,
                                              edgernn_arena arena);
EDGERNN_INTERNAL size_t edgernn_attention_bytes(const edgernn_layer *layer, size_t steps);
EDGERNN_INTERNAL void edgernn_run_attention(const edgernn_model *model, const edgernn_layer *layer,
                                            const edgernn_sequence *values, edgernn_sequence *y,
                                            edgernn_arena arena);

/* Return the steps in front of the first of a layer's windows over a sequence, which are zeros. */
EDGERNN_INTERNAL size_t edgernn_steps_before(const edgernn_node *node, size_t steps);

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
