/* Stored hashes as the database has them: sealed, each over its row (crypto/sealed.h). Pure.
 *
 * Threat: a hash of the database's own choosing: pasted from another user, put back from an old
 * copy, or in clear. None of them opens, and nothing else is ever compared with a password. */
#ifndef CORE_STORED_H
#define CORE_STORED_H

#include <authd/plugin.h>

#include "crypto/sealed.h"

struct core;

enum stored_result {
    STORED_BROKEN = 0,  /* not sealed, or not for this row */
    STORED_KEY_MISSING, /* its key is in no file of key_dir */
    STORED_OPENED,
};

/* Main passwords. `seal`: an authd.credential_id() for each that is set; a stronger hash of the
 * same password keeps it. `hash` has at most AUTHD_HASH_MAX octets; an opened one is the caller's
 * to wipe. */
void stored_seal_password(const struct core *core, int64_t account, int64_t seal, const char *hash,
                          char out[static SEALED_MAX + 1]);
enum stored_result stored_open_password(const struct core *core, int64_t account, int64_t seal,
                                        const char *sealed, char out[static AUTHD_HASH_MAX + 1]);

/* App passwords that were made elsewhere, whose hash never changes. */
void stored_seal_app_password(const struct core *core, int64_t id, int64_t owner, const char *hash,
                              char out[static SEALED_MAX + 1]);
enum stored_result stored_open_app_password(const struct core *core, int64_t id, int64_t owner,
                                            const char *sealed,
                                            char out[static AUTHD_HASH_MAX + 1]);

#endif
