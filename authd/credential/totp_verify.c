#include "credential/totp_verify.h"

#include "base/secret.h"
#include "core/core.h"
#include "credential/factor_rules.h"
#include "crypto/aead.h"
#include "crypto/totp.h"

static enum totp_match match_under(const struct totp *totp, struct span digits, int64_t now,
                                   int64_t *step, bool ahead)
{
    int64_t found = totp_match(totp, digits, now, ahead);

    if (found < 0) {
        return TOTP_NO;
    }
    *step = found;
    return TOTP_YES;
}

enum totp_match totp_verify(const struct core *core, const struct totp_row *row, struct span digits,
                            int64_t now, int64_t *step)
{
    const struct aead_row place = {TOTP_KIND, row->id, row->owner, 0};
    char seed[AEAD_PLAINTEXT_MAX + 1];
    size_t length = 0;
    struct totp totp = {.digits = row->digits};
    enum totp_match match = TOTP_BROKEN;

    switch (aead_decrypt(&core->keys->encryption, &place, span_of(row->seed), seed, &length)) {
    case AEAD_BROKEN:
        break;
    case AEAD_KEY_MISSING:
        match = TOTP_KEY_MISSING;
        break;
    case AEAD_DECRYPTED:
        totp.seed = (struct span){seed, length};
        if (length > 0 && totp_algorithm_of(row->algorithm, &totp.algorithm)) {
            match = match_under(&totp, digits, now, step, core->site.factor_rules->ahead);
        }
        break;
    }
    secret_wipe(seed, sizeof(seed));
    return match;
}
