/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the name under which a request that
 * arrives twice is done once. Pure.
 *
 * Threat: two spellings of one key that count as two keys, so that a repeated request is done
 * twice. The draft writes the key as a string of RFC 8941 (section 3.3.3), in quotes; many programs
 * write the key alone. Both are the same key. A header that is neither is refused, since a key that
 * was guessed from the header would be another key than its sender meant. */
#ifndef HTTP_IDEMPOTENCY_KEY_H
#define HTTP_IDEMPOTENCY_KEY_H

#include "base/arena.h"
#include "base/span.h"

#define IDEMPOTENCY_KEY_MAX 255

/* Sets `key` to the key, 1 to IDEMPOTENCY_KEY_MAX visible ASCII characters, without its quotes and
 * with its escapes resolved. Returns NULL, or what is wrong as the end of "the Idempotency-Key
 * ...". */
const char *idempotency_key_read(struct span header, struct arena *arena, const char **key);

#endif
