#include "front/dovecot_reply.h"

#include <inttypes.h>
#include <sodium.h>
#include <unistd.h>

#include "base/secret.h"

static void append_mechanism(struct buf *buf, const struct authd_mechanism *mechanism)
{
    static const struct {
        unsigned flag;
        const char *word;
    } words[] = {
        {AUTHD_MECH_PLAINTEXT, "plaintext"},
        {AUTHD_MECH_DICTIONARY, "dictionary"},
        {AUTHD_MECH_ACTIVE, "active"},
        {AUTHD_MECH_MUTUAL, "mutual-auth"},
    };

    buf_printf(buf, "MECH\t%s", mechanism->name);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (mechanism->flags & words[i].flag) {
            buf_printf(buf, "\t%s", words[i].word);
        }
    }
    buf_append_text(buf, "\n");
}

/* MECH stands before SPID: in the other order, Postfix and Exim believe that they are at the wrong
 * socket. The cookie is used only by Dovecot's master protocol, which authd does not serve, but
 * clients of Dovecot refuse a handshake without a cookie. */
void dovecot_handshake_append(struct buf *buf, const struct authd_mechanism *const *mechanisms,
                              uint32_t cuid)
{
    unsigned char cookie[16];
    char hex[sizeof(cookie) * 2 + 1];

    secret_random(cookie, sizeof(cookie));
    sodium_bin2hex(hex, sizeof(hex), cookie, sizeof(cookie));
    buf_append_text(buf, "VERSION\t1\t2\n");
    for (; *mechanisms != NULL; mechanisms++) {
        append_mechanism(buf, *mechanisms);
    }
    buf_printf(buf, "SPID\t%d\nCUID\t%" PRIu32 "\nCOOKIE\t%s\nDONE\n", (int)getpid(), cuid, hex);
}

static void append_escaped(struct buf *buf, const char *value)
{
    static const char special[] = "\x01\t\r\n";
    static const char code[] = "1trn";

    for (; *value != '\0'; value++) {
        const char *found = strchr(special, *value);

        if (found != NULL) {
            buf_append(buf, (const char[]){'\x01', code[found - special]}, 2);
        } else {
            buf_append(buf, value, 1);
        }
    }
}

static void append_field(struct buf *buf, const char *key, const char *value)
{
    if (value == NULL || *value == '\0') {
        return;
    }
    buf_append_text(buf, "\t");
    buf_append_text(buf, key);
    buf_append_text(buf, "=");
    append_escaped(buf, value);
}

static void append_challenge(struct buf *buf, struct span challenge)
{
    const int variant = sodium_base64_VARIANT_ORIGINAL;
    size_t size = sodium_base64_encoded_len(challenge.len, variant);
    char *out;

    buf_append_text(buf, "\t");
    if (challenge.len > 0 && (out = buf_reserve(buf, size)) != NULL) {
        sodium_bin2base64(out, size, (const unsigned char *)challenge.ptr, challenge.len, variant);
        buf->len += size - 1;
    }
}

void dovecot_reply_append(struct buf *buf, const struct dovecot_reply *reply)
{
    static const char *const words[] = {
        [DOVECOT_FAIL] = "FAIL", [DOVECOT_OK] = "OK", [DOVECOT_CHALLENGE] = "CONT"};

    buf_printf(buf, "%s\t%" PRIu32, words[reply->kind], reply->id);
    if (reply->kind == DOVECOT_CHALLENGE) {
        append_challenge(buf, reply->challenge);
    }
    append_field(buf, "user", reply->user);
    if (reply->code != NULL && strcmp(reply->code, DOVECOT_CODE_TEMPFAIL) == 0) {
        buf_append_text(buf, "\ttemp"); // for clients that do not know code= yet
    }
    append_field(buf, "code", reply->code);
    append_field(buf, "reason", reply->reason);
    buf_append_text(buf, "\n");
}
