/* The steps of a login that ask for something beside the main password: the code of a phone, a
 * recovery code, or a remembered network. These steps come last, because they use something up, and
 * each asks the database in a transaction of its own, which is never undone.
 *
 * Threats: a code that is used up by a login which is then refused; two logins with one code (the
 * database decides, by one conditional update); guesses that cost nothing (the database counts
 * wrong codes); a mail program that repeats an old code all day long, which must not lock its user
 * out (each wrong code counts once, and on a remembered network none counts); an attacker who
 * repeats a code until the code is right by chance (the database refuses the last wrong codes). */
#include "login/login_private.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "core/audit_call.h"
#include "core/core.h"
#include "core/subkey.h"
#include "credential/recovery_code.h"
#include "credential/remembered_network.h"
#include "crypto/key.h"

/* How much of the login's deadline one use of a code may take. */
#define TAKE_MS 1500

/* ---- what the account's row says ---- */

/* A word that this authd does not know is taken for the strictest policy. */
static enum factor_policy policy_of(const char *word)
{
    if (word == NULL || strcmp(word, "off") == 0) {
        return FACTOR_OFF;
    }
    return strcmp(word, "optional") == 0 ? FACTOR_OPTIONAL : FACTOR_REQUIRED;
}

static enum factor_policy stricter(enum factor_policy a, enum factor_policy b)
{
    return a > b ? a : b;
}

/* Divides a secret into password and inline code, before anything is hashed. */
static void login_read_inline_code(struct login *login)
{
    struct span code;

    if (factor_code_inline(login->request.claim.secret, login->factor.row.digits,
                           &login->password.entered, &code)) {
        login->facts.inline_code = true;
        login->factor.code.kind = FACTOR_CODE_TOTP;
        span_text(code, login->factor.code.text, sizeof(login->factor.code.text));
    }
}

static void login_read_code(struct login *login)
{
    const struct factor_rules *rules = login->core->site.factor_rules;
    struct facts *facts = &login->facts;

    if (facts->sign_in) {
        facts->code_presented = login->request.context.code.len > 0;
        factor_code_parse(login->request.context.code, &login->factor.code);
        return;
    }
    if (!verdict_needs_factor(facts)) {
        return;
    }
    if (rules->inline_codes && facts->claim == CLAIM_PASSWORD) {
        login_read_inline_code(login);
    }
    facts->remember_possible =
        login->request.context.attested &&
        remembered_network_of(&rules->remember, login->request.context.client,
                              login->factor.network);
}

void login_take_factor(struct login *login, const struct account_row *row)
{
    struct facts *facts = &login->facts;

    facts->policy = stricter(login->core->site.factor_rules->policy,
                             stricter(policy_of(row->domain_policy), policy_of(row->user_policy)));
    facts->privileged = strcmp(row->role, "user") != 0;
    facts->enrolled = row->factor != 0;
    if (facts->enrolled) {
        login->factor.row = (struct totp_row){
            .id = row->factor,
            .owner = row->id,
            .seed = arena_copy(login->arena, span_of(row->seed)),
            .algorithm = arena_copy(login->arena, span_of(row->algorithm)),
            .digits = row->digits,
        };
        login_read_code(login);
    }
}

/* ---- is the network a remembered one, for a password that ends in digits? ---- */

static void login_remembered_known(const struct db_result *result, void *arg)
{
    struct login *login = arg;

    login->unit = NULL;
    login_trouble(login, result->status);
    if (result->status == DB_OK) {
        login->facts.remembered = db_bool(result, 0, 0) ? ANSWER_YES : ANSWER_NO;
    }
    login_run(login);
}

enum progress login_ask_remembered(struct login *login)
{
    if (verdict_of(&login->facts).want != WANT_REMEMBERED) {
        return GO_ON;
    }
    login->facts.waited = true;
    login->unit = db_unit_create(STATEMENT_REMEMBERED_NETWORK_LIVE);
    db_unit_int(login->unit, login->account.id);
    db_unit_int(login->unit, login->factor.row.id);
    db_unit_int(login->unit, login->password.cipher_version);
    db_unit_text(login->unit, login->factor.network);
    db_run(login->core->db, login->unit, TAKE_MS, login_remembered_known, login);
    return WAIT;
}

