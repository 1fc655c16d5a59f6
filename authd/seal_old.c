#include "seal_old.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "core/core.h"
#include "core/import.h"
#include "core/stored.h"
#include "store/unsealed.h"

_Static_assert((int)UNSEALED_TEXT_MAX > (int)SEALED_MAX, "a sealed text fits");

/* In the place of a hash that is longer than any that a scheme reads: as unreadable as that. */
static const char too_long[] = "{TOO-LONG}";

static void seal_hash(const struct core *core, const struct unsealed_row *row, char *out)
{
    const char *hash = strlen(row->hash) <= SEALED_TEXT_MAX ? row->hash : too_long;

    if (row->kind == UNSEALED_PASSWORD) {
        stored_seal_password(core, row->owner, row->seal, hash, out);
    } else {
        stored_seal_app_password(core, row->id, row->owner, hash, out);
    }
}

static void key_digest(const struct core *core, const struct unsealed_row *row, char *out)
{
    uint8_t hash[IMPORT_HASH_LENGTH];
    uint8_t octets[KEYED_HASH_LENGTH];
    size_t length = 0;

    if (sodium_hex2bin(hash, sizeof(hash), row->imported, strlen(row->imported), NULL, &length,
                       NULL) != 0 ||
        length != sizeof(hash)) {
        abort(); /* as every value that the statement cannot return */
    }
    import_digest(&core->keys->peppers.keys[0], row->owner, hash, octets);
    sodium_bin2hex(out, UNSEALED_TEXT_MAX, octets, sizeof(octets));
    secret_wipe(hash, sizeof(hash));
}

static void seal_row(const struct unsealed_row *row, struct unsealed_texts *texts, void *arg)
{
    const struct core *core = arg;

    if (row->hash != NULL) {
        seal_hash(core, row, texts->sealed);
    }
    if (row->imported != NULL) {
        key_digest(core, row, texts->imported);
    }
}

bool seal_old_rows(const char *owner_url, const struct key_ring *ring, struct err *err)
{
    struct core core = {.keys = ring};
    size_t count = 0;
    bool done = unsealed_seal_all(owner_url, seal_row, &core, &count, err);

    if (count > 0) {
        log_message(LOG_INFO, "hashes-sealed", "%zu password hashes were stored in clear", count);
    }
    return done;
}
