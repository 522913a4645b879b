/* The reader of zip files, of what APPNOTE.TXT allows only what a bundle uses: no compression, no
 * comment, one disk, no 64-bit sizes. The directory ends where the end record starts. */
#include "zip.h"

#define END_BYTES 22
#define ENTRY_BYTES 46
#define LOCAL_BYTES 30
#define IS_ENCRYPTED 1u

typedef struct known_member {
  const char *name;
  uint32_t most_bytes;
} known_member;

static const known_member known_members[EDGERNN_MEMBERS] = {
    {"manifest.json", 1u << 20},         {"vocab.txt", 512u << 20},    {"vectors.json", 16u << 20},
    {"README.md", 1u << 20},             {"model.tflite", 256u << 20}, {"model.onnx", 256u << 20},
    {"model.ort", 256u << 20},           {"model.bin", 256u << 20},
    {"required_operators.config", 1u << 20},
};

EDGERNN_INTERNAL const char *edgernn_member_name(size_t index) { return known_members[index].name; }

/* Return the index of a name, or EDGERNN_MEMBERS. */
static size_t index_of_member(const unsigned char *name, size_t length) {
  size_t i = 0;
  for (; i < EDGERNN_MEMBERS; i++) {
    const char *known = known_members[i].name;
    if (strlen(known) == length && !memcmp(known, name, length)) break;
  }
  return i;
}

/* Read one entry of the directory, which starts at `directory`, and find its member. */
static edgernn_status read_entry(edgernn_span file, const unsigned char *entry, size_t directory,
                                 edgernn_members *members) {
  uint32_t size = edgernn_u32(entry + 24), name_bytes = edgernn_u16(entry + 28);
  size_t local = edgernn_u32(entry + 42), start;
  size_t index = index_of_member(entry + ENTRY_BYTES, name_bytes);
  if (index == EDGERNN_MEMBERS || members->member[index].data) return EDGERNN_ERROR_MALFORMED_BUNDLE;
  if (edgernn_u16(entry + 8) & IS_ENCRYPTED || edgernn_u16(entry + 10) != 0 ||
      edgernn_u32(entry + 20) != size || size > known_members[index].most_bytes) {
    return EDGERNN_ERROR_MALFORMED_BUNDLE;
  }
  if (local > directory || directory - local < LOCAL_BYTES ||
      edgernn_u32(file.data + local) != 0x04034b50u) {
    return EDGERNN_ERROR_MALFORMED_BUNDLE;
  }
  start = local + LOCAL_BYTES + edgernn_u16(file.data + local + 26) + edgernn_u16(file.data + local + 28);
  if (start > directory || directory - start < size) return EDGERNN_ERROR_MALFORMED_BUNDLE;
  members->member[index].data = file.data + start;
  members->member[index].size = size;
  if (index == EDGERNN_MANIFEST) members->manifest_crc = edgernn_u32(entry + 16);
  return EDGERNN_OK;
}

EDGERNN_INTERNAL edgernn_status edgernn_read_zip(edgernn_span file, edgernn_members *members) {
  memset(members, 0, sizeof *members);
  if (file.size < END_BYTES || file.size > 0x7fffffffu) return EDGERNN_ERROR_NOT_A_BUNDLE;
  size_t end = file.size - END_BYTES, at, bytes;
  const unsigned char *record = file.data + end;
  if (edgernn_u32(record) != 0x06054b50u) return EDGERNN_ERROR_NOT_A_BUNDLE;
  members->count = edgernn_u16(record + 10);
  bytes = edgernn_u32(record + 12);
  at = edgernn_u32(record + 16);
  /* The numbers of the two disks, the entries on this disk, and the bytes of a comment. */
  if (edgernn_u32(record + 4) || edgernn_u16(record + 8) != members->count || edgernn_u16(record + 20)) {
    return EDGERNN_ERROR_MALFORMED_BUNDLE;
  }
  if (at > end || end - at != bytes) return EDGERNN_ERROR_MALFORMED_BUNDLE;
  size_t directory = at;
  for (uint32_t i = 0; i < members->count; i++) {
    const unsigned char *entry = file.data + at;
    if (end - at < ENTRY_BYTES || edgernn_u32(entry) != 0x02014b50u) return EDGERNN_ERROR_MALFORMED_BUNDLE;
    size_t length = ENTRY_BYTES + edgernn_u16(entry + 28) + edgernn_u16(entry + 30) + edgernn_u16(entry + 32);
    if (end - at < length) return EDGERNN_ERROR_MALFORMED_BUNDLE;
    edgernn_status status = read_entry(file, entry, directory, members);
    if (status) return status;
    at += length;
  }
  return at == end ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_BUNDLE;
}