/* ---- the answer of the database about a code ---- */

static void login_code_answer(struct login *login, enum code_answer answer, const char *factor)
{
    login->facts.code = answer;
    if (answer == CODE_TAKEN) { // the same transaction found the account unchanged
        login->facts.unchanged = ANSWER_YES;
        login->factor.word = factor;
    }
}

struct code_word {
    const char *word;
    enum code_answer answer;
};

/* The answer that `words` has for the word of the database; the last row, which has no word, stands
 * for every other. */
static enum code_answer answer_of(const struct db_result *result, const struct code_word *words)
{
    const char *word = db_text(result, 0, 0);

    while (words->word != NULL && (word == NULL || strcmp(word, words->word) != 0)) {
        words++;
    }
    return words->answer;
}

/* Starts a question, with the two parameters that all questions about a code begin with. */
static void login_ask(struct login *login, enum statement statement)
{
    login->unit = db_unit_create(statement);
    db_unit_int(login->unit, login->account.id);
    db_unit_int(login->unit, login->account.version);
}

/* Adds the tag of the rows that the call may write. `digest` stands for the arguments. */
static void login_tag(struct login *login, const char *operation, const char *digest)
{
    char *call = audit_call_own(&login->core->keys->audit, operation, 1, span_of(digest));

    db_unit_text(login->unit, call);
    free(call);
}

static void digest_of(const struct login *login, const char *purpose, int64_t id,
                      char out[static SUBKEY_HEX_SIZE])
{
    char number[24];

    snprintf(number, sizeof(number), "%" PRId64, id);

    const struct span parts[] = {span_of(number), span_of(login->factor.code.text)};

    subkey_digest(login->core, purpose, parts, 2, out);
}

/* ---- a recovery code ---- */

static void login_recovered(const struct db_result *result, void *arg)
{
    static const struct code_word words[] = {{"taken", CODE_TAKEN},
                                             {"wrong", CODE_WRONG_RECOVERY},
                                             {"locked", CODE_LOCKED_RECOVERY},
                                             {NULL, CODE_CHANGED}};
    struct login *login = arg;

    login->unit = NULL;
    login_trouble(login, result->status);
    if (result->status == DB_OK) {
        login_code_answer(login, answer_of(result, words), "recovery");
    }
    login_run(login);
}

static enum progress login_recover(struct login *login)
{
    const struct key_set *peppers = &login->core->keys->peppers;
    char verifiers[KEY_SET_MAX][KEYED_HASH_HEX_SIZE];
    const char *texts[KEY_SET_MAX];
    char digest[SUBKEY_HEX_SIZE];

    for (size_t i = 0; i < peppers->count; i++) {
        recovery_code_verifier(&peppers->keys[i], login->account.id,
                               span_of(login->factor.code.text), verifiers[i]);
        texts[i] = verifiers[i];
    }
    digest_of(login, "wrong-recovery-code", login->account.id, digest);
    login_ask(login, STATEMENT_RECOVERY_TAKE);
    db_unit_text_array(login->unit, texts, peppers->count);
    db_unit_text(login->unit, digest);
    login_tag(login, "recovery_take", digest);
    db_run(login->core->db, login->unit, TAKE_MS, login_recovered, login);
    return WAIT;
}

/* ---- a code of the phone, and remembered networks ----
 *
 * A fresh code is used up, and its network is remembered anew. On a remembered network anything
 * else beside the right password is ignored, and wrong codes are not counted. */

static void login_take_code(struct login *login);

static void login_remembered_used(const struct db_result *result, void *arg)
{
    struct login *login = arg;

    login->unit = NULL;
    login_trouble(login, result->status);
    if (result->status != DB_OK) {
        login_run(login);
        return;
    }
    if (db_bool(result, 0, 0)) {
        login_code_answer(login, CODE_TAKEN, "remembered");
    } else if (login->factor.unless_remembered != CODE_PENDING) {
        login_code_answer(login, login->factor.unless_remembered, NULL);
    } else {
        login_take_code(login); // a wrong code, which the database counts
        return;
    }
    login_run(login);
}

