/* One login from the inside: what core/login.c and its steps in other files share. */
#ifndef CORE_LOGIN_PRIVATE_H
#define CORE_LOGIN_PRIVATE_H

#include <event2/event_struct.h>

#include "core/code.h"
#include "core/factor.h"
#include "core/facts.h"
#include "core/foreign.h"
#include "core/login.h"
#include "core/scope_cache.h"
#include "core/verdict.h"
#include "core/verify.h"
#include "crypto/secret_text.h"
#include "store/lookup.h"

struct arena;

/* Of the login's deadline, how much the password checks may use up together. */
#define LOGIN_VERIFY_MS 5000

/* After the last check of a password a refusal has at least this much time, so that what is asked
 * of the database after a right one does not reach into the next step of the grid. */
#define LOGIN_SETTLE_MS 100

/* How a step ends. */
enum progress { GO_ON, WAIT, ENDED };

struct login {
    struct core *core;
    struct arena *arena;
    struct login_context context;
    login_done_f *done;
    void *arg;
    int64_t arrival;
    char reference[REFERENCE_LENGTH + 1];

    struct claim claim;
    const char *why; // the mechanism's word on a malformed exchange, or which scope; or NULL
    char name[NAME_MAX_LENGTH + 1];
    struct facts facts;
    struct verdict verdict;

    // The account as it was looked up.
    int64_t account;
    int64_t version;
    int generation;
    const char *login;
    int64_t seal;
    const char *sealed; // the stored hash as it is in the row,
    const char *stored; // and opened
    char *scope_words;  // one for each level
    int64_t now;        // the database's clock

    // Its second factor, and what was shown beside the main password.
    struct factor_row factor;
    struct span password; // the claim's secret, without the code that may follow it
    struct code code;
    int64_t step_taken;                    // whose code it is; -1: none's
    enum code_answer code_refused;         // what it comes to without grace
    char grace_network[NETWORK_TEXT_SIZE]; // "": no grace here
    const char *factor_word;               // by what it was let in: "totp", "recovery", "grace"

    // The app password that was shown, or that was made elsewhere and matches.
    struct secret_text shown;
    int64_t credential; // 0: none
    int64_t credential_version;
    const char *verifier;
    const char *key;
    const char *credential_scope; // a word; NULL: the last of `scope_words`
    struct foreign_password foreign[FOREIGN_MAX];
    size_t foreign_count;
    size_t foreign_next;                     // the one to be tried
    char foreign_stored[AUTHD_HASH_MAX + 1]; // its hash, opened

    // What it waits for; at most one of these and the timer.
    int64_t checked; // when the last check of a password was through; 0: there was none
    unsigned step;   // the next one
    struct lookup_request lookup;
    struct verify *verify;
    struct scope_request scopes;
    struct db_unit *confirm; // or another question to the database, or a use of a code
    struct event timer;      // the deadline, then the grid
};

/* Goes on with the next step. */
void login_run(struct login *login);
/* Notes that the database could not answer. */
void login_trouble(struct login *login, enum db_status status);

/* ---- core/login_check.c: does the secret match? ---- */

void login_take_password(struct login *login, const struct account_row *row);
enum progress login_verify(struct login *login);         // the main password, or the app password
enum progress login_verify_whole(struct login *login);   // the main password, with its last digits
enum progress login_ask_foreign(struct login *login);    // is there one made elsewhere?
enum progress login_verify_foreign(struct login *login); // those made elsewhere, one after another
void login_rekey(
    const struct login *login); // what was good, of an app password under an old pepper

/* ---- core/login_factor.c: is a code needed, and is it good? ---- */

void login_take_factor(struct login *login, const struct account_row *row);
enum progress login_ask_grace(struct login *login);
enum progress login_use_code(struct login *login);

/* ---- core/login_scope.c: may it be used here and now? ---- */

enum progress login_ask_scopes(struct login *login);

#endif
