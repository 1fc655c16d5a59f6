/* The plugin interface: SASL mechanisms and password schemes as authd sees them.
 *
 * A plugin is one shared module that exports one symbol, `authd_plugin`, of type `const struct
 * authd_plugin`. A plugin does no I/O, never waits, keeps no globals and calls no function of
 * authd: the core allocates a mechanism's state, passes octets to the plugin, and copies what the
 * plugin returns. The core never unloads a plugin. The same source can be linked statically
 * (-DAUTHD_PLUGIN_STATIC): the symbol is then `authd_plugin_NAME`.
 *
 * A plugin runs inside authd's address space and is trusted code. authd loads a plugin only when
 * its name is in the configuration, and only from a file and a directory that belong to root or to
 * authd's own user and that no other user can write. */
#ifndef AUTHD_PLUGIN_H
#define AUTHD_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rises with every change of a struct in this header: only struct authd_plugin carries its size. */
#define AUTHD_PLUGIN_ABI 1

/* Octets that the receiver does not own, without a NUL at the end. `ptr` may be NULL when `len` is
 * 0. */
struct authd_bytes {
    const unsigned char *ptr;
    size_t len;
};

/* ---- SASL mechanisms (RFC 4422) ---------------------------------------------------- */

/* Properties of a mechanism, announced on a Dovecot auth socket: plaintext, dictionary, active,
 * mutual-auth. */
enum authd_mechanism_flag {
    AUTHD_MECH_PLAINTEXT = 1u << 0,  /* the client sends the secret itself */
    AUTHD_MECH_DICTIONARY = 1u << 1, /* open to a passive dictionary attack */
    AUTHD_MECH_ACTIVE = 1u << 2,     /* open to an active attack */
    AUTHD_MECH_MUTUAL = 1u << 3,     /* the server authenticates itself too */
};

enum authd_mechanism_input {
    AUTHD_RESPONSE, /* a response of the client; the first may be absent */
    AUTHD_MATERIAL, /* the stored verifier after AUTHD_WANT_MATERIAL, real or mock */
};

enum authd_mechanism_output {
    AUTHD_REFUSE = 0, /* the exchange is malformed; `why` says how. Zeroed output means this. */
    /* The core sends `challenge`, which may be empty, then calls step with the client's
     * response. */
    AUTHD_CHALLENGE,
    /* The core looks up the stored verifier of claim.authcid, then calls step with the verifier. */
    AUTHD_WANT_MATERIAL,
    AUTHD_CLAIM, /* `claim` is complete; the core decides */
};

/* The core serves AUTHD_CLAIM_PASSWORD, and refuses the other kinds and AUTHD_WANT_MATERIAL as long
 * as authd stores no verifiers or token issuers for them. */
enum authd_claim_kind {
    /* `secret` is a password, an app password, or a password with a code. */
    AUTHD_CLAIM_PASSWORD,
    AUTHD_CLAIM_BEARER, /* `secret` is an OAuth 2.0 access token (RFC 6749) */
    AUTHD_CLAIM_PROVED, /* the mechanism checked the stored verifier itself; no secret */
};

/* The identity that the client claims. All octets are as received: the core checks and maps them.
 * The octets belong to the plugin and may point into the input of this step or into the mechanism's
 * state; the core copies them before the next call. */
struct authd_claim {
    enum authd_claim_kind kind;
    struct authd_bytes authcid; /* authentication identity; empty only for AUTHD_CLAIM_BEARER */
    struct authd_bytes authzid; /* authorization identity; empty: the same as authcid */
    struct authd_bytes secret;
};

struct authd_step_in {
    enum authd_mechanism_input kind;
    bool present; /* false: the client sent no initial response, `bytes` is empty */
    struct authd_bytes bytes;
};

struct authd_step_out {
    enum authd_mechanism_output kind;
    struct authd_bytes challenge; /* points into state, input or constant data */
    struct authd_claim claim;
    const char *why; /* constant text for the log, with AUTHD_REFUSE */
};

/* The largest decoded response that the core passes to a mechanism, and the largest challenge that
 * the core sends, in octets: what Postfix and Exim can carry. The core refuses an exchange with a
 * longer one. */
