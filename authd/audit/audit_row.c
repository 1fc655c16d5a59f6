#include "audit/audit_row.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/audit_mac.h"

/* Operations whose rows have another action; the rows of all others have the operation's name. */
static const struct {
    const char *operation;
    const char *action;
    bool also; /* rows with the operation's name occur as well */
} others[] = {
    {"user_add", "domain_add", true},
    {"user_set", "domain_add", true},
    {"user_delete", "audit_erase", true},
    {"domain_revoke_all", "user_revoke_all", true},
    {"import_rows", "user_add", false},
    {"import_rows", "user_import", false},
    {"import_rows", "domain_add", false},
    {"audit_logins", "login", false},
    {"audit_logins", "audit_lost", false},
    {"audit_prune", "audit_expire", false},
    {"factor_take", "totp_locked", false},
    {"factor_take", "wrong_codes", false},
    {"recovery_take", "recovery_locked", false},
    {"recovery_take", "wrong_codes", false},
    {"recovery_take", "recovery_code_used", false},
    {"key_forget", "key_remove", false},
};

bool audit_row_writes(const char *operation, const char *action)
{
    bool same = true;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(others[i].operation, operation) == 0) {
            same = others[i].also;
            if (strcmp(others[i].action, action) == 0) {
                return true;
            }
        }
    }
    return same && strcmp(operation, action) == 0;
}

/* NULL: the tag is good. */
static const char *tag_flaw(const struct audit_row *row, const struct key *key)
{
    char tag[AUDIT_TAG_HEX + 1];

    audit_mac_tag(key->octets, span_of(row->call), tag);
    if (!secret_equal(span_of(tag), span_of(row->tag))) {
        return "has a tag that does not fit its actor and operation: authd did not write it";
    }
    if (row->operation == NULL || !audit_row_writes(row->operation, row->action)) {
        return "has the tag of an operation that writes no such row";
    }
    return NULL;
}

/* `a` + `b`, or the nearest number. */
static int64_t sum(int64_t a, int64_t b)
{
    int64_t result;

    if (__builtin_add_overflow(a, b, &result)) {
        return b > 0 ? INT64_MAX : INT64_MIN;
    }
    return result;
}

/* `waited` is believed only with a good tag, which covers it. */
static bool is_early(const struct audit_row *row, const struct audit_row_place *place, bool tagged)
{
    int64_t waited = 0;

    if (tagged && __builtin_mul_overflow(row->waited, 1000, &waited)) {
        waited = 0;
    }
    return row->at < sum(sum(place->since, -AUDIT_ROW_WAIT_US), waited > 0 ? -waited : 0);
}

unsigned audit_row_check(const struct audit_row *row, const struct audit_row_place *place,
                         const struct key *key, struct audit_row_flaw flaws[AUDIT_ROW_FLAWS_MAX])
{
    const char *tag = row->tag != NULL && key != NULL ? tag_flaw(row, key) : NULL;
    bool tagged = row->tag != NULL && tag == NULL;
    unsigned count = 0;

    if (row->tag == NULL) {
        flaws[count++] =
            (struct audit_row_flaw){"tag-missing", "has no tag: authd did not write it"};
    } else if (tag != NULL) {
        flaws[count++] = (struct audit_row_flaw){"tag-wrong", tag};
    }
    if (row->nonce != NULL) {
        flaws[count++] = (struct audit_row_flaw){
            "nonce", strcmp(row->nonce, "rows") == 0
                         ? "has a nonce that more rows have than its call wrote: one is a copy"
                         : "has a nonce that rows of another call have as well"};
    }
    if (row->class_word == NULL || strcmp(row->class_word, place->class_word) != 0) {
        flaws[count++] = (struct audit_row_flaw){"class", "is kept as a row of another class"};
    }
    if (is_early(row, place, tagged)) {
        flaws[count++] =
            (struct audit_row_flaw){"time", "is older than any row that waited for this seal"};
    } else if (row->at > place->until) {
        flaws[count++] = (struct audit_row_flaw){"time", "is younger than its seal"};
    }
    return count;
}
