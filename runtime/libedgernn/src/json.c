/* Checking and walking JSON. Walkers rely on the check, so that they need no bounds of their own:
 * within a checked text, every string and every bracket ends. */
#include "json.h"

#include "utf8.h"

static const unsigned char *skip_space(const unsigned char *p, const unsigned char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
  return p;
}

static int hex_digit(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* ---- Checking: each function returns the end of what it read, or NULL -------------------------- */

static const unsigned char *check_string(const unsigned char *p, const unsigned char *end) {
  for (p++; p < end && *p != '"'; p++) {
    if (*p < 0x20) return NULL;
    if (*p != '\\') continue;
    if (++p == end) return NULL;
    if (*p == 'u') {
      for (int i = 0; i < 4; i++) {
        if (++p == end || hex_digit(*p) < 0) return NULL;
      }
    } else if (!*p || !strchr("\"\\/bfnrt", *p)) {
      return NULL;
    }
  }
  return p < end ? p + 1 : NULL;
}

static const unsigned char *check_digits(const unsigned char *p, const unsigned char *end) {
  const unsigned char *start = p;
  while (p < end && *p >= '0' && *p <= '9') p++;
  return p > start ? p : NULL;
}

static const unsigned char *check_number(const unsigned char *p, const unsigned char *end) {
  if (*p == '-') p++;
  const unsigned char *first = p;
  p = check_digits(p, end);
  if (!p || (*first == '0' && p > first + 1)) return NULL;
  if (p < end && *p == '.') p = check_digits(p + 1, end);
  if (p && p < end && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < end && (*p == '+' || *p == '-')) p++;
    p = check_digits(p, end);
  }
  return p;
}

static const unsigned char *check_word(const unsigned char *p, const unsigned char *end) {
  static const char *const words[] = {"true", "false", "null"};
  for (size_t i = 0; i < 3; i++) {
    size_t length = strlen(words[i]);
    if ((size_t)(end - p) >= length && !memcmp(p, words[i], length)) return p + length;
  }
  return NULL;
}

static const unsigned char *check_scalar(const unsigned char *p, const unsigned char *end) {
  if (*p == '"') return check_string(p, end);
  return *p == '-' || (*p >= '0' && *p <= '9') ? check_number(p, end) : check_word(p, end);
}

/* Check a key and the colon behind it. */
static const unsigned char *check_key(const unsigned char *p, const unsigned char *end) {
  p = skip_space(p, end);
  if (p == end || *p != '"') return NULL;
  p = check_string(p, end);
  if (!p) return NULL;
  p = skip_space(p, end);
  return p < end && *p == ':' ? p + 1 : NULL;
}

static const unsigned char *check_value(const unsigned char *p, const unsigned char *end) {
  unsigned char open[EDGERNN_JSON_DEPTH];
  size_t depth = 0;
  for (;;) {
    p = skip_space(p, end);
    if (p == end) return NULL;
    if (*p == '{' || *p == '[') {
      unsigned char bracket = *p;
      const unsigned char *inside = skip_space(p + 1, end);
      if (depth == EDGERNN_JSON_DEPTH) return NULL;
      open[depth++] = bracket;
      if (inside == end || *inside != (bracket == '{' ? '}' : ']')) {
        p = bracket == '{' ? check_key(p + 1, end) : p + 1;
        if (!p) return NULL;
        continue;
      }
      p = inside;
    } else {
      p = check_scalar(p, end);
      if (!p) return NULL;
      p = skip_space(p, end);
    }
    /* Behind a value: close what ends here, or go to the next one. */
    while (depth && p < end && *p == (open[depth - 1] == '{' ? '}' : ']')) {
      depth--;
      p = skip_space(p + 1, end);
    }
    if (depth == 0) return p;
    if (p == end || *p != ',') return NULL;
    p = open[depth - 1] == '{' ? check_key(p + 1, end) : p + 1;
    if (!p) return NULL;
  }
}

/* ---- Walking ----------------------------------------------------------------------------------- */

static const unsigned char *skip_string(const unsigned char *p) {
  for (p++; *p != '"'; p++) p += *p == '\\';
  return p + 1;
}

/* Return the end of a value. */
static const unsigned char *skip_value(edgernn_json value) {
  const unsigned char *p = value.at;
  size_t depth = 0;
  for (;;) {
    if (*p == '"') {
      p = skip_string(p);
    } else if (*p == '{' || *p == '[') {
      depth++;
      p++;
    } else if (*p == '}' || *p == ']') {
      depth--;
      p++;
    } else if (depth && (*p == ',' || *p == ':')) {
      p++;
    } else {
      while (p < value.end && !strchr(",:{}[]\" \t\n\r", *p)) p++;
    }
    if (depth == 0) return p;
    p = skip_space(p, value.end);
  }
}

