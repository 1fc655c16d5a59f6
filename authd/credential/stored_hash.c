#include "credential/stored_hash.h"

#include "base/secret.h"
#include "core/core.h"

_Static_assert((int)AEAD_PLAINTEXT_MAX == (int)AUTHD_HASH_MAX, "every hash can be encrypted");

static struct aead_row password_row(int64_t account, int64_t cipher_version)
{
    return (struct aead_row){"password", account, account, cipher_version};
}

static struct aead_row app_password_row(int64_t id, int64_t owner)
{
    return (struct aead_row){"app-password", id, owner, 0};
}

static enum stored_hash_result open_row(const struct core *core, const struct aead_row *row,
                                        const char *encrypted, char out[static AUTHD_HASH_MAX + 1])
{
    size_t length = 0;

    switch (aead_decrypt(&core->keys->encryption, row, span_of(encrypted), out, &length)) {
    case AEAD_BROKEN:
        return STORED_HASH_BROKEN;
    case AEAD_KEY_MISSING:
        return STORED_HASH_KEY_MISSING;
    case AEAD_DECRYPTED:
        break;
    }
    if (strlen(out) == length) {
        return STORED_HASH_DECRYPTED;
    }
    secret_wipe(out, AUTHD_HASH_MAX + 1); /* a hash has no NUL */
    return STORED_HASH_BROKEN;
}

void stored_hash_encrypt_password(const struct core *core, int64_t account, int64_t cipher_version,
                                  const char *hash, char out[static AEAD_MAX + 1])
{
    const struct aead_row row = password_row(account, cipher_version);

    aead_encrypt(&core->keys->encryption, &row, span_of(hash), out);
}

enum stored_hash_result stored_hash_decrypt_password(const struct core *core, int64_t account,
                                                     int64_t cipher_version, const char *encrypted,
                                                     char out[static AUTHD_HASH_MAX + 1])
{
    const struct aead_row row = password_row(account, cipher_version);

    return open_row(core, &row, encrypted, out);
}

void stored_hash_encrypt_app_password(const struct core *core, int64_t id, int64_t owner,
                                      const char *hash, char out[static AEAD_MAX + 1])
{
    const struct aead_row row = app_password_row(id, owner);

    aead_encrypt(&core->keys->encryption, &row, span_of(hash), out);
}

enum stored_hash_result stored_hash_decrypt_app_password(const struct core *core, int64_t id,
                                                         int64_t owner, const char *encrypted,
                                                         char out[static AUTHD_HASH_MAX + 1])
{
    const struct aead_row row = app_password_row(id, owner);

    return open_row(core, &row, encrypted, out);
}
