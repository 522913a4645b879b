/* What the readers of a model.bin's parts share. */
#ifndef EDGERNN_READER_H
#define EDGERNN_READER_H

#include "layers.h"

#define EDGERNN_HEADER_BYTES 128
#define EDGERNN_LAYER_BYTES 64
#define EDGERNN_TENSOR_BYTES 40
#define EDGERNN_MOST_TENSORS 1024

/* The types that weights of recurrent and dense layers may have, a bit each. */
#define EDGERNN_WEIGHT_TYPES                                                       \
  (1u << EDGERNN_FLOAT32 | 1u << EDGERNN_FLOAT16 | 1u << EDGERNN_INT8 | 1u << EDGERNN_INT8_CODES)

typedef struct edgernn_reader {
  const unsigned char *data;
  uint64_t size;
  uint64_t tensor_table;
  uint32_t tensors;
} edgernn_reader;

static inline uint32_t edgernn_u32(const unsigned char *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t edgernn_u64(const unsigned char *p) {
  return edgernn_u32(p) | (uint64_t)edgernn_u32(p + 4) << 32;
}

/* Read a tensor by its number, of a rank and of one of the types, a bit each. */
edgernn_status edgernn_read_typed(const edgernn_reader *r, uint32_t index, uint32_t rank,
                                  uint32_t types, edgernn_tensor *tensor);

/* The same, of the types of weights. */
edgernn_status edgernn_read_tensor(const edgernn_reader *r, uint32_t index, uint32_t rank,
                                   edgernn_tensor *tensor);

#endif
