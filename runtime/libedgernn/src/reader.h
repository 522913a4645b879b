/* What the readers of a model.bin's parts share. */
#ifndef EDGERNN_READER_H
#define EDGERNN_READER_H

#include "layers.h"

#define EDGERNN_HEADER_BYTES 128
#define EDGERNN_LAYER_BYTES 64
#define EDGERNN_TENSOR_BYTES 40
#define EDGERNN_MOST_TENSORS 1024
/* More inputs or units of a recurrent layer: a sum of integer products might not fit into 32 bits. The
 * bound also holds for joined poolings and a wide path, so that no size overflows. */
#define EDGERNN_MOST_INPUTS 65536u

/* The types that weights of recurrent and dense layers may have, a bit each. */
#define EDGERNN_WEIGHT_TYPES                                                       \
  (1u << EDGERNN_FLOAT32 | 1u << EDGERNN_FLOAT16 | 1u << EDGERNN_INT8 | 1u << EDGERNN_INT8_CODES)

/* Bounds of a graph: steps, columns of a vector, windows that contain one step, and the products of an
 * attention. A sequence has at most EDGERNN_MOST_INPUTS columns, so that no size overflows. */
#define EDGERNN_MOST_TIME 65536u
#define EDGERNN_MOST_VECTOR (1u << 22)
#define EDGERNN_MOST_OVERLAP 64u
#define EDGERNN_MOST_PRODUCTS (1u << 30)

/* The outputs that a layer can read: the embedded text, and those of the layers in front of it. */
typedef struct edgernn_shapes {
  uint32_t count;
  uint32_t size[EDGERNN_MOST_LAYERS + 1];
  unsigned char is_sequence[EDGERNN_MOST_LAYERS + 1];
} edgernn_shapes;

typedef struct edgernn_reader {
  const unsigned char *data;
  uint64_t size;
  uint64_t tensor_table;
  uint32_t version, tensors, layers;
} edgernn_reader;

/* Read a tensor by its number, of a rank and of one of the types, a bit each. */
EDGERNN_INTERNAL edgernn_status edgernn_read_typed(const edgernn_reader *r, uint32_t index, uint32_t rank,
                                                   uint32_t types, edgernn_tensor *tensor);

/* The same, of the types of weights. */
EDGERNN_INTERNAL edgernn_status edgernn_read_tensor(const edgernn_reader *r, uint32_t index, uint32_t rank,
                                                    edgernn_tensor *tensor);

/* Read a matrix of a recurrent layer, stored in the order in which kernels read it. */
EDGERNN_INTERNAL edgernn_status edgernn_read_packed(const edgernn_reader *r, uint32_t index, uint32_t gates,
                                                    edgernn_tensor *tensor);

/* Read the record of a layer, except that of a wide path. `input_size` and `is_sequence` are set. */
EDGERNN_INTERNAL edgernn_status edgernn_read_layer(const edgernn_reader *r, uint32_t index,
                                                   const edgernn_shapes *shapes, edgernn_layer *layer);

/* Read a layer of a graph. `kind`, `input_size` and `is_sequence` are set. */
EDGERNN_INTERNAL edgernn_status edgernn_read_node(const edgernn_reader *r, const unsigned char *record,
                                                  const edgernn_shapes *shapes, edgernn_layer *layer);

/* Return whether a layer names a source; a layer in front of it then gives floats. */
EDGERNN_INTERNAL int edgernn_is_named(const edgernn_reader *r, uint32_t source);

/* Read a wide path, if the last record is one; else `wide->words` is 0. */
EDGERNN_INTERNAL edgernn_status edgernn_read_wide(const edgernn_reader *r, edgernn_wide *wide);

#endif
