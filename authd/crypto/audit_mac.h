/* The chain of seals of the audit. Pure.
 *
 * A seal covers a list of rows, each by its id and a digest of its content, and the seal before it.
 * The MAC of a seal needs a key that is kept outside the database: an attacker who can write to the
 * database can break the chain, but cannot make another valid chain. All inputs are text, so that
 * other programs can check the chain:
 *
 *     row digest   BLAKE2b-256 of the row's text
 *     list digest  BLAKE2b-256 of "ID:HEX OF ROW DIGEST\n" for each row, in order
 *     MAC          BLAKE2b-256, keyed, of the lines that audit_mac_seal() writes
 *
 * A tag shows that a call of authd wrote a row. Seals, tags and digests of arguments are made with
 * one key; each kind of text begins with another line, so none can pass for another kind. */
#ifndef CRYPTO_AUDIT_MAC_H
#define CRYPTO_AUDIT_MAC_H

#include <sodium.h>

#include "base/span.h"

#define AUDIT_MAC_OCTETS 32
#define AUDIT_MAC_HEX    (2 * AUDIT_MAC_OCTETS)
/* A nonce, a tag and a digest of arguments have 128 bits: nobody can try them without the key. */
#define AUDIT_TAG_OCTETS 16
#define AUDIT_TAG_HEX    (2 * AUDIT_TAG_OCTETS)

/* The content of a seal. `previous` and `list` are lower-case hex. */
struct audit_seal {
    int64_t number;         /* from 1, without gaps */
    const char *class_word; /* word for the class of the rows */
    int64_t at;             /* microseconds since 1970 */
    int64_t drained;        /* when the queue was last seen empty, microseconds since 1970 */
    int64_t count;          /* number of rows */
    const char *previous;   /* MAC of the seal before; zeros for number 1 */
    const char *list;       /* digest of the list of rows */
};

void audit_mac_row(struct span text, char out[static AUDIT_MAC_HEX + 1]);

struct audit_mac_list {
    crypto_generichash_state state;
};

void audit_mac_list_init(struct audit_mac_list *list);
void audit_mac_list_add(struct audit_mac_list *list, int64_t id, const char *digest);
void audit_mac_list_finish(struct audit_mac_list *list, char out[static AUDIT_MAC_HEX + 1]);

void audit_mac_seal(const uint8_t key[static AUDIT_MAC_OCTETS], const struct audit_seal *seal,
                    char out[static AUDIT_MAC_HEX + 1]);

/* The tag of a call: BLAKE2b-128, keyed, of the line "authd audit tag 1" and the text of the call
 * (core/audit_call.h). */
void audit_mac_tag(const uint8_t key[static AUDIT_MAC_OCTETS], struct span text,
                   char out[static AUDIT_TAG_HEX + 1]);
/* The digest of a call's arguments: BLAKE2b-128, keyed, of the lines "authd audit arguments 1" and
 * the call's nonce in hex, and of the arguments. Keyed, because an unkeyed digest would let a
 * reader of the database try names and addresses of an erased person. */
void audit_mac_arguments(const uint8_t key[static AUDIT_MAC_OCTETS], const char *nonce,
                         struct span arguments, char out[static AUDIT_TAG_HEX + 1]);

#endif
