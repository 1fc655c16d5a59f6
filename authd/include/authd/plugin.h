/* The plugin interface: what a SASL mechanism or a password scheme looks like to authd.
 *
 * A plugin is one shared module that exports one symbol, `authd_plugin`, of type
 * `const struct authd_plugin`. It does no I/O, never waits, keeps no globals and calls nothing of
 * authd: the core allocates its state, hands it octets, and copies what it returns. The same source
 * can be linked statically (-DAUTHD_PLUGIN_STATIC): the symbol is then `authd_plugin_NAME`.
 *
 * A plugin runs inside authd's address space and is trusted code. It is loaded only when its name
 * is in the configuration, from a directory that nobody but root and authd's own user can write.
 */
#ifndef AUTHD_PLUGIN_H
#define AUTHD_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised by every change of a struct here: only authd_plugin carries its size. */
#define AUTHD_PLUGIN_ABI 1

/* Octets that somebody else owns; not NUL-terminated. `ptr` may be NULL when `len` is 0. */
struct authd_bytes {
    const unsigned char *ptr;
    size_t len;
};

/* ---- SASL mechanisms (RFC 4422) ----------------------------------------------------------------
 */

/* The words by which a mechanism is announced on a Dovecot auth socket. */
enum authd_mechanism_flag {
    AUTHD_MECH_PLAINTEXT = 1u << 0,  /* the secret crosses the wire */
    AUTHD_MECH_DICTIONARY = 1u << 1, /* open to passive dictionary attack */
    AUTHD_MECH_ACTIVE = 1u << 2,     /* open to active attack */
    AUTHD_MECH_MUTUAL = 1u << 3,     /* the server proves itself as well */
};

enum authd_mechanism_input {
    AUTHD_RESPONSE, /* a client response; the first one may be absent */
    AUTHD_MATERIAL, /* the stored verifier asked for, real or mock */
};

enum authd_mechanism_output {
    AUTHD_REFUSE = 0,    /* malformed exchange; `why` says how. Zeroed output means this. */
    AUTHD_CHALLENGE,     /* send `challenge` (may be empty), then call step with the response */
    AUTHD_WANT_MATERIAL, /* look up the verifier of claim.authcid, then call step with it */
    AUTHD_CLAIM,         /* the client's whole claim; the core decides */
};

enum authd_claim_kind {
    AUTHD_CLAIM_PASSWORD, /* secret: a password, an app password, a password with a code */
    AUTHD_CLAIM_BEARER,   /* secret: an OAuth 2.0 access token */
    AUTHD_CLAIM_PROVED,   /* the mechanism itself checked the stored verifier; no secret */
};

/* Who the client says it is. The octets are as received: the core checks and maps them. They may
 * point into the input of this step or into the mechanism's state. */
struct authd_claim {
    enum authd_claim_kind kind;
    struct authd_bytes authcid; /* authentication identity; empty only for AUTHD_CLAIM_BEARER */
    struct authd_bytes authzid; /* authorization identity; empty = same as authcid */
    struct authd_bytes secret;
};

struct authd_step_in {
    enum authd_mechanism_input kind;
    bool present; /* false: the client sent no initial response */
    struct authd_bytes bytes;
};

struct authd_step_out {
    enum authd_mechanism_output kind;
    struct authd_bytes challenge; /* points into state, input or constant data */
    struct authd_claim claim;
    const char *why; /* constant text for the log, with AUTHD_REFUSE */
};

/* The largest decoded response that the core passes to a mechanism, and the largest challenge that
 * it takes from one, in octets: what Postfix and Exim can carry. */
#define AUTHD_RESPONSE_MAX  12288
#define AUTHD_CHALLENGE_MAX 6000

struct authd_mechanism {
    const char *name; /* the registered SASL name, upper case */
    unsigned flags;   /* enum authd_mechanism_flag */
    size_t state_size;

    /* One move of the exchange. `state` starts zeroed and stays this request's own. `out` starts
     * zeroed. Called again only after AUTHD_CHALLENGE or AUTHD_WANT_MATERIAL. */
    void (*step)(void *state, const struct authd_step_in *in, struct authd_step_out *out);

    /* Optional. Shows the mechanism how the core decided, once. It may add one last challenge
     * (AUTHD_CHALLENGE in `out`: SCRAM server-final, the OAuth error JSON); it cannot change the
     * outcome, and whatever the client answers ends the dialogue. */
    void (*conclude)(void *state, bool allowed, struct authd_step_out *out);

    /* Optional. Last call on this state; the core wipes the state's octets itself. */
    void (*wipe)(void *state);
};

/* ---- password schemes --------------------------------------------------------------------------
 */

/* What verifying one stored hash takes, computed from its text alone. */
struct authd_cost {
    uint64_t bytes; /* peak memory */
    uint64_t work;  /* rough time of one check on one core, in microseconds */
    size_t counted; /* octets of a password that count, the rest being ignored; 0: all */
};

/* What new hashes are made with. A scheme reads the members it knows. */
struct authd_hash_parameters {
    uint64_t memory; /* bytes */
    uint32_t passes; /* argon2's t, 1 to 10 */
};

enum authd_match {
    AUTHD_MATCH_ERROR = -1, /* cannot tell: no memory, unsupported on this machine */
    AUTHD_MATCH_NO = 0,
    AUTHD_MATCH_YES = 1,
};

/* The longest stored hash, in octets without the NUL. */
#define AUTHD_HASH_MAX 511

/* All functions are re-entrant and may run on any thread, many at a time. `stored` is
 * NUL-terminated. */
struct authd_scheme {
    const char *name;            /* as the configuration and the log call it: "argon2id" */
    const char *const *prefixes; /* how its stored hashes begin: "$argon2id$"; NULL-terminated */

    /* Parses `stored` strictly and bounds what verify would spend. False: not a hash of this
     * scheme. Always called before verify; the core refuses what is too dear. */
    bool (*cost)(const char *stored, struct authd_cost *cost);

    enum authd_match (*verify)(const char *stored, struct authd_bytes password);

    /* Optional: absent for schemes that only verify. Writes a NUL-terminated hash of `password`
     * under a fresh salt. False: out of memory. */
    bool (*hash)(const struct authd_hash_parameters *parameters, struct authd_bytes password,
                 char out[AUTHD_HASH_MAX + 1]);

    /* True if `stored` is weaker than what `hash` would make: replace it at the next good login.
     * Required when `hash` is present; hashes of schemes without it always count as weaker. */
    bool (*weaker)(const char *stored, const struct authd_hash_parameters *parameters);

    /* Optional. Called on each thread that calls the functions above, when it has had nothing to do
     * for some seconds: wipe what is kept from one call to the next. */
    void (*idle)(void);
};

/* ---- the one exported object -------------------------------------------------------------------
 */

struct authd_plugin {
    uint32_t abi;     /* AUTHD_PLUGIN_ABI */
    uint32_t size;    /* sizeof(struct authd_plugin) as the plugin was compiled */
    const char *name; /* the file's name without its suffix */
    const struct authd_mechanism *const *mechanisms; /* NULL-terminated, or NULL */
    const struct authd_scheme *const *schemes;       /* NULL-terminated, or NULL */
};

#ifdef AUTHD_PLUGIN_STATIC
#define AUTHD_PLUGIN(NAME) const struct authd_plugin authd_plugin_##NAME
#else
#define AUTHD_PLUGIN(NAME)                                                                         \
    __attribute__((visibility("default"))) const struct authd_plugin authd_plugin
#endif

#ifdef __cplusplus
}
#endif

#endif