/* Return the value at a place, or an absent one if a bracket closes there. */
static edgernn_json value_at(const unsigned char *p, const unsigned char *end) {
  edgernn_json value = {skip_space(p, end), end};
  if (*value.at == '}' || *value.at == ']') value.at = NULL;
  return value;
}

EDGERNN_INTERNAL int edgernn_json_type(edgernn_json value) {
  if (!value.at) return 0;
  return *value.at == '-' || (*value.at >= '0' && *value.at <= '9') ? '0' : *value.at;
}

EDGERNN_INTERNAL edgernn_json edgernn_json_first(edgernn_json array) {
  edgernn_json none = {NULL, array.end};
  return edgernn_json_type(array) == '[' ? value_at(array.at + 1, array.end) : none;
}

EDGERNN_INTERNAL edgernn_json edgernn_json_next(edgernn_json element) {
  edgernn_json none = {NULL, element.end};
  const unsigned char *p = skip_space(skip_value(element), element.end);
  return *p == ',' ? value_at(p + 1, element.end) : none;
}

/* Return the value behind a key. */
static edgernn_json value_of(edgernn_json key) {
  return value_at(skip_space(skip_string(key.at), key.end) + 1, key.end);
}

static edgernn_json first_key(edgernn_json object) {
  edgernn_json none = {NULL, object.end};
  return edgernn_json_type(object) == '{' ? value_at(object.at + 1, object.end) : none;
}

EDGERNN_INTERNAL edgernn_json edgernn_json_get(edgernn_json object, const char *name) {
  edgernn_json key = first_key(object);
  while (key.at && !edgernn_json_equals(key, name)) key = edgernn_json_next(value_of(key));
  return key.at ? value_of(key) : key;
}

EDGERNN_INTERNAL size_t edgernn_json_keys(edgernn_json object) {
  size_t count = 0;
  for (edgernn_json key = first_key(object); key.at; key = edgernn_json_next(value_of(key))) count++;
  return count;
}

EDGERNN_INTERNAL edgernn_json edgernn_json_value(edgernn_json object, size_t index) {
  edgernn_json key = first_key(object);
  for (size_t i = 0; i < index; i++) key = edgernn_json_next(value_of(key));
  return value_of(key);
}

static uint32_t four_digits(const unsigned char *p) {
  return (uint32_t)(hex_digit(p[0]) << 12 | hex_digit(p[1]) << 8 | hex_digit(p[2]) << 4 | hex_digit(p[3]));
}

