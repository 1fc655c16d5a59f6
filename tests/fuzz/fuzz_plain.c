/* SASL PLAIN and LOGIN with any octets. The input is a list of responses, each a length octet and
 * the octets; length 255 stands for an absent response. A mechanism must refuse, ask or claim, and
 * a claim must be complete and have no NUL in it. */
#include <authd/plugin.h>
#include <stdlib.h>
#include <string.h>

#define ABSENT 255

extern const struct authd_plugin authd_plugin_plain;
extern const struct authd_plugin authd_plugin_login;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static bool has_nul(struct authd_bytes bytes)
{
    return bytes.len > 0 && memchr(bytes.ptr, '\0', bytes.len) != NULL;
}

static void check(const struct authd_step_out *out)
{
    switch (out->kind) {
    case AUTHD_REFUSE:
        require(out->why != NULL);
        break;
    case AUTHD_CHALLENGE:
        require(out->challenge.len == 0 || out->challenge.ptr != NULL);
        break;
    case AUTHD_CLAIM:
        require(out->claim.kind == AUTHD_CLAIM_PASSWORD);
        require(out->claim.authcid.len > 0 && !has_nul(out->claim.authcid));
        require(out->claim.secret.len > 0 && !has_nul(out->claim.secret));
        require(!has_nul(out->claim.authzid));
        break;
    case AUTHD_WANT_MATERIAL:
    default:
        abort();
    }
}

static void run(const struct authd_mechanism *mechanism, const uint8_t *data, size_t size)
{
    void *state = calloc(1, mechanism->state_size);
    enum authd_mechanism_output last = AUTHD_CHALLENGE;
    while (size > 0 && last == AUTHD_CHALLENGE) {
        struct authd_step_in in = {.kind = AUTHD_RESPONSE, .present = data[0] != ABSENT};
        size_t len = in.present ? data[0] : 0;
        data++;
        size--;
        len = len < size ? len : size;
        unsigned char *copy = malloc(len); /* exact size: a sanitizer sees reads beyond it */
        memcpy(copy, data, len);
        in.bytes = (struct authd_bytes){copy, len};
        struct authd_step_out out = {0};
        mechanism->step(state, &in, &out);
        check(&out);
        last = out.kind;
        free(copy);
        data += len;
        size -= len;
    }
    free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run(authd_plugin_plain.mechanisms[0], data, size);
    run(authd_plugin_login.mechanisms[0], data, size);
    return 0;
}
