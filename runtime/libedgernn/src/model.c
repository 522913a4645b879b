/* The reader of model.bin: every number is checked before it is used. */
#include "model.h"

#include "hashes.h"
#include "reader.h"

#define CHECKSUM_OFFSET 32
#define NEWEST_VERSION 3

EDGERNN_INTERNAL const edgernn_kernel_table *edgernn_find_kernels(const char *name) {
  for (size_t i = 0; edgernn_kernel_tables[i]; i++) {
    const edgernn_kernel_table *table = edgernn_kernel_tables[i];
    if ((!name || !strcmp(name, table->name)) && table->supported()) return table;
  }
  return NULL;
}

/* A state within [-1, 1] by construction can be an int8 of the fixed scale 1/127. */
static int is_bounded(const edgernn_direction *d) {
  int gate = d->gate_activation == EDGERNN_SIGMOID || d->gate_activation == EDGERNN_HARD_SIGMOID;
  return d->activation == EDGERNN_TANH && (gate || d->cell == EDGERNN_RNN);
}

/* Return whether a recurrent layer's products are of integers: its weights and its states must be, as
 * what goes in is. */
static uint32_t has_integers(const edgernn_layer *layer) {
  for (uint32_t i = 0; i < layer->directions; i++) {
    const edgernn_direction *d = &layer->direction[i];
    if (!is_bounded(d) || !edgernn_is_int8(&d->kernel) || !edgernn_is_int8(&d->recurrent)) return 0;
  }
  return layer->kind == EDGERNN_RECURRENT;
}

/* Read the layers, and prepare those that are recurrent. Without memory, only check and count. */
static edgernn_status read_layers(const edgernn_reader *r, edgernn_model *model, uint32_t is_integer,
                                  edgernn_arena *a) {
  edgernn_shapes shapes = {1, {model->embedding.columns}, {1}};
  uint32_t input_is_int8 = is_integer && edgernn_is_int8(&model->embedding);
  edgernn_layer one, *layer = &one;
  model->layers = EDGERNN_TAKE(a, edgernn_layer, model->layer_count);
  model->outputs = model->wide.outputs;
  if (model->layer_count == 0) return EDGERNN_OK;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    if (a->memory) layer = &model->layers[i];
    memset(layer, 0, sizeof *layer);
    layer->input_size = shapes.size[i];
    layer->is_sequence = shapes.is_sequence[i];
    edgernn_status status = edgernn_read_layer(r, i, &shapes, layer);
    if (status) return status;
    int is_named = EDGERNN_HAS_GRAPHS && edgernn_is_named(r, i);
    layer->is_int8 = input_is_int8 && has_integers(layer) && !is_named;
    int has_products = layer->kind == EDGERNN_RECURRENT || layer->kind == EDGERNN_CONVOLUTION;
    if (!EDGERNN_HAS_FLOAT && has_products && !layer->is_int8) return EDGERNN_ERROR_NOT_IN_BUILD;
    edgernn_pack(a, layer, model->kernels);
    input_is_int8 = layer->is_int8 && (layer->directions == 1 || layer->merge == EDGERNN_CONCAT);
    shapes.size[shapes.count] = layer->output_size;
    shapes.is_sequence[shapes.count++] = (unsigned char)layer->is_sequence;
  }
  model->outputs = layer->output_size;
  int is_head = layer->kind == EDGERNN_DENSE && layer->activation == EDGERNN_LINEAR && !layer->is_sequence;
  int fits = !model->wide.words || model->wide.outputs == model->outputs;
  return is_head && fits ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

/* Read what is at the ends of the layers: the embedding, the wide path, or both. */
static edgernn_status read_ends(const edgernn_reader *r, edgernn_model *model) {
  edgernn_status status = edgernn_read_wide(r, &model->wide);
  if (status) return status;
  if (model->wide.words) {
    if (!EDGERNN_HAS_WIDE) return EDGERNN_ERROR_NOT_IN_BUILD;
    model->layer_count--;
  }
  memset(&model->embedding, 0, sizeof model->embedding);
  if (model->layer_count == 0) return EDGERNN_OK;
  if ((status = edgernn_read_tensor(r, 0, 2, &model->embedding))) return status;
  int fits = !model->wide.words || model->wide.words == model->embedding.rows;
  return fits ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_MODEL;
}

