#include "http/cursor.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/secret.h"

#define MAC_LENGTH 16
#define VARIANT    sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* Each part is followed by a NUL. No part can hold a NUL: JSON escapes it. */
static void mac_part(crypto_generichash_state *state, struct span part)
{
    crypto_generichash_update(state, (const unsigned char *)part.ptr, part.len);
    crypto_generichash_update(state, (const unsigned char *)"", 1);
}

static void mac_make(const struct cursor_list *list, struct span position, uint8_t out[MAC_LENGTH])
{
    char *filters = json_dumps(list->filters, JSON_COMPACT | JSON_SORT_KEYS);
    crypto_generichash_state state;

    crypto_generichash_init(&state, list->key, CURSOR_KEY_LENGTH, MAC_LENGTH);
    mac_part(&state, span_of(list->route));
    mac_part(&state, span_of(filters));
    mac_part(&state, position);
    crypto_generichash_final(&state, out, MAC_LENGTH);
    free(filters);
}

const char *cursor_make(const struct cursor_list *list, const json_t *position, struct arena *arena)
{
    char *text = json_dumps(position, JSON_COMPACT | JSON_ENCODE_ANY);
    size_t len = strlen(text);
    unsigned char *octets = arena_alloc(arena, MAC_LENGTH + len);
    size_t size = sodium_base64_encoded_len(MAC_LENGTH + len, VARIANT);
    char *out = NULL;

    mac_make(list, (struct span){text, len}, octets);
    memcpy(octets + MAC_LENGTH, text, len);
    if (size <= CURSOR_MAX + 1) {
        out = arena_alloc(arena, size);
        sodium_bin2base64(out, size, octets, MAC_LENGTH + len, VARIANT);
    }
    free(text);
    return out;
}

json_t *cursor_read(const struct cursor_list *list, const char *text)
{
    unsigned char octets[CURSOR_MAX];
    uint8_t mac[MAC_LENGTH];
    size_t len;

    if (strlen(text) > CURSOR_MAX || sodium_base642bin(octets, sizeof(octets), text, strlen(text),
                                                       NULL, &len, NULL, VARIANT) != 0) {
        return NULL;
    }
    if (len <= MAC_LENGTH) {
        return NULL;
    }

    struct span position = {(const char *)octets + MAC_LENGTH, len - MAC_LENGTH};

    mac_make(list, position, mac);
    if (!secret_equal((struct span){(const char *)octets, MAC_LENGTH},
                      (struct span){(const char *)mac, MAC_LENGTH})) {
        return NULL;
    }
    return json_loadb(position.ptr, position.len, JSON_DECODE_ANY, NULL);
}
