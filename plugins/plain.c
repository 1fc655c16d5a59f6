/* SASL PLAIN (RFC 4616): one message, authzid NUL authcid NUL passwd.
 *
 * The parser is strict because every field comes from the network: two readers may split a message
 * with too few or too many NULs differently. So a message has exactly two NULs, and neither an
 * empty identity nor an empty password ever becomes a claim. Without an initial response the
 * challenge is empty.
 *
 * As for all mechanisms, the core checks UTF-8, prepares names and decides which authzid is
 * allowed. */
#include <authd/plugin.h>
#include <string.h>

struct plain_state {
    bool asked; /* the empty challenge was sent */
};

static void refuse(struct authd_step_out *out, const char *why)
{
    out->kind = AUTHD_REFUSE;
    out->why = why;
}

/* Removes the octets before the first NUL, and the NUL, from the front of `rest`. False: there is
 * no NUL. */
static bool take_field(struct authd_bytes *rest, struct authd_bytes *field)
{
    const unsigned char *nul = rest->len > 0 ? memchr(rest->ptr, '\0', rest->len) : NULL;
    if (nul == NULL) {
        return false;
    }
    *field = (struct authd_bytes){rest->ptr, (size_t)(nul - rest->ptr)};
    rest->ptr = nul + 1;
    rest->len -= field->len + 1;
    return true;
}

static void parse_message(struct authd_bytes message, struct authd_step_out *out)
{
    struct authd_claim claim = {.kind = AUTHD_CLAIM_PASSWORD};
    if (!take_field(&message, &claim.authzid) || !take_field(&message, &claim.authcid)) {
        refuse(out, "PLAIN message with fewer than two NULs");
        return;
    }
    if (message.len > 0 && memchr(message.ptr, '\0', message.len) != NULL) {
        refuse(out, "PLAIN message with more than two NULs");
        return;
    }
    if (claim.authcid.len == 0) {
        refuse(out, "PLAIN message with an empty authentication identity");
        return;
    }
    if (message.len == 0) {
        refuse(out, "PLAIN message with an empty password");
        return;
    }
    claim.secret = message;
    out->kind = AUTHD_CLAIM;
    out->claim = claim;
}

static void plain_step(void *state, const struct authd_step_in *in, struct authd_step_out *out)
{
    struct plain_state *plain = state;

    if (in->kind != AUTHD_RESPONSE) {
        refuse(out, "PLAIN asks for no stored verifier");
        return;
    }
    if (!in->present && !plain->asked) {
        plain->asked = true;
        out->kind = AUTHD_CHALLENGE;
        return;
    }
    parse_message(in->bytes, out);
}

static const struct authd_mechanism plain = {
    .name = "PLAIN",
    .flags = AUTHD_MECH_PLAINTEXT,
    .state_size = sizeof(struct plain_state),
    .step = plain_step,
};

static const struct authd_mechanism *const mechanisms[] = {&plain, NULL};

AUTHD_PLUGIN(plain) = {
    .abi = AUTHD_PLUGIN_ABI,
    .size = sizeof(struct authd_plugin),
    .name = "plain",
    .mechanisms = mechanisms,
};
