/* The reader of bundles. The manifest is protected by the CRC-32 of the archive, every other member by
 * its SHA-256 in the manifest. */
#include "bundle.h"

#include "hashes.h"
#include "text.h"
#include "zip.h"

#define SHA256_DIGITS 64
/* Where a version 1 model.bin has the hash of its vocabulary. */
#define VOCABULARY_HASH 32

EDGERNN_INTERNAL int edgernn_is_model_bin(edgernn_span data) {
  return data.size >= 12 && !memcmp(data.data, "EDGERNN", 8);
}

EDGERNN_INTERNAL int edgernn_is_self_contained(edgernn_span data) {
  return edgernn_is_model_bin(data) && edgernn_u32(data.data + 8) >= 2;
}

/* ---- The manifest ------------------------------------------------------------------------------ */

static edgernn_status check_schema(edgernn_json schema) {
  static const char name[] = "edgernn-bundle/";
  unsigned char text[sizeof name + 8];
  size_t length = sizeof name - 1, size = edgernn_json_type(schema) == '"' ? edgernn_json_string(schema, NULL) : 0;
  uint32_t version = 0;
  if (size <= length || size > length + 8) return EDGERNN_ERROR_MALFORMED_MANIFEST;
  edgernn_json_string(schema, text);
  if (memcmp(text, name, length)) return EDGERNN_ERROR_MALFORMED_MANIFEST;
  for (size_t i = length; i < size; i++) {
    if (text[i] < '0' || text[i] > '9') return EDGERNN_ERROR_MALFORMED_MANIFEST;
    version = 10 * version + (uint32_t)(text[i] - '0');
  }
  if (version < 1) return EDGERNN_ERROR_MALFORMED_MANIFEST;
  return version > EDGERNN_SCHEMA ? EDGERNN_ERROR_NEWER_VERSION : EDGERNN_OK;
}

/* Return where a member's SHA-256 is in the file if the member's description is well-formed, else NULL. */
static const unsigned char *sha256_of(edgernn_json description, uint32_t *bytes) {
  edgernn_json sha256 = edgernn_json_get(description, "sha256");
  if (!edgernn_json_integer(edgernn_json_get(description, "bytes"), 0, 0xffffffffu, bytes)) return NULL;
  if (edgernn_json_type(sha256) != '"') return NULL;
  for (size_t i = 1; i <= SHA256_DIGITS; i++) {
    unsigned char c = sha256.at[i];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return NULL;
  }
  return sha256.at[SHA256_DIGITS + 1] == '"' ? sha256.at + 1 : NULL;
}

/* Check the fields that no other function reads. */
static int has_fields(edgernn_json manifest) {
  static const char *const strings[] = {"format", "recipe", "lowering", "model", "created_by"};
  static const char *const objects[] = {"interface", "figures", "members"};
  edgernn_json members = edgernn_json_get(manifest, "members");
  uint32_t bytes;
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    if (edgernn_json_type(edgernn_json_get(manifest, strings[i])) != '"') return 0;
  }
  for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
    if (edgernn_json_type(edgernn_json_get(manifest, objects[i])) != '{') return 0;
  }
  for (size_t i = 0; i < edgernn_json_keys(members); i++) {
    if (!sha256_of(edgernn_json_value(members, i), &bytes)) return 0;
  }
  return 1;
}

static edgernn_status read_manifest(const edgernn_members *members, edgernn_json *manifest) {
  edgernn_span none = {NULL, 0}, file = members->member[EDGERNN_MANIFEST];
  size_t unused;
  if (EDGERNN_CHECKSUMS && edgernn_crc32(file.data, file.size) != members->manifest_crc) {
    return EDGERNN_ERROR_CHECKSUM;
  }
  if (!edgernn_json_parse(file, manifest)) return EDGERNN_ERROR_MALFORMED_MANIFEST;
  edgernn_status status = check_schema(edgernn_json_get(*manifest, "schema"));
  if (!status) status = edgernn_make_text(*manifest, none, NULL, &unused);
  if (!status && !has_fields(*manifest)) status = EDGERNN_ERROR_MALFORMED_MANIFEST;
  return status;
}

/* ---- The members ------------------------------------------------------------------------------- */

