/* A model: ids in, outputs out. */
#ifndef EDGERNN_MODEL_H
#define EDGERNN_MODEL_H

#include "layers.h"

/* Find kernels by name, or the fastest of this processor for NULL. Return NULL if there are none. */
EDGERNN_INTERNAL const edgernn_kernel_table *edgernn_find_kernels(const char *name);

/* Check a model.bin, and add to the arena what it needs; with memory in the arena, open it.
 *
 * is_checked: whether the checksum was checked before.
 * section: set to the text section, empty if there is none. data: at a multiple of 4. */
EDGERNN_INTERNAL edgernn_status edgernn_read_model(edgernn_span data, const edgernn_kernel_table *kernels,
                                                   int is_checked, edgernn_arena *arena, edgernn_model *model,
                                                   edgernn_span *section);

/* Return the bytes of scratch for `count` ids. */
EDGERNN_INTERNAL size_t edgernn_model_scratch(const edgernn_model *model, size_t count);

/* Return whether ids are at least one and within the vocabulary. */
EDGERNN_INTERNAL int edgernn_are_ids(const edgernn_model *model, const int32_t *ids, size_t count);

/* Write the outputs [C] for ids that were checked. */
EDGERNN_INTERNAL void edgernn_run_model(const edgernn_model *model, const int32_t *ids, size_t count,
                                        void *scratch, const edgernn_executor *executor, float *outputs);

/* ---- The parts of a run, for several texts side by side ---------------------------------------- */

/* Run a layer over `values[index]`. */
EDGERNN_INTERNAL void edgernn_run_layer(const edgernn_model *model, uint32_t index, edgernn_sequence *values,
                                        edgernn_arena arena, const edgernn_executor *executor);

/* Make outputs of logits. */
EDGERNN_INTERNAL void edgernn_write_outputs(const edgernn_model *model, const float *logits,
                                            float *outputs);

#endif
