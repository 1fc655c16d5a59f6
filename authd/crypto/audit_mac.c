#include "crypto/audit_mac.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_LENGTH 64

static void hex_of(const uint8_t octets[static AUDIT_MAC_OCTETS],
                   char out[static AUDIT_MAC_HEX + 1])
{
    sodium_bin2hex(out, AUDIT_MAC_HEX + 1, octets, AUDIT_MAC_OCTETS);
}

/* libsodium fails only for lengths that it does not support. */
static void must(int status)
{
    if (status != 0) {
        abort();
    }
}

static void add(crypto_generichash_state *state, struct span text)
{
    must(crypto_generichash_update(state, (const unsigned char *)text.ptr, text.len));
}

static void finish(crypto_generichash_state *state, char out[static AUDIT_MAC_HEX + 1])
{
    uint8_t octets[AUDIT_MAC_OCTETS];

    must(crypto_generichash_final(state, octets, sizeof(octets)));
    hex_of(octets, out);
}

void audit_mac_row(struct span text, char out[static AUDIT_MAC_HEX + 1])
{
    uint8_t octets[AUDIT_MAC_OCTETS];

    must(crypto_generichash(octets, sizeof(octets), (const unsigned char *)text.ptr, text.len, NULL,
                            0));
    hex_of(octets, out);
}

void audit_mac_list_init(struct audit_mac_list *list)
{
    must(crypto_generichash_init(&list->state, NULL, 0, AUDIT_MAC_OCTETS));
}

void audit_mac_list_add(struct audit_mac_list *list, int64_t id, const char *digest)
{
    char line[LINE_MAX_LENGTH];

    snprintf(line, sizeof(line), "%" PRId64 ":", id);
    add(&list->state, span_of(line));
    add(&list->state, span_of(digest));
    add(&list->state, SPAN_LITERAL("\n"));
}

void audit_mac_list_finish(struct audit_mac_list *list, char out[static AUDIT_MAC_HEX + 1])
{
    finish(&list->state, out);
}

/* Writes one "name=value" line for each member; no value can contain a newline. */
void audit_mac_seal(const uint8_t key[static AUDIT_MAC_OCTETS], const struct audit_seal *seal,
                    char out[static AUDIT_MAC_HEX + 1])
{
    char numbers[4 * LINE_MAX_LENGTH];
    crypto_generichash_state state;

    must(crypto_generichash_init(&state, key, AUDIT_MAC_OCTETS, AUDIT_MAC_OCTETS));
    snprintf(numbers, sizeof(numbers),
             "authd audit seal 1\nnumber=%" PRId64 "\nat=%" PRId64 "\ndrained=%" PRId64
             "\ncount=%" PRId64 "\nclass=",
             seal->number, seal->at, seal->drained, seal->count);
    add(&state, span_of(numbers));
    add(&state, span_of(seal->class_word));
    add(&state, SPAN_LITERAL("\nprevious="));
    add(&state, span_of(seal->previous));
    add(&state, SPAN_LITERAL("\nlist="));
    add(&state, span_of(seal->list));
    add(&state, SPAN_LITERAL("\n"));
    finish(&state, out);
    sodium_memzero(&state, sizeof(state));
}

/* The MAC of a line or two and the text after them. The first line says what the text is. */
static void mac_short(const uint8_t key[static AUDIT_MAC_OCTETS], const char *lines,
                      struct span text, char out[static AUDIT_TAG_HEX + 1])
{
    crypto_generichash_state state;
    uint8_t octets[AUDIT_TAG_OCTETS];

    must(crypto_generichash_init(&state, key, AUDIT_MAC_OCTETS, sizeof(octets)));
    add(&state, span_of(lines));
    add(&state, text);
    must(crypto_generichash_final(&state, octets, sizeof(octets)));
    sodium_bin2hex(out, AUDIT_TAG_HEX + 1, octets, sizeof(octets));
    sodium_memzero(&state, sizeof(state));
}

void audit_mac_tag(const uint8_t key[static AUDIT_MAC_OCTETS], struct span text,
                   char out[static AUDIT_TAG_HEX + 1])
{
    mac_short(key, "authd audit tag 1\n", text, out);
}

void audit_mac_arguments(const uint8_t key[static AUDIT_MAC_OCTETS], const char *nonce,
                         struct span arguments, char out[static AUDIT_TAG_HEX + 1])
{
    char lines[LINE_MAX_LENGTH];

    snprintf(lines, sizeof(lines), "authd audit arguments 1\n%s\n", nonce);
    mac_short(key, lines, arguments, out);
}
