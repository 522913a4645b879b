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

static uint64_t products(const edgernn_kernel_table *k, uint32_t groups, uint32_t depth,
                         size_t count, int reverse, uint64_t hash) {
  size_t rows = (size_t)groups * EDGERNN_GROUP;
  static int8_t weights[GROUPS * EDGERNN_GROUP * DEPTH], inputs[STEPS * DEPTH];
  static float scales[GROUPS * EDGERNN_GROUP], base[GROUPS * EDGERNN_GROUP], steps_scales[STEPS];
  static float out[STEPS * GROUPS * EDGERNN_GROUP];
  static int32_t first_sums[GROUPS * EDGERNN_GROUP];
  edgernn_matrix matrix = {weights, first_sums, NULL, scales, groups, depth};
  edgernn_steps steps;
  memset(first_sums, 0, sizeof first_sums);
  for (size_t i = 0; i < rows * depth; i++) {
    size_t row = i / (EDGERNN_GROUP * depth) * EDGERNN_GROUP + i / 4 % EDGERNN_GROUP;
    weights[i] = (int8_t)((int)(draw() % 255) - 127);
    first_sums[row] -= weights[i] * k->input_offset;
  }
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
  k->product_int8(&matrix, &steps);
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
  }
  return 0;
}
