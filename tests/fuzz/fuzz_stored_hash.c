/* Any octets as a stored hash. `cost` must not read beyond the text. A hash that `cost` calls cheap
 * is verified under libFuzzer's limits of time and memory. A hash that `cost` refuses must never
 * verify. */
#include <authd/plugin.h>
#include <stdlib.h>
#include <string.h>

#define CHEAP_BYTES (1u << 20)
#define CHEAP_WORK  2000u

extern const struct authd_plugin authd_plugin_argon2id;
extern const struct authd_plugin authd_plugin_crypt;
extern const struct authd_plugin authd_plugin_dovecot;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct authd_scheme *scheme, const char *stored)
{
    static const struct authd_bytes password = {(const unsigned char *)"fuzz", 4};
    static const struct authd_hash_parameters wanted = {.memory = CHEAP_BYTES, .passes = 1};

    struct authd_cost cost = {0};
    bool accepted = scheme->cost(stored, &cost);
    if (accepted && cost.bytes <= CHEAP_BYTES && cost.work <= CHEAP_WORK) {
        (void)scheme->verify(stored, password);
    }
    if (!accepted && scheme->verify(stored, password) != AUTHD_MATCH_ERROR) {
        abort();
    }
    if (!accepted && scheme->weaker != NULL && !scheme->weaker(stored, &wanted)) {
        abort();
    }
    if (accepted && strlen(stored) > AUTHD_HASH_MAX) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *stored = malloc(size + 1);
    memcpy(stored, data, size);
    stored[size] = '\0';
    check(authd_plugin_argon2id.schemes[0], stored);
    check(authd_plugin_crypt.schemes[0], stored);
    check(authd_plugin_dovecot.schemes[0], stored);
    free(stored);
    return 0;
}
