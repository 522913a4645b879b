/* Prints a line for each kind of kernels of this build: a hash of the bits of integer products, which is the
 * same on every processor, and the largest errors of gates. */
#include "kernels/kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GROUPS 17
#define DEPTH 132
#define STEPS 19

static uint32_t state;

static uint32_t draw(void) {
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

/* Floats of few bits, so that their products and sums depend on nothing but their order. */
static float draw_float(void) { return (float)((int)(draw() % 4001) - 2000) / 1024.0f; }

static uint64_t hashed(uint64_t hash, const void *data, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const unsigned char *)data)[i]) * 1099511628211u;
  return hash;
}

/* Draw the weights of a matrix, and make what the kernels' sums begin at. */
static void draw_weights(const edgernn_kernel_table *k, const edgernn_matrix *m, int8_t *weights, int32_t *first_sums) {
  size_t rows = (size_t)m->groups * EDGERNN_GROUP;
  memset(first_sums, 0, rows * sizeof *first_sums);
  for (size_t i = 0; i < rows * m->depth; i++) {
    size_t row = i / (EDGERNN_GROUP * m->depth) * EDGERNN_GROUP + i / 4 % EDGERNN_GROUP;
    weights[i] = (int8_t)((int)(draw() % 255) - 127);
    first_sums[row] -= weights[i] * k->input_offset;
  }
}

static uint64_t products(const edgernn_kernel_table *k, uint32_t groups, uint32_t depth,
                         size_t count, int reverse, uint64_t hash) {
  size_t rows = (size_t)groups * EDGERNN_GROUP;
  static int8_t weights[GROUPS * EDGERNN_GROUP * DEPTH], inputs[STEPS * DEPTH];
  static float scales[GROUPS * EDGERNN_GROUP], base[GROUPS * EDGERNN_GROUP], steps_scales[STEPS];
  static float out[STEPS * GROUPS * EDGERNN_GROUP];
  static int32_t first_sums[GROUPS * EDGERNN_GROUP];
  edgernn_matrix matrix = {weights, first_sums, NULL, scales, groups, depth};
  edgernn_steps steps;
  draw_weights(k, &matrix, weights, first_sums);
  for (size_t i = 0; i < count * depth; i++) {
    inputs[i] = (int8_t)(((int)(draw() % 256) - 128) ^ k->input_offset);
  }
  for (size_t i = 0; i < rows; i++) scales[i] = draw_float(), base[i] = draw_float();
  for (size_t i = 0; i < count; i++) steps_scales[i] = draw_float();
  memset(&steps, 0, sizeof steps);
  steps.count = count;
  steps.stride = reverse ? -(ptrdiff_t)depth : (ptrdiff_t)depth;
  steps.int8 = inputs + (reverse ? (count - 1) * depth : 0);
  steps.scale = steps_scales + (reverse ? count - 1 : 0);
  steps.scale_stride = reverse ? -1 : 1;
  steps.base = base;
  steps.out = out;
  steps.out_stride = (ptrdiff_t)rows;
  if (k->tiles) steps.prepared = k->tiles->prepare(depth, DEPTH, count);
  k->product_int8(&matrix, &steps);
  if (k->tiles) {
    /* The same products with the matrix as the second one. */
    memset(out, 0, sizeof out);
    steps.prepared = k->tiles->prepare(DEPTH - 100, depth, count);
    steps.is_second = 1;
    k->product_int8(&matrix, &steps);
    k->tiles->release();
  }
  return hashed(hash, out, count * rows * 4);
}

static double error_of(void (*values)(float *, size_t), double (*exact)(double)) {
  double largest = 0;
  for (int i = -4000; i < 4000; i++) {
    float x[EDGERNN_GROUP];
    for (int j = 0; j < EDGERNN_GROUP; j++) x[j] = ((float)i + (float)j / EDGERNN_GROUP) / 100.0f;
    float before[EDGERNN_GROUP];
    memcpy(before, x, sizeof x);
    values(x, EDGERNN_GROUP);
    for (int j = 0; j < EDGERNN_GROUP; j++) {
      double error = fabs((double)x[j] - exact((double)before[j]));
      if (!(error <= largest)) largest = error;
    }
  }
  return largest;
}

static double exact_sigmoid(double x) { return 1 / (1 + exp(-x)); }

