/* Digests and keys for one purpose each, from the key files: what the database stores of a session
 * or of a request tells nothing to whoever steals it, and what we sign for ourselves nobody else
 * can sign. The same on every node. */
#ifndef CORE_DERIVED_H
#define CORE_DERIVED_H

#include "base/span.h"

struct core;

enum {
    DERIVED_LENGTH = 32,
    DERIVED_HEX_SIZE = 2 * DERIVED_LENGTH + 1,
};

/* `purpose` is a constant: "session", "cursor". */
void derived_key(const struct core *core, const char *purpose, uint8_t out[static DERIVED_LENGTH]);

/* Over `count` parts, each with its length; hexadecimal digits. */
void derived_digest(const struct core *core, const char *purpose, const struct span *parts,
                    size_t count, char out[static DERIVED_HEX_SIZE]);

#endif
