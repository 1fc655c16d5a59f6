/* The step of a login that asks the sending scopes of all levels whether they allow the login.
 *
 * Threats: a restriction that is never enforced (a plain listener refuses a credential with terms
 * that only the policy service can enforce, because the listener's MTA will not say which
 * credential was used); a document that this authd cannot read, which means "cannot tell"; a fact
 * that the protocol does not attest, which counts as missing. */
#include "login/login_private.h"

#include "base/arena.h"
#include "core/core.h"

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* Tells the log which member of which level's document refuses. */
static void login_explain(struct login *login, const struct scope_ruling *ruling)
{
    if (ruling->verdict != SCOPE_OK) {
        login->answer.why =
            arena_printf(login->arena, "%s of the %s scope", scope_verdict_word(ruling->verdict),
                         scope_level_word(ruling->level));
    } else if (ruling->monitored != SCOPE_OK) {
        login->answer.why = arena_printf(
            login->arena, "mode monitor: %s of the %s scope would refuse",
            scope_verdict_word(ruling->monitored), scope_level_word(ruling->monitored_level));
    }
}

static void login_decide(struct login *login, enum reason trouble)
{
    const struct login_context *context = &login->request.context;
    struct scope_facts facts = {
        .tls = context->tls,
        .mechanism = context->attested ? text_or_null(context->mechanism) : NULL,
        .service = text_or_null(context->service),
        .now = login->account.now,
    };

    if (trouble != REASON_NONE) {
        login->facts.trouble = trouble;
        return;
    }
    network_address_parse(span_of(context->attested ? context->client : ""), &facts.client);

    struct scope_ruling ruling = scope_rule(&login->scopes.set, &facts, !context->tagged);

    login_explain(login, &ruling);
    login->facts.scope = ruling.verdict;
    login->facts.scopes_known = ANSWER_YES;
}

static void login_scopes_known(struct scope_request *request, enum reason trouble)
{
    struct login *login = (struct login *)((char *)request - offsetof(struct login, scopes));

    login_decide(login, trouble);
    login_run(login);
}

/* False: the words of the database are not as schema/ promises. */
static bool login_name_scopes(struct login *login)
{
    struct scope_name *names = login->scopes.set.names;
    char *rest = login->account.scope_words;

    for (unsigned level = 0; level < SCOPE_LEVELS; level++) {
        const char *word = strsep(&rest, " ");

        if (level == SCOPE_OF_CREDENTIAL && login->credential.scope != NULL) {
            word = login->credential.scope;
        }
        if (word == NULL || !scope_name_parse(span_of(word), &names[level])) {
            return false;
        }
    }
    return true;
}

enum progress login_ask_scopes(struct login *login)
{
    enum reason trouble = REASON_DATABASE_ERROR;

    if (verdict_of(&login->facts).want != WANT_SCOPES) {
        return GO_ON;
    }
    login->scopes.done = login_scopes_known;
    if (login_name_scopes(login) &&
        !scope_cache_get(login->core->scopes, &login->scopes, &trouble)) {
        login->facts.waited = true;
        return WAIT;
    }
    login_decide(login, trouble);
    return GO_ON;
}
