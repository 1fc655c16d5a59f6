/* Subkeys for one purpose each, and digests with such a subkey, made from the key files. A stolen
 * database has only digests of sessions and requests, which reveal nothing without the key files.
 * An attacker without the key files cannot forge a text that authd signs for itself. All nodes
 * derive the same subkeys. */
#ifndef CORE_SUBKEY_H
#define CORE_SUBKEY_H

#include "base/span.h"

struct core;

enum {
    SUBKEY_LENGTH = 32,
    SUBKEY_HEX_SIZE = 2 * SUBKEY_LENGTH + 1,
};

/* Derives a subkey. `purpose` is a constant, such as "session" or "cursor". The caller wipes
 * `out`. */
void subkey_make(const struct core *core, const char *purpose, uint8_t out[static SUBKEY_LENGTH]);

/* Writes the hexadecimal digest of `count` parts, each preceded by its length. */
void subkey_digest(const struct core *core, const char *purpose, const struct span *parts,
                   size_t count, char out[static SUBKEY_HEX_SIZE]);

#endif