/* Find the text section of versions 2 and 3, which lies behind the tables; offset 0 for no section. */
static edgernn_status read_section(const edgernn_reader *r, edgernn_span *section) {
  uint64_t offset = edgernn_wide_field(r->data + 40), bytes = edgernn_wide_field(r->data + 48);
  if (r->version < 2 || offset == 0) return EDGERNN_OK;
  if (offset % 64 || offset <= r->tensor_table || offset > r->size || bytes > r->size - offset) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  section->data = r->data + offset;
  section->size = (size_t)bytes;
  return EDGERNN_OK;
}

/* Check version, size and, unless that was done before, checksum. */
static edgernn_status check_file(const edgernn_reader *r, int is_checked) {
  if (r->version < 1) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (r->version > NEWEST_VERSION) return EDGERNN_ERROR_NEWER_VERSION;
  if (r->version == 1 && !EDGERNN_HAS_VERSION_1) return EDGERNN_ERROR_NOT_IN_BUILD;
  if (edgernn_wide_field(r->data + 24) != r->size) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (r->version == 1 || is_checked) return EDGERNN_OK;
  uint32_t checksum = edgernn_adler32(r->data, (size_t)r->size, CHECKSUM_OFFSET);
  int is_right = !EDGERNN_CHECKSUMS || checksum == edgernn_field(r->data + CHECKSUM_OFFSET);
  return is_right ? EDGERNN_OK : EDGERNN_ERROR_CHECKSUM;
}

/* Read what is in front of the layers. */
static edgernn_status read_header(edgernn_span data, int is_checked, edgernn_reader *r,
                                  edgernn_model *model, uint32_t *is_integer) {
  const uint32_t one = 1;
  if (*(const unsigned char *)&one != 1) return EDGERNN_ERROR_BIG_ENDIAN;
  if (!edgernn_is_aligned(data.data, 4)) return EDGERNN_ERROR_ALIGNMENT;
  r->data = data.data;
  r->size = data.size;
  r->version = data.size < EDGERNN_HEADER_BYTES ? 0 : edgernn_field(data.data + 8);
  edgernn_status status = check_file(r, is_checked);
  if (status) return status;
  model->head = edgernn_field(r->data + 12);
  r->layers = model->layer_count = edgernn_field(r->data + 16);
  r->tensors = edgernn_field(r->data + 20);
  *is_integer = edgernn_field(r->data + 96);
  if (model->head > EDGERNN_MULTILABEL || *is_integer > 1) return EDGERNN_ERROR_MALFORMED_MODEL;
  if (r->layers < 1 || r->layers > EDGERNN_MOST_LAYERS || r->tensors < 1 || r->tensors > EDGERNN_MOST_TENSORS) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  r->tensor_table = EDGERNN_HEADER_BYTES + (uint64_t)r->layers * EDGERNN_LAYER_BYTES;
  if (r->tensor_table + (uint64_t)r->tensors * EDGERNN_TENSOR_BYTES > r->size) {
    return EDGERNN_ERROR_MALFORMED_MODEL;
  }
  return EDGERNN_OK;
}

EDGERNN_INTERNAL edgernn_status edgernn_read_model(edgernn_span data, const edgernn_kernel_table *kernels,
                                                   int is_checked, edgernn_arena *arena, edgernn_model *model,
                                                   edgernn_span *section) {
  edgernn_reader r;
  uint32_t is_integer;
  section->data = NULL;
  section->size = 0;
  model->kernels = kernels;
  edgernn_status status = read_header(data, is_checked, &r, model, &is_integer);
  if (!status) status = read_section(&r, section);
  if (!status) status = read_ends(&r, model);
  return status ? status : read_layers(&r, model, is_integer, arena);
}
