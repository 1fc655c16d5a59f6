/* Signing in and out.
 *
 * Threats:
 * - An attacker who tries passwords learns nothing but "no": one 401 on login/login's grid,
 * whatever was wrong. Only a user who had everything right is told that the account is suspended; a
 * user who needs a code never is, because a suspended account accepts no code. A user who has to
 * enrol a second factor gets a session that is good for that only.
 * - A page of another site that signs a browser in under another name: signing in is guarded as if
 * there were a cookie already.
 * - A session that an attacker knew before the sign-in: each sign-in makes a new cookie, and ends
 * the old session. */
#include "http/route_handlers.h"

#include "http/cookie.h"
#include "http/exchange.h"
#include "login/login.h"
#include "manage/session.h"

/* One answer, whatever was wrong, and whether or not the user has a code to give. */
#define WRONG      "login, password or code is wrong"
#define WRONG_HINT "A user who has enrolled gives a code, too; each code is good once."

#define COOKIE_ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=Strict"

static struct span cookie_of(const struct http_exchange *exchange)
{
    const char *cookies = exchange->request.headers.cookie;

    return cookies != NULL ? cookie_value(span_of(cookies), COOKIE_SESSION) : (struct span){0};
}

static void unavailable(struct http_exchange *exchange, const char *cause)
{
    http_exchange_log_cause(exchange, cause);
    http_exchange_refuse(exchange, &(struct problem){
                                       .type = PROBLEM_UNAVAILABLE,
                                       .detail = "the sign-in cannot be checked now",
                                       .hint = "Try again.",
                                   });
}

static void denied(struct http_exchange *exchange, const char *detail, const char *hint)
{
    http_exchange_refuse(exchange, &(struct problem){
                                       .type = PROBLEM_UNAUTHORIZED,
                                       .detail = detail,
                                       .hint = hint,
                                   });
}

/* ---- sign in ------------------------------------------------------------------------------- */

static void session_made(const struct session_answer *answer, void *arg)
{
    struct http_exchange *exchange = arg;

    exchange->work.call = NULL;
    if (answer->result == SESSION_UNAVAILABLE) {
        unavailable(exchange, answer->cause);
        return;
    }
    if (answer->result == SESSION_REFUSED) { /* the account has changed since the login */
        http_exchange_log_cause(exchange, "changed-meanwhile");
        denied(exchange, WRONG, WRONG_HINT);
        return;
    }
    exchange->answer.cookie =
        arena_printf(exchange->arena, COOKIE_SESSION "=%s" COOKIE_ATTRIBUTES, answer->cookie);
    route_answer(exchange, answer->object);
}

static void cancel_session(void *call)
{
    session_cancel(call);
}

static void login_decided(const struct login_result *result, void *arg)
{
    struct http_exchange *exchange = arg;

    exchange->work.call = NULL;
    http_exchange_log_cause(exchange, reason_word(result->reason));
    if (result->outcome == OUTCOME_TEMPFAIL) {
        unavailable(exchange, NULL);
        return;
    }
    if (result->outcome != OUTCOME_ALLOW) {
        bool suspended = result->reason == REASON_SUSPENDED && !result->code_unchecked;

        denied(exchange, suspended ? "this account is suspended" : WRONG,
               suspended ? "Ask your administrator." : WRONG_HINT);
        return;
    }

    const struct session_new session = {
        .account = result->account,
        .version = result->version,
        .factor = result->factor,
        .must_enrol = result->must_enrol,
        .client = exchange->request.address[0] != '\0' ? exchange->request.address : NULL,
        .agent = exchange->request.headers.user_agent,
        .old = cookie_of(exchange),
    };

    exchange->work.cancel = cancel_session;
    exchange->work.call = session_add(exchange->exchanges->core, &session, session_made, exchange);
}

static void cancel_login(void *call)
{
    login_cancel(call, REASON_CLIENT_GONE);
}

/* The key of a fair turn on the hash lane: clients with one address share their turns. */
static uint64_t fair_key_of(const struct http_exchange *exchange)
{
    return exchange->request.address[0] != '\0' ? span_hash(span_of(exchange->request.address))
                                                : exchange->client->peer.number;
}

