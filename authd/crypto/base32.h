/* Base32 (RFC 4648, section 6): 32 symbols that people can read out and type. Each symbol stands
 * for five bits. Pure. */
#ifndef CRYPTO_BASE32_H
#define CRYPTO_BASE32_H

#include <stdint.h>

#include "base/span.h"

/* The number of letters for OCTETS octets, a multiple of five: such a text has no padding. */
#define BASE32_LENGTH(OCTETS) ((OCTETS) / 5 * 8)
/* The length of LETTERS letters in groups of four, with a hyphen between two groups. */
#define BASE32_PRINTABLE_LENGTH(LETTERS) ((LETTERS) + (LETTERS) / 4 - 1)

enum base32_case { BASE32_UPPER, BASE32_LOWER };

/* Writes BASE32_LENGTH(octets.len) letters and a NUL. */
void base32_encode(struct span octets, enum base32_case letters, char *out);

/* "abcdefgh" becomes "abcd-efgh": writes BASE32_PRINTABLE_LENGTH letters and a NUL. */
void base32_printable(struct span letters, char *out);

#endif
