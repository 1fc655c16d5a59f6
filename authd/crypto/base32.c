#include "crypto/base32.h"

#define GROUP_OCTETS  5
#define GROUP_LETTERS 4

void base32_encode(struct span octets, enum base32_case letters, char *out)
{
    static const char *const alphabets[] = {
        [BASE32_UPPER] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        [BASE32_LOWER] = "abcdefghijklmnopqrstuvwxyz234567",
    };
    const char *alphabet = alphabets[letters];

    for (size_t at = 0; at + GROUP_OCTETS <= octets.len; at += GROUP_OCTETS) {
        uint64_t bits = 0;

        for (size_t i = 0; i < GROUP_OCTETS; i++) {
            bits = bits << 8 | (uint8_t)octets.ptr[at + i];
        }
        for (int shift = 35; shift >= 0; shift -= 5) {
            *out++ = alphabet[bits >> shift & 31];
        }
    }
    *out = '\0';
}

void base32_printable(struct span letters, char *out)
{
    for (size_t i = 0; i < letters.len; i++) {
        if (i > 0 && i % GROUP_LETTERS == 0) {
            *out++ = '-';
        }
        *out++ = letters.ptr[i];
    }
    *out = '\0';
}