/* The text of a member; empty: there is none. */
static struct span text_of(const json_t *arguments, const char *member)
{
    const json_t *value = json_object_get(arguments, member);

    return (struct span){json_string_value(value), json_string_length(value)};
}

/* `arguments` has a password, and a code or none. */
static void sign_in(struct http_exchange *exchange, const char *login, const json_t *arguments)
{
    const struct claim claim = {
        .authcid = span_of(login),
        .secret = text_of(arguments, "password"),
    };
    const struct login_context context = {
        .mechanism = "HTTP",
        .service = "http",
        .front = "http",
        .client = exchange->request.address,
        .peer = exchange->client->peer.text,
        .fair_key = fair_key_of(exchange),
        .tls = exchange->request.names.tls,
        .sign_in = true,
        .code = text_of(arguments, "code"),
    };

    exchange->work.cancel = cancel_login;
    exchange->work.call =
        login_begin(exchange->exchanges->core, &claim, &context, login_decided, exchange);
}

void route_sign_in(struct http_exchange *exchange)
{
    json_t *arguments = route_arguments(exchange);

    if (arguments != NULL) {
        sign_in(exchange, json_string_value(json_object_get(arguments, "login")), arguments);
    }
    json_decref(arguments);
}

/* A password given again, with a code where one is needed, is a sign-in: the user gets a new
 * cookie. */
void route_fresh(struct http_exchange *exchange)
{
    json_t *arguments = route_arguments(exchange);

    if (arguments != NULL) {
        sign_in(exchange, exchange->admission.caller.login, arguments);
    }
    json_decref(arguments);
}

/* ---- who, and out -------------------------------------------------------------------------- */

/* A number of the database as text, as all ids are. */
static json_t *number_text(const json_t *number)
{
    return json_is_integer(number) ? json_sprintf("%lld", (long long)json_integer_value(number))
                                   : json_null();
}

void route_session(struct http_exchange *exchange)
{
    static const char *const kinds[] = {
        [CALLER_HOST] = "host", [CALLER_SESSION] = "session", [CALLER_API_KEY] = "api-key"};
    const struct caller *caller = &exchange->admission.caller;
    json_t *arguments = route_arguments(exchange);

    if (arguments == NULL) {
        return;
    }

    json_t *object = json_pack(
        "{s:s, s:s, s:s?, s:o, s:s, s:O?, s:O?, s:o, s:b, s:O?, s:O?, s:b}", "kind",
        kinds[caller->kind], "name", caller->name, "user", caller->login, "user_id",
        number_text(json_object_get(caller->known, "account")), "role",
        caller_role_word(caller->role), "domains", json_object_get(caller->known, "domains"),
        "rights", json_object_get(caller->known, "rights"), "session",
        number_text(json_object_get(caller->known, "session")), "fresh", caller->fresh,
        "fresh_until", json_object_get(caller->known, "fresh_until"), "factor",
        json_object_get(caller->known, "factor"), "must_enrol", caller->must_enrol);

    http_exchange_answer(exchange, MHD_HTTP_OK, object);
    json_decref(object);
    json_decref(arguments);
}

static void session_ended(const struct session_answer *answer, void *arg)
{
    struct http_exchange *exchange = arg;

    exchange->work.call = NULL;
    if (answer->result != SESSION_DONE) {
        unavailable(exchange, answer->cause);
        return;
    }

    json_t *object = json_pack("{s:b}", "changed", true);

    exchange->answer.cookie = COOKIE_SESSION "=" COOKIE_ATTRIBUTES "; Max-Age=0";
    http_exchange_answer(exchange, MHD_HTTP_OK, object);
    json_decref(object);
}

void route_sign_out(struct http_exchange *exchange)
{
    json_t *arguments = route_arguments(exchange);

    if (arguments != NULL) {
        exchange->work.cancel = cancel_session;
        exchange->work.call =
            session_end(exchange->exchanges->core, cookie_of(exchange), session_ended, exchange);
    }
    json_decref(arguments);
}
