/* One login from the inside: what login/login.c and its steps in other files share. */
#ifndef LOGIN_LOGIN_PRIVATE_H
#define LOGIN_LOGIN_PRIVATE_H

#include <event2/event_struct.h>

#include "credential/factor_code.h"
#include "credential/imported_app_password.h"
#include "credential/password_verify.h"
#include "credential/totp_verify.h"
#include "crypto/secret_text.h"
#include "login/facts.h"
#include "login/login.h"
#include "login/verdict.h"
#include "scope/scope_cache.h"
#include "store/account_lookup.h"

struct arena;

/* How long after the arrival of a claim the last check of a password may begin. */
#define LOGIN_VERIFY_MS 5000

/* A refusal leaves at least this long after the last check of a password, so that questions to the
 * database after a right password do not move the refusal to the next step of the grid. */
#define LOGIN_AFTER_CHECK_MS 100

/* How a step ends. ENDED: the login has been freed. */
enum progress { GO_ON, WAIT, ENDED };

/* A login, with the members in the order of the steps that fill them in. What a step has filled in
 * stays until the end; texts live in the arena. */
struct login {
    struct core *core;
    struct arena *arena; // holds the login itself
    struct facts facts;  // all that the verdict depends on

    /* Request: set before the first step. */
    struct {
        struct login_context context;
        struct claim claim;
        const char *malformed; // why there is no claim to decide on; NULL: there is a claim
        login_done_f *done;
        void *arg;
        int64_t arrival; // clock_ms()
        char reference[REFERENCE_LENGTH + 1];
    } request;

    /* Identify: what the claim says by itself. */
    struct {
        char name[NAME_MAX_LENGTH + 1];  // canonical; "": the claimed name is not a login
        struct secret_text app_password; // of a claim of this kind
    } identified;

    /* Lookup: the account. */
    struct {
        int64_t id; // 0: there is no account of this name
        int64_t version;
        int generation; // of the main password
        const char *login;
        char *scope_words; // a word for each level; login_ask_scopes() writes into the text
        int64_t now;       // the database's clock, in seconds since 1970
    } account;

    /* Lookup: the main password, of the claim and of the account. */
    struct {
        struct span entered;    // the claim's secret, without the code that may follow
        int64_t cipher_version; // the version of the password that its ciphertext is bound to
        const char *encrypted;  // the encrypted hash; NULL: there is none that could be decrypted
        const char *stored;     // the decrypted hash; NULL: as for `encrypted`
    } password;

    /* Lookup: the app password that the claim names. Verify: the imported one that matches. */
    struct {
        int64_t id; // 0: there is no such app password
        int64_t version;
        const char *verifier; // NULL: the app password is imported
        const char *key;      // the name of the verifier's pepper
        const char *scope;    // a word of an imported one; NULL: the last of `scope_words` counts
    } credential;

    /* Verify: checks of a password. */
    struct {
        int64_t last_ms; // clock_ms() at the end of the last check; 0: there was none
        struct password_verify_call *job; // the check under way on the hash lane; or NULL
    } verify;

    /* Verify: the account's imported app passwords, which are tried one after another. */
    struct {
        struct imported_app_password rows[IMPORTED_APP_PASSWORDS_MAX];
        size_t count;
        size_t next;                     // the first row whose check is not over
        char stored[AUTHD_HASH_MAX + 1]; // the decrypted hash of that row
    } imported;

    /* Factor: the enrolment, and what the client presents beside the main password. */
    struct {
        struct totp_row row; // zeroed: the user has not enrolled
        struct factor_code code;
        int64_t totp_step;                  // the time step that the code belongs to; -1: to none
        char network[NETWORK_TEXT_SIZE];    // may be a remembered one; "": the client has none
        enum code_answer unless_remembered; // the answer if the network is not remembered;
                                            // CODE_PENDING: the code is still to be counted
        const char *word; // what was good: "totp", "recovery", "remembered"; or NULL
    } factor;

    /* Answer. */
    struct {
        struct verdict verdict;
        const char *why; // what the log says besides the reason; or NULL
    } answer;

    /* What the login waits for: at most one of lookup, scopes, unit and verify.job. */
    unsigned next_step;
    struct account_lookup_request lookup;
    struct scope_request scopes;
    struct db_unit *unit;  // the question to the database that is under way; or NULL
    struct event deadline; // pending until the decision
    struct event grid;     // pending from a refusal to its answer
};

/* Goes on with the next step. */
void login_run(struct login *login);
/* Records in the facts that the database could not answer. */
void login_trouble(struct login *login, enum db_status status);

/* ---- login/login_password.c: does the secret match? ---- */

void login_take_password(struct login *login, const struct account_row *row);
/* Checks the main password, or an app password that authd made. */
enum progress login_verify(struct login *login);
/* Checks the full secret as a main password that ends in digits. */
enum progress login_verify_full(struct login *login);
/* Asks the database for imported app passwords. */
enum progress login_ask_imported(struct login *login);
/* Checks the imported app passwords, one after another. */
enum progress login_verify_imported(struct login *login);
/* Makes a new verifier of the app password that matched, if its pepper is an old one. */
void login_rekey(const struct login *login);

/* ---- login/login_factor.c: is a code needed, and is it good? ---- */

void login_take_factor(struct login *login, const struct account_row *row);
enum progress login_ask_remembered(struct login *login);
enum progress login_use_code(struct login *login);

/* ---- login/login_scope.c: may the credential be used here and now? ---- */

enum progress login_ask_scopes(struct login *login);

#endif
