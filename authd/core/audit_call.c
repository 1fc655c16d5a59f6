#include "core/audit_call.h"

#include <stdlib.h>

#include "base/secret.h"
#include "crypto/key.h"

void audit_call_begin(struct audit_call *call, const struct key *key, struct span arguments)
{
    uint8_t nonce[AUDIT_TAG_OCTETS];

    secret_random(nonce, sizeof(nonce));
    sodium_bin2hex(call->nonce, sizeof(call->nonce), nonce, sizeof(nonce));
    audit_mac_arguments(key->octets, call->nonce, arguments, call->arguments);
}

static json_t *number(int64_t value)
{
    return value != 0 ? json_integer(value) : json_null();
}

/* Aborts if a value is not UTF-8: authd chooses all of them. */
static json_t *must(json_t *value)
{
    if (value == NULL) {
        abort();
    }
    return value;
}

char *audit_call_text(const struct audit_call *call)
{
    json_t *values = must(json_pack("[s, s, s, s, o, I, s?, s?, o, s?, s?, s?]",
                                    call->kind != NULL ? "change" : "login", call->nonce,
                                    call->operation, call->arguments, number(call->rows),
                                    (json_int_t)call->waited, call->kind, call->credential,
                                    number(call->account), call->via, call->peer, call->reference));
    char *text = json_dumps(values, 0);

    json_decref(values);
    return text;
}

static void tag_of(const struct audit_call *call, const struct key *key,
                   char out[static AUDIT_TAG_HEX + 1])
{
    char *text = audit_call_text(call);

    audit_mac_tag(key->octets, span_of(text), out);
    free(text);
}

json_t *audit_call_json(const struct audit_call *call, const struct key *key)
{
    bool authd = call->kind != NULL && strcmp(call->kind, AUDIT_CALL_AUTHD) == 0;
    struct audit_call own = {
        .operation = call->operation,
        .rows = authd ? call->rows : 1,
        .waited = call->waited,
        .kind = AUDIT_CALL_AUTHD,
    };
    char tag[AUDIT_TAG_HEX + 1];
    char own_tag[AUDIT_TAG_HEX + 1];

    memcpy(own.nonce, call->nonce, sizeof(own.nonce));
    memcpy(own.arguments, call->arguments, sizeof(own.arguments));
    tag_of(call, key, tag);
    tag_of(&own, key, own_tag);
    return must(json_pack("{s:s, s:s, s:I, s:o, s:s, s:{s:o, s:s}}", "nonce", call->nonce,
                          "arguments", call->arguments, "waited", (json_int_t)call->waited, "rows",
                          number(call->rows), "tag", tag, "own", "rows", number(own.rows), "tag",
                          own_tag));
}

char *audit_call_own(const struct key *key, const char *operation, int64_t rows,
                     struct span arguments)
{
    struct audit_call call = {.operation = operation, .rows = rows, .kind = AUDIT_CALL_AUTHD};

    audit_call_begin(&call, key, arguments);

    json_t *object = audit_call_json(&call, key);
    char *text = json_dumps(object, JSON_COMPACT);

    json_decref(object);
    return text;
}
