/* The C host: host FOLDER, which prints what it replayed and what passed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edgernn.h"

#define MOST_LINE (1 << 20)

static char line[MOST_LINE], path[4096];
static const char *folder;

static FILE *open_file(const char *name) {
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file) exit(2);
  return file;
}

/* Decode hexadecimal digits in place; "-" is nothing. */
static size_t decode(char *word) {
  size_t used = 0;
  if (*word == '-') return 0;
  for (; word[2 * used]; used++) {
    char digits[3] = {word[2 * used], word[2 * used + 1], 0};
    word[used] = (char)strtol(digits, NULL, 16);
  }
  return used;
}

/* Return the classifier of a bundle, which stays open for the lines that follow. */
static edgernn_classifier *classifier_of(const char *bundle) {
  static edgernn_classifier *open;
  static char name[256];
  if (!strcmp(bundle, name)) return open;
  edgernn_free(open);
  snprintf(name, sizeof name, "%s", bundle);
  snprintf(path, sizeof path, "%s/bundles/%s", folder, bundle);
  if (edgernn_load(path, &open)) exit(3);
  return open;
}

/* Return the label of the next word; "-" is none. */
static size_t next_label(void) {
  const char *word = strtok(NULL, " \n");
  return *word == '-' ? EDGERNN_NO_LABEL : (size_t)strtol(word, NULL, 10);
}

/* Compare the labels that apply with numbers and commas, or "-". */
static int are_labels(const edgernn_classifier *classifier, const float *probabilities, char *expected) {
  size_t labels[256], count;
  if (edgernn_labels(classifier, probabilities, labels, 256, &count)) return 0;
  for (size_t i = 0; i < count; i++) {
    if ((size_t)strtol(expected, &expected, 10) != labels[i] || *expected != (i + 1 < count ? ',' : 0)) return 0;
    expected++;
  }
  return count || *expected == '-';
}

static int replay_prediction(void) {
  float probabilities[256], tolerance;
  edgernn_classifier *classifier = classifier_of(strtok(line, " \n"));
  char *text = strtok(NULL, " \n");
  size_t bytes = decode(text), label, best, runner_up;
  size_t expected = next_label(), expected_best = next_label(), expected_runner_up = next_label();
  char *labels = strtok(NULL, " \n"), *values = strtok(NULL, " \n");
  tolerance = strtof(strtok(NULL, " \n"), NULL);
  if (edgernn_classify(classifier, text, bytes, probabilities, 256, &label) || label != expected) return 0;
  if (edgernn_rank(classifier, probabilities, &best, &runner_up)) return 0;
  if (best != expected_best || runner_up != expected_runner_up) return 0;
  if (!are_labels(classifier, probabilities, labels)) return 0;
  for (size_t i = 0; i < edgernn_label_count(classifier); i++, values++) {
    if (!(fabsf(strtof(values, &values) - probabilities[i]) <= tolerance)) return 0;
  }
  return 1;
}

static int replay_token(void) {
  static int32_t ids[4096];
  edgernn_classifier *classifier = classifier_of(strtok(line, " \n"));
  char *text = strtok(NULL, " \n"), *expected = strtok(NULL, " \n");
  size_t bytes = decode(text), count, room = edgernn_tokenizer_scratch_size(classifier, bytes);
  void *whole = malloc(room + 64);
  void *scratch = (void *)(((uintptr_t)whole + 63) / 64 * 64);
  edgernn_status status = edgernn_tokenize(classifier, text, bytes, scratch, room, ids, 4096, &count);
  int passed = !status && (*expected == '-' || count);
  for (size_t i = 0; passed && i < count; i++) {
    passed = *expected && strtol(expected, &expected, 10) == ids[i];
    expected += *expected == ',';
  }
  free(whole);
  return passed && (*expected == '-' ? !count : !*expected);
}

/* Put the parts of a broken file together. */
static size_t assemble(const char *base, char *data) {
  size_t used = 0;
  for (char *part; (part = strtok(NULL, " \n"));) {
    size_t length;
    if (*part == '=') {
      size_t start = (size_t)strtol(part + 1, &part, 10);
      length = (size_t)strtol(part + 1, NULL, 10);
      memcpy(data + used, base + start, length);
    } else {
      length = decode(part + 1);
      memcpy(data + used, part + 1, length);
    }
    used += length;
  }
  return used;
}

static int replay_broken(void) {
  static char base[MOST_LINE], data[2 * MOST_LINE];
  char bundle[512], *name = strtok(line, " \n"), *status = strtok(NULL, " \n");
  edgernn_classifier *classifier;
  snprintf(bundle, sizeof bundle, "bundles/%s", strtok(NULL, " \n"));
  FILE *file = open_file(bundle);
  if (!fread(base, 1, sizeof base, file)) exit(2);
  fclose(file);
  size_t size = assemble(base, data);
  /* A copy of the exact size, so that sanitizers see a read beyond it. */
  char *copy = malloc(size + 1);
  memcpy(copy, data, size);
  const char *found = edgernn_status_name(edgernn_load_memory(copy, size, &classifier));
  edgernn_free(classifier);
  free(copy);
  found += strncmp(found, "EDGERNN_ERROR_", 14) ? strlen("EDGERNN_") : strlen("EDGERNN_ERROR_");
  int passed = !strcmp(found, status);
  if (!passed) fprintf(stderr, "%s: %s instead of %s\n", name, found, status);
  return passed;
}

static void replay(const char *name, const char *file_name, int (*replay_line)(void)) {
  int count = 0, passed = 0;
  FILE *file = open_file(file_name);
  for (; fgets(line, sizeof line, file); count++) passed += replay_line();
  fclose(file);
  printf("%s %d %d\n", name, count, passed);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  folder = arguments[1];
  replay("predictions", "predictions.txt", replay_prediction);
  replay("tokens", "tokens.txt", replay_token);
  replay("broken", "broken.txt", replay_broken);
  return 0;
}
