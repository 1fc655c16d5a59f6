/* LOGIN: never a standard (draft-murchison-sasl-login), but older mail clients use this mechanism.
 *
 * The two challenges are exactly "Username:" and "Password:", because clients compare them. An
 * initial response is the user name and skips the first challenge; an empty one counts as none, as
 * in Dovecot. LOGIN has no authorization identity.
 *
 * The user name stays in the state while the client is asked for the password, so its length is
 * bounded here. A NUL would end a string in code that handles the name later, so a NUL is refused
 * in both responses. */
#include <authd/plugin.h>
#include <string.h>

/* Octets; more than any login that authd can hold. */
#define LOGIN_NAME_MAX 512

enum login_phase { LOGIN_START, LOGIN_WANT_NAME, LOGIN_WANT_PASSWORD };

struct login_state {
    enum login_phase phase;
    size_t name_len;
    unsigned char name[LOGIN_NAME_MAX];
};

static void refuse(struct authd_step_out *out, const char *why)
{
    out->kind = AUTHD_REFUSE;
    out->why = why;
}

static void ask(struct login_state *login, enum login_phase phase, struct authd_step_out *out)
{
    static const char name_prompt[] = "Username:";
    static const char password_prompt[] = "Password:";

    const char *prompt = phase == LOGIN_WANT_NAME ? name_prompt : password_prompt;
    login->phase = phase;
    out->kind = AUTHD_CHALLENGE;
    out->challenge = (struct authd_bytes){(const unsigned char *)prompt, strlen(prompt)};
}

static bool has_nul(struct authd_bytes bytes)
{
    return bytes.len > 0 && memchr(bytes.ptr, '\0', bytes.len) != NULL;
}

static void take_name(struct login_state *login, struct authd_bytes name,
                      struct authd_step_out *out)
{
    if (name.len == 0) {
        refuse(out, "LOGIN with an empty user name");
        return;
    }
    if (name.len > sizeof(login->name)) {
        refuse(out, "LOGIN with a user name that is too long");
        return;
    }
    if (has_nul(name)) {
        refuse(out, "LOGIN with a NUL in the user name");
        return;
    }
    memcpy(login->name, name.ptr, name.len);
    login->name_len = name.len;
    ask(login, LOGIN_WANT_PASSWORD, out);
}

static void take_password(const struct login_state *login, struct authd_bytes password,
                          struct authd_step_out *out)
{
    if (password.len == 0) {
        refuse(out, "LOGIN with an empty password");
        return;
    }
    if (has_nul(password)) {
        refuse(out, "LOGIN with a NUL in the password");
        return;
    }
    out->kind = AUTHD_CLAIM;
    out->claim = (struct authd_claim){
        .kind = AUTHD_CLAIM_PASSWORD,
        .authcid = {login->name, login->name_len},
        .secret = password,
    };
}

static void login_step(void *state, const struct authd_step_in *in, struct authd_step_out *out)
{
    struct login_state *login = state;

    if (in->kind != AUTHD_RESPONSE) {
        refuse(out, "LOGIN asks for no stored verifier");
        return;
    }
    if (login->phase == LOGIN_START && (!in->present || in->bytes.len == 0)) {
        ask(login, LOGIN_WANT_NAME, out);
        return;
    }
    if (login->phase == LOGIN_WANT_PASSWORD) {
        take_password(login, in->bytes, out);
        return;
    }
    take_name(login, in->bytes, out);
}

static const struct authd_mechanism login = {
    .name = "LOGIN",
    .flags = AUTHD_MECH_PLAINTEXT,
    .state_size = sizeof(struct login_state),
    .step = login_step,
};

static const struct authd_mechanism *const mechanisms[] = {&login, NULL};

AUTHD_PLUGIN(login) = {
    .abi = AUTHD_PLUGIN_ABI,
    .size = sizeof(struct authd_plugin),
    .name = "login",
    .mechanisms = mechanisms,
};
