/* The checksums of a bundle and of a model.bin. */
#ifndef EDGERNN_HASHES_H
#define EDGERNN_HASHES_H

#include "common.h"

/* CRC-32 as zip files have it, without a table: for small members. */
EDGERNN_INTERNAL uint32_t edgernn_crc32(const unsigned char *data, size_t size);

/* Adler-32 of RFC 1950 over a file in which the four bytes at `skip` count as zeros. */
EDGERNN_INTERNAL uint32_t edgernn_adler32(const unsigned char *data, size_t size, size_t skip);

/* Return whether the SHA-256 of the data is the one given as 64 hexadecimal digits. */
EDGERNN_INTERNAL int edgernn_sha256_is(edgernn_span data, const unsigned char *digits);

#endif