#define AUTHD_RESPONSE_MAX  12288
#define AUTHD_CHALLENGE_MAX 6000

struct authd_mechanism {
    /* The registered SASL name (RFC 4422, section 3.1): 1 to 20 of A-Z, 0-9, - and _. */
    const char *name;
    unsigned flags;    /* enum authd_mechanism_flag */
    size_t state_size; /* octets, at most 65536 */

    /* One step of the exchange. `state` starts zeroed and belongs to this exchange only. `out`
     * starts zeroed. Called again only after AUTHD_CHALLENGE or AUTHD_WANT_MATERIAL. Runs on the
     * event loop: must return within microseconds. */
    void (*step)(void *state, const struct authd_step_in *in, struct authd_step_out *out);

    /* Optional. Tells the mechanism the core's decision, once. Not called when the core cannot
     * decide. The mechanism may add one last challenge (AUTHD_CHALLENGE in `out`: SCRAM
     * server-final of RFC 5802, the OAuth error JSON of RFC 7628). The mechanism cannot change the
     * outcome, and any response of the client to that challenge ends the exchange. */
    void (*conclude)(void *state, bool allowed, struct authd_step_out *out);

    /* Optional. The last call for this state. The core wipes the octets of the state itself. */
    void (*wipe)(void *state);
};

/* ---- password schemes -------------------------------------------------------------- */

/* The cost of verifying one stored hash, computed from the hash's text alone. */
struct authd_cost {
    uint64_t bytes; /* peak memory in bytes */
    /* Estimated time of one check on one core, in microseconds. */
    uint64_t work;
    size_t counted; /* octets of a password that are hashed, the rest is ignored; 0: all */
};

/* Parameters of new hashes. A scheme uses the members that it knows. */
struct authd_hash_parameters {
    uint64_t memory; /* bytes, 19 MiB to 1 GiB */
    uint32_t passes; /* argon2's t, 1 to 10 */
};

enum authd_match {
    AUTHD_MATCH_ERROR = -1, /* the check failed: no memory, or unsupported here */
    AUTHD_MATCH_NO = 0,
    AUTHD_MATCH_YES = 1,
};

/* The longest stored hash, in octets, without the NUL. */
#define AUTHD_HASH_MAX 511

/* A password scheme. All functions are re-entrant and may run on any thread, many at a time.
 * `stored` is NUL-terminated. */
struct authd_scheme {
    const char *name; /* name in the configuration and the log, such as "argon2id" */
    /* The beginnings of this scheme's hashes, such as "$argon2id$"; NULL-terminated. The core
     * refuses an empty prefix, and a prefix that clashes with one of another scheme. */
    const char *const *prefixes;

    /* Parses `stored` strictly and computes what verify will cost. False: `stored` is not a hash of
     * this scheme. `cost` starts zeroed. The core calls this before verify and does not check a
     * hash that costs more than configured. */
    bool (*cost)(const char *stored, struct authd_cost *cost);

    enum authd_match (*verify)(const char *stored, struct authd_bytes password);

    /* Optional: a scheme that only verifies has NULL here. Writes a NUL-terminated hash of
     * `password` with a fresh salt. False: out of memory. */
    bool (*hash)(const struct authd_hash_parameters *parameters, struct authd_bytes password,
                 char out[AUTHD_HASH_MAX + 1]);

    /* True: `stored` is weaker than a hash that `hash` would make, and the next successful login
     * replaces `stored`. Present exactly when `hash` is. Called for the scheme that makes new
     * hashes; hashes of all other schemes always count as weaker. */
    bool (*weaker)(const char *stored, const struct authd_hash_parameters *parameters);

    /* Optional. Called on each thread that calls the functions above, when that thread has been
     * idle for some seconds. Wipes all memory that the scheme keeps between two calls. */
    void (*idle)(void);
};

/* ---- the one exported object ------------------------------------------------------- */

struct authd_plugin {
    uint32_t abi;     /* AUTHD_PLUGIN_ABI */
    uint32_t size;    /* sizeof(struct authd_plugin) when the plugin was compiled */
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