/* Read the escape behind a backslash at `*p`, and go behind it. Return 0xffffffff for half of a pair. */
static uint32_t read_escape(const unsigned char **p) {
  static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
  unsigned char letter = *(*p)++;
  if (letter != 'u') {
    const char *known = strchr(letters, letter);
    return known ? (uint32_t)values[known - letters] : letter;
  }
  uint32_t unit = four_digits(*p);
  *p += 4;
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  if (unit > 0xdbff || (*p)[0] != '\\' || (*p)[1] != 'u') return 0xffffffffu;
  uint32_t low = four_digits(*p + 2);
  if (low < 0xdc00 || low > 0xdfff) return 0xffffffffu;
  *p += 6;
  return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

/* Decode the character or escape at `*p`, and go behind it. Return its bytes, or (size_t)-1. */
static size_t read_character(const unsigned char **p, unsigned char *bytes) {
  unsigned char lead = **p;
  if (lead == '\\') {
    (*p)++;
    uint32_t code_point = read_escape(p);
    return code_point == 0xffffffffu ? (size_t)-1 : edgernn_utf8_encode(code_point, bytes);
  }
  size_t count = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  memcpy(bytes, *p, count);
  *p += count;
  return count;
}

EDGERNN_INTERNAL size_t edgernn_json_string(edgernn_json string, unsigned char *out) {
  size_t used = 0;
  for (const unsigned char *p = string.at + 1; *p != '"';) {
    unsigned char bytes[EDGERNN_UTF8_BYTES];
    size_t count = read_character(&p, bytes);
    if (count == (size_t)-1) return count;
    if (out) memcpy(out + used, bytes, count);
    used += count;
  }
  return used;
}

EDGERNN_INTERNAL int edgernn_json_has_nul(edgernn_json string) {
  for (const unsigned char *p = string.at + 1; *p != '"';) {
    if (*p++ == '\\' && read_escape(&p) == 0) return 1;
  }
  return 0;
}

EDGERNN_INTERNAL int edgernn_json_equals(edgernn_json value, const char *text) {
  unsigned char bytes[64];
  size_t length = strlen(text);
  if (edgernn_json_type(value) != '"' || edgernn_json_string(value, NULL) != length) return 0;
  if (length > sizeof bytes) return 0;
  edgernn_json_string(value, bytes);
  return !memcmp(bytes, text, length);
}

EDGERNN_INTERNAL int edgernn_json_same(edgernn_json a, edgernn_json b) {
  const unsigned char *p = a.at + 1, *q = b.at + 1;
  while (*p != '"' && *q != '"') {
    unsigned char first[EDGERNN_UTF8_BYTES], second[EDGERNN_UTF8_BYTES];
    size_t count = read_character(&p, first);
    if (count == (size_t)-1 || read_character(&q, second) != count || memcmp(first, second, count)) return 0;
  }
  return *p == '"' && *q == '"';
}

EDGERNN_INTERNAL int edgernn_json_integer(edgernn_json value, uint32_t least, uint32_t most,
                                          uint32_t *number) {
  uint64_t sum = 0;
  const unsigned char *p = value.at;
  if (edgernn_json_type(value) != '0') return 0;
  for (; p < value.end && *p >= '0' && *p <= '9'; p++) {
    sum = 10 * sum + (uint64_t)(*p - '0');
    if (sum > most) return 0;
  }
  if (p < value.end && strchr("-.eE", *p)) return 0;
  *number = (uint32_t)sum;
  return sum >= least;
}

/* Return 10 to the power of an exponent, clamped to the range of a double. */
static double power_of_ten(int exponent) {
  double power = 1;
  int steps = exponent < 0 ? -exponent : exponent;
  for (steps = steps > 400 ? 400 : steps; steps; steps--) power *= 10;
  return power;
}

EDGERNN_INTERNAL int edgernn_json_probability(edgernn_json value, float *number) {
  const unsigned char *p = value.at, *end = value.end;
  double digits = 0;
  int exponent = 0, is_fraction = 0, sign = 1, power = 0;
  if (edgernn_json_type(value) != '0') return 0;
  int is_negative = *p == '-';
  p += is_negative;
  for (; p < end && ((*p >= '0' && *p <= '9') || *p == '.'); p++) {
    if (*p == '.') {
      is_fraction = 1;
    } else if (digits < 1e17) {
      digits = 10 * digits + (*p - '0');
      exponent -= is_fraction;
    } else {
      exponent += !is_fraction;
    }
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < end && (*p == '+' || *p == '-')) sign = *p++ == '-' ? -1 : 1;
    for (; p < end && *p >= '0' && *p <= '9'; p++) power = power < 9999 ? 10 * power + (*p - '0') : power;
  }
  exponent += sign * power;
  if (digits <= 0) exponent = 0;
  double result = exponent < 0 ? digits / power_of_ten(exponent) : digits * power_of_ten(exponent);
  *number = (float)result;
  return (!is_negative || digits <= 0) && result >= 0 && result <= 1;
}

/* ---- Parsing ----------------------------------------------------------------------------------- */

/* Return whether an object has at most EDGERNN_JSON_KEYS keys, and each once. */
static int has_distinct_keys(edgernn_json object) {
  edgernn_json keys[EDGERNN_JSON_KEYS];
  size_t count = 0;
  for (edgernn_json key = first_key(object); key.at; key = edgernn_json_next(value_of(key))) {
    if (count == EDGERNN_JSON_KEYS) return 0;
    for (size_t i = 0; i < count; i++) {
      if (edgernn_json_same(keys[i], key)) return 0;
    }
    keys[count++] = key;
  }
  return 1;
}

EDGERNN_INTERNAL int edgernn_json_parse(edgernn_span text, edgernn_json *value) {
  const unsigned char *end = text.data + text.size;
  if (!edgernn_is_utf8(text.data, text.size)) return 0;
  value->at = skip_space(text.data, end);
  value->end = end;
  if (check_value(value->at, end) != end) return 0;
  for (const unsigned char *p = value->at; p < end; p++) {
    edgernn_json object = {p, end};
    if (*p == '{' && !has_distinct_keys(object)) return 0;
    if (*p == '"') p = skip_string(p) - 1;
  }
  return 1;
}