static void login_use_remembered(struct login *login)
{
    login_ask(login, STATEMENT_REMEMBERED_NETWORK_USE);
    db_unit_int(login->unit, login->factor.row.id);
    db_unit_int(login->unit, login->password.cipher_version);
    db_unit_text(login->unit, login->factor.network);
    db_run(login->core->db, login->unit, TAKE_MS, login_remembered_used, login);
}

static void login_taken(const struct db_result *result, void *arg)
{
    static const struct code_word words[] = {{"taken", CODE_TAKEN},
                                             {"wrong", CODE_WRONG},
                                             {"replayed", CODE_USED},
                                             {"locked", CODE_LOCKED},
                                             {NULL, CODE_CHANGED}};
    struct login *login = arg;

    login->unit = NULL;
    login_trouble(login, result->status);
    if (result->status == DB_OK) {
        enum code_answer answer = answer_of(result, words);

        if (login->factor.totp_step >= 0 && login->facts.remember_possible &&
            (answer == CODE_USED || answer == CODE_LOCKED || answer == CODE_WRONG)) {
            login->factor.unless_remembered = answer;
            login_use_remembered(login);
            return;
        }
        login_code_answer(login, answer, "totp");
    }
    login_run(login);
}

/* The database gets the time step that the code belongs to, if there is one, and a digest of the
 * code, by which it knows a repeated wrong code. */
static void login_take_code(struct login *login)
{
    const struct factor_remember *remember = &login->core->site.factor_rules->remember;
    char digest[SUBKEY_HEX_SIZE];

    digest_of(login, "wrong-code", login->factor.row.id, digest);
    login_ask(login, STATEMENT_FACTOR_TAKE);
    db_unit_int(login->unit, login->factor.row.id);
    if (login->factor.totp_step >= 0) {
        db_unit_int(login->unit, login->factor.totp_step);
    } else {
        db_unit_text(login->unit, NULL);
    }
    db_unit_text(login->unit, digest);
    db_unit_text(login->unit,
                 login->facts.remember_possible
                     ? arena_printf(login->arena,
                                    "{\"network\":\"%s\",\"cipher_version\":%" PRId64
                                    ",\"seconds\":%" PRId64 ",\"uses\":%" PRId64 "}",
                                    login->factor.network, login->password.cipher_version,
                                    remember->seconds, remember->uses)
                     : NULL);
    login_tag(login, "factor_take", digest);
    db_run(login->core->db, login->unit, TAKE_MS, login_taken, login);
}

static enum progress login_check_code(struct login *login)
{
    login->factor.totp_step = -1;
    switch (totp_verify(login->core, &login->factor.row, span_of(login->factor.code.text),
                        login->account.now, &login->factor.totp_step)) {
    case TOTP_BROKEN:
        login->facts.trouble = REASON_FACTOR_BROKEN;
        return GO_ON;
    case TOTP_KEY_MISSING:
        login->facts.trouble = REASON_KEY_MISSING;
        return GO_ON;
    case TOTP_NO:
    case TOTP_YES:
        break;
    }
    if (login->factor.totp_step < 0 && login->facts.remember_possible) {
        login_use_remembered(login);
    } else {
        login_take_code(login);
    }
    return WAIT;
}

static enum progress login_without_code(struct login *login)
{
    login->factor.unless_remembered = login->facts.code_presented ? CODE_WRONG : CODE_MISSING;
    if (login->facts.remember_possible) {
        login_use_remembered(login);
        return WAIT;
    }
    login_code_answer(login, login->factor.unless_remembered, NULL);
    return GO_ON;
}

enum progress login_use_code(struct login *login)
{
    if (verdict_of(&login->facts).want != WANT_CODE) {
        return GO_ON;
    }
    switch (login->factor.code.kind) {
    case FACTOR_CODE_RECOVERY:
        return login_recover(login);
    case FACTOR_CODE_TOTP:
        return login_check_code(login);
    case FACTOR_CODE_MALFORMED:
        break;
    }
    return login_without_code(login);
}