/* Check that the manifest names the members that are there, and find the model. */
static edgernn_status check_names(const edgernn_members *members, edgernn_json manifest, edgernn_span *model) {
  edgernn_json described = edgernn_json_get(manifest, "members"), name = edgernn_json_get(manifest, "model");
  if (edgernn_json_keys(described) + 1 != members->count) return EDGERNN_ERROR_MALFORMED_BUNDLE;
  for (size_t i = EDGERNN_MANIFEST + 1; i < EDGERNN_MEMBERS; i++) {
    if (!members->member[i].data) continue;
    if (!edgernn_json_get(described, edgernn_member_name(i)).at) return EDGERNN_ERROR_MALFORMED_BUNDLE;
    if (edgernn_json_equals(name, edgernn_member_name(i))) *model = members->member[i];
  }
  return model->data ? EDGERNN_OK : EDGERNN_ERROR_MALFORMED_BUNDLE;
}

static edgernn_status check_hashes(const edgernn_members *members, edgernn_json manifest) {
  edgernn_json described = edgernn_json_get(manifest, "members");
  for (size_t i = EDGERNN_MANIFEST + 1; i < EDGERNN_MEMBERS; i++) {
    edgernn_span file = members->member[i];
    uint32_t bytes = 0;
    if (!file.data) continue;
    const unsigned char *digits = sha256_of(edgernn_json_get(described, edgernn_member_name(i)), &bytes);
    if (bytes != file.size || !edgernn_sha256_is(file, digits)) return EDGERNN_ERROR_CHECKSUM;
  }
  return EDGERNN_OK;
}

/* Check that a version 1 model was written for this vocabulary. */
static edgernn_status check_pair(edgernn_span model, edgernn_span vocab_txt) {
  if (!edgernn_is_model_bin(model) || model.size < VOCABULARY_HASH + SHA256_DIGITS) return EDGERNN_ERROR_CHECKSUM;
  return edgernn_sha256_is(vocab_txt, model.data + VOCABULARY_HASH) ? EDGERNN_OK : EDGERNN_ERROR_CHECKSUM;
}

/* Return the largest error of an output that a self-test passes. A recipe that this version does not know
 * gets the strict one: then a self-test may fail, but none passes that should not. */
static float tolerance_of(edgernn_json recipe) {
  static const char *const integer[] = {"int8", "int8-full"};
  for (size_t i = 0; i < sizeof integer / sizeof *integer; i++) {
    if (edgernn_json_equals(recipe, integer[i])) return 1e-2f;
  }
  return 1e-4f;
}

EDGERNN_INTERNAL edgernn_status edgernn_read_bundle(edgernn_span file, edgernn_bundle *bundle) {
  edgernn_members members;
  edgernn_status status = edgernn_read_zip(file, &members);
  memset(bundle, 0, sizeof *bundle);
  if (status) return status;
  for (size_t i = 0; i < EDGERNN_MEMBERS; i++) {
    int is_needed = i == EDGERNN_MANIFEST || i == EDGERNN_VECTORS || i == EDGERNN_CARD;
    if (is_needed && !members.member[i].data) return EDGERNN_ERROR_MALFORMED_BUNDLE;
  }
  if ((status = read_manifest(&members, &bundle->manifest))) return status;
  if ((status = check_names(&members, bundle->manifest, &bundle->model))) return status;
  if ((status = check_hashes(&members, bundle->manifest))) return status;
  bundle->vectors = members.member[EDGERNN_VECTORS];
  bundle->vocab_txt = members.member[EDGERNN_VOCAB_TXT];
  if (!edgernn_json_equals(edgernn_json_get(bundle->manifest, "format"), "native")) {
    return EDGERNN_ERROR_OTHER_FORMAT;
  }
  bundle->tolerance = tolerance_of(edgernn_json_get(bundle->manifest, "recipe"));
  if (edgernn_is_self_contained(bundle->model)) {
    bundle->vocab_txt.data = NULL;
    return EDGERNN_OK;
  }
  if (!bundle->vocab_txt.data) return EDGERNN_ERROR_MALFORMED_BUNDLE;
  if (!EDGERNN_HAS_VERSION_1) return EDGERNN_ERROR_NOT_IN_BUILD;
  return check_pair(bundle->model, bundle->vocab_txt);
}
