/* The chain that seals the audit. Pure.
 *
 * A seal stands for a list of rows, each by its id and a digest of what it says, and for the seal
 * before it. Its MAC is keyed by a key that is not in the database: who can write there can break
 * the chain, but not make another that holds. All inputs are text, so that the chain can be checked
 * by other programs:
 *
 *     row digest   BLAKE2b-256 of the row's text
 *     list digest  BLAKE2b-256 of "ID:HEX OF ROW DIGEST\n" for each row, in order
 *     MAC          BLAKE2b-256, keyed, of the lines that seal_mac() writes
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include <sodium.h>

#include "base/span.h"

#define SEAL_OCTETS 32
#define SEAL_HEX    (2 * SEAL_OCTETS)

/* What a seal says. `previous` and `list` are hex, in lower case. */
struct seal {
    int64_t number; /* from 1, without gaps */
    const char *class_word;
    int64_t at;           /* microseconds since 1970 */
    int64_t count;        /* of rows */
    const char *previous; /* the MAC before it; of number 1: zeros */
    const char *list;
};

void seal_row_digest(struct span text, char out[static SEAL_HEX + 1]);

struct seal_list {
    crypto_generichash_state state;
};

void seal_list_init(struct seal_list *list);
void seal_list_add(struct seal_list *list, int64_t id, const char *digest);
void seal_list_finish(struct seal_list *list, char out[static SEAL_HEX + 1]);

void seal_mac(const uint8_t key[static SEAL_OCTETS], const struct seal *seal,
              char out[static SEAL_HEX + 1]);

#endif
