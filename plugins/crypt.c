/* Password scheme crypt: hashes that other systems made, as crypt_hash.c reads them. The scheme
 * makes no hashes, so a successful login replaces these. */
#include <authd/plugin.h>

#include "crypt_hash.h"

static const struct authd_scheme scheme = {
    .name = "crypt",
    .prefixes = crypt_hash_prefixes,
    .cost = crypt_hash_cost,
    .verify = crypt_hash_verify,
};

static const struct authd_scheme *const schemes[] = {&scheme, NULL};

AUTHD_PLUGIN(crypt) = {
    .abi = AUTHD_PLUGIN_ABI,
    .size = sizeof(struct authd_plugin),
    .name = "crypt",
    .schemes = schemes,
};