static double lstm_error(const edgernn_kernel_table *k) {
  double largest = 0;
  for (int i = 0; i < 4000; i++) {
    float gates[4 * EDGERNN_GROUP], cell[EDGERNN_GROUP], hidden[EDGERNN_GROUP];
    double exact[2][EDGERNN_GROUP];
    for (int j = 0; j < 4 * EDGERNN_GROUP; j++) gates[j] = draw_float() * 6;
    for (int j = 0; j < EDGERNN_GROUP; j++) {
      cell[j] = draw_float() * (i % 10 ? 1.0f : 20.0f);
      double c = exact_sigmoid((double)gates[EDGERNN_GROUP + j]) * (double)cell[j];
      c += exact_sigmoid((double)gates[j]) * tanh((double)gates[2 * EDGERNN_GROUP + j]);
      exact[0][j] = c;
      exact[1][j] = exact_sigmoid((double)gates[3 * EDGERNN_GROUP + j]) * tanh(c);
    }
    k->lstm(gates, cell, hidden, 1);
    for (int j = 0; j < EDGERNN_GROUP; j++) {
      double scale = fabs(exact[0][j]) > 1 ? fabs(exact[0][j]) : 1;
      double error = fmax(fabs((double)cell[j] - exact[0][j]) / scale,
                          fabs((double)hidden[j] - exact[1][j]));
      if (!(error <= largest)) largest = error;
    }
  }
  return largest;
}

/* The kernels that have such a step. A small board has no memory for this test. */
#if EDGERNN_HAS_AMX
#define TEXTS 16
#define BLOCKS 4
#define UNITS (BLOCKS * EDGERNN_GROUP)

/* Whether a step of LSTM cells has the bits of its two products and gates. */
static int lstm_step_is_exact(const edgernn_kernel_table *k, uint32_t blocks, uint32_t depth, size_t texts) {
  static int8_t weights[2][4 * UNITS * DEPTH], inputs[TEXTS * DEPTH], states[TEXTS * DEPTH];
  static int32_t first_sums[2][4 * UNITS];
  static float scales[2][4 * UNITS], bias[4 * UNITS], input_scales[TEXTS], gates[TEXTS * 4 * UNITS];
  static float cells[2][TEXTS * UNITS], hidden[2][TEXTS * UNITS];
  static const float state_scale = 1.0f / 127.0f;
  uint32_t units = blocks * EDGERNN_GROUP, groups = 4 * blocks, rows = 4 * units;
  edgernn_matrix matrix = {weights[0], first_sums[0], NULL, scales[0], groups, depth};
  edgernn_matrix second = {weights[1], first_sums[1], NULL, scales[1], groups, units};
  draw_weights(k, &matrix, weights[0], first_sums[0]);
  draw_weights(k, &second, weights[1], first_sums[1]);
  for (size_t i = 0; i < rows; i++) scales[0][i] = draw_float() / 4096.0f, scales[1][i] = draw_float() / 4096.0f;
  for (size_t i = 0; i < sizeof inputs; i++) inputs[i] = (int8_t)draw(), states[i] = (int8_t)draw();
  for (size_t i = 0; i < rows; i++) bias[i] = draw_float();
  for (size_t i = 0; i < texts; i++) input_scales[i] = draw_float();
  for (size_t i = 0; i < texts * units; i++) cells[0][i] = cells[1][i] = draw_float();
  size_t prepared = k->tiles->prepare(depth, units, texts);
  edgernn_steps x = {texts, inputs, NULL, depth, input_scales, 1, bias, 0, gates, rows, 0, prepared, 0};
  edgernn_steps h = {texts, states, NULL, units, &state_scale, 0, gates, rows, gates, rows, 0, prepared, 1};
  k->tiles->lstm_step(&matrix, &x, &second, &h, cells[0], hidden[0]);
  k->product_int8(&matrix, &x);
  k->product_int8(&second, &h);
  k->tiles->release();
  k->lstm(gates, cells[1], hidden[1], texts * blocks);
  return !memcmp(cells[0], cells[1], texts * units * 4) && !memcmp(hidden[0], hidden[1], texts * units * 4);
}
#endif

int main(void) {
  for (size_t i = 0; edgernn_kernel_tables[i]; i++) {
    const edgernn_kernel_table *k = edgernn_kernel_tables[i];
    uint64_t hash = 14695981039346656037u;
    if (!k->supported()) continue;
    state = 1;
    for (uint32_t groups = 1; groups <= GROUPS; groups++) {
      for (uint32_t depth = 4; depth <= DEPTH; depth += 32) {
        for (size_t count = 1; count <= STEPS; count += 6) {
          hash = products(k, groups, depth, count, groups % 2, hash);
        }
      }
    }
    printf("%s %016llx sigmoid %.1e tanh %.1e lstm %.1e\n", k->name, (unsigned long long)hash,
           error_of(k->sigmoid, exact_sigmoid), error_of(k->tanh, tanh), lstm_error(k));
#if EDGERNN_HAS_AMX
    for (uint32_t depth = 4; k->tiles && depth <= DEPTH; depth += 4) {
      for (size_t texts = 4; texts <= TEXTS; texts += 3) {
        if (lstm_step_is_exact(k, depth / 4 % BLOCKS + 1, depth, texts)) continue;
        printf("%s: a step of %u inputs and %u texts differs\n", k->name, (unsigned)depth, (unsigned)texts);
        return 1;
      }
    }
#endif
  }
  return 0;
}
