/* CRC-32 (ISO 3309), Adler-32 (RFC 1950) and SHA-256 (FIPS 180-4). */
#include "hashes.h"

#if (defined(__x86_64__)) && (defined(__GNUC__) || defined(__clang__))
#define EDGERNN_SHA_INSTRUCTIONS 1
#include <cpuid.h>
#include <immintrin.h>
#else
#define EDGERNN_SHA_INSTRUCTIONS 0
#endif

EDGERNN_INTERNAL uint32_t edgernn_crc32(const unsigned char *data, size_t size) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

/* Add bytes to both sums of an Adler-32. */
static void adler_add(uint32_t *sums, const unsigned char *data, size_t size) {
  /* 5552 bytes are the most for which the sums fit into 32 bits before they are reduced. */
  const uint32_t modulus = 65521, most = 5552;
  while (size) {
    size_t count = size < most ? size : most;
    uint32_t first = sums[0], second = sums[1];
    for (size_t i = 0; i < count; i++) second += first += data[i];
    sums[0] = first % modulus;
    sums[1] = second % modulus;
    data += count;
    size -= count;
  }
}

EDGERNN_INTERNAL uint32_t edgernn_adler32(const unsigned char *data, size_t size, size_t skip) {
  static const unsigned char zeros[4] = {0};
  uint32_t sums[2] = {1, 0};
  adler_add(sums, data, skip);
  adler_add(sums, zeros, 4);
  adler_add(sums, data + skip + 4, size - skip - 4);
  return sums[1] << 16 | sums[0];
}

/* Blocks that are hashed at a time. */
#define PART 64

static const uint32_t sha256_constants[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u,
    0xab1c5ed5u, 0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu,
    0x9bdc06a7u, 0xc19bf174u, 0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu,
    0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau, 0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u,
    0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u, 0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu,
    0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u, 0xa2bfe8a1u, 0xa81a664bu,
    0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u, 0x19a4c116u,
    0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u,
    0xc67178f2u};

static uint32_t rotated(uint32_t x, int bits) { return x >> bits | x << (32 - bits); }

static uint32_t big_endian(const unsigned char *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A round in which s[a] to s[h] are the variables of FIPS 180-4: their names move instead of them. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                       \
  s[h] += (rotated(s[e], 6) ^ rotated(s[e], 11) ^ rotated(s[e], 25)) +                         \
          ((s[e] & s[f]) ^ (~s[e] & s[g])) + sha256_constants[i] + w[i];                       \
  s[d] += s[h];                                                                                \
  s[h] += (rotated(s[a], 2) ^ rotated(s[a], 13) ^ rotated(s[a], 22)) +                         \
          ((s[a] & s[b]) ^ (s[a] & s[c]) ^ (s[b] & s[c]));

#if defined(__wasm__)
__attribute__((noinline))
#endif
static void sha256_portable(uint32_t *state, const unsigned char *data, size_t blocks) {
  for (; blocks; blocks--, data += 64) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++) w[i] = big_endian(data + 4 * i);
    for (int i = 16; i < 64; i++) {
      uint32_t a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (rotated(a, 7) ^ rotated(a, 18) ^ a >> 3) + w[i - 7] +
             (rotated(b, 17) ^ rotated(b, 19) ^ b >> 10);
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i += 8) {
      ROUND(0, 1, 2, 3, 4, 5, 6, 7, i)
      ROUND(7, 0, 1, 2, 3, 4, 5, 6, i + 1)
      ROUND(6, 7, 0, 1, 2, 3, 4, 5, i + 2)
      ROUND(5, 6, 7, 0, 1, 2, 3, 4, i + 3)
      ROUND(4, 5, 6, 7, 0, 1, 2, 3, i + 4)
      ROUND(3, 4, 5, 6, 7, 0, 1, 2, i + 5)
      ROUND(2, 3, 4, 5, 6, 7, 0, 1, i + 6)
      ROUND(1, 2, 3, 4, 5, 6, 7, 0, i + 7)
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
  }
}

#if EDGERNN_SHA_INSTRUCTIONS
static int has_sha_instructions(void) {
  unsigned a, b, c, d;
  /* SSE4.1. `__builtin_cpu_supports` needs a variable of the compiler's runtime library. */
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 19 & 1)) return 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

/* The state is held as the instructions want it: A B E F and C D G H, highest lane first. */
__attribute__((target("sha,sse4.1,ssse3"))) static void sha256_instructions(
    uint32_t *state, const unsigned char *data, size_t blocks) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
  __m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
  __m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
  uint32_t out[8];
  for (; blocks; blocks--, data += 64) {
    __m128i w[4], first = abef, second = cdgh;
    for (int i = 0; i < 16; i++) {
      __m128i *now = &w[i & 3], last = w[(i + 3) & 3];
      if (i < 4) {
        const void *from = data + 16 * i;
        *now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)from), swap);
      } else {
        __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(*now, w[(i + 1) & 3]),
                                    _mm_alignr_epi8(last, w[(i + 2) & 3], 4));
        *now = _mm_sha256msg2_epu32(sum, last);
      }
      const void *constants = sha256_constants + 4 * i;
      __m128i t = _mm_add_epi32(*now, _mm_loadu_si128((const __m128i *)constants));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, t);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(t, 0x0e));
    }
    abef = _mm_add_epi32(abef, first);
    cdgh = _mm_add_epi32(cdgh, second);
  }
  _mm_storeu_si128((__m128i *)(void *)out, abef);
  _mm_storeu_si128((__m128i *)(void *)(out + 4), cdgh);
  state[0] = out[3], state[1] = out[2], state[4] = out[1], state[5] = out[0];
  state[2] = out[7], state[3] = out[6], state[6] = out[5], state[7] = out[4];
}
#endif

static void sha256_blocks(uint32_t *state, const unsigned char *data, size_t blocks) {
#if EDGERNN_SHA_INSTRUCTIONS
  if (has_sha_instructions()) {
    sha256_instructions(state, data, blocks);
    return;
  }
#endif
  sha256_portable(state, data, blocks);
}

EDGERNN_INTERNAL int edgernn_sha256_is(edgernn_span data, const unsigned char *digits) {
  static const char hexadecimal[] = "0123456789abcdef";
  uint32_t state[8] = {0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
                       0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u};
  unsigned char end[128] = {0};
  size_t blocks = data.size / 64, rest = data.size % 64, last = rest < 56 ? 64 : 128;
  uint64_t bits = (uint64_t)data.size * 8;
  /* In parts, since WebAssembly engines replace a function by faster code only between two calls. */
  for (size_t i = 0; i < blocks; i += PART) {
    sha256_blocks(state, data.data + 64 * i, blocks - i < PART ? blocks - i : PART);
  }
  if (rest) memcpy(end, data.data + 64 * blocks, rest);
  end[rest] = 0x80;
  for (int i = 0; i < 8; i++) end[last - 1 - (size_t)i] = (unsigned char)(bits >> 8 * i);
  sha256_blocks(state, end, last / 64);
  for (int i = 0; i < 64; i++) {
    if (EDGERNN_CHECKSUMS && digits[i] != hexadecimal[state[i / 8] >> (28 - 4 * (i % 8)) & 15]) return 0;
  }
  return 1;
}
