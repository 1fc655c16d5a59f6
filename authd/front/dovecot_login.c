/* The requests of a Dovecot connection: from the client's command to the reply. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "core/plugin_registry.h"
#include "front/dovecot_private.h"
#include "front/dovecot_reply.h"
#include "login/login_record.h"
#include "login/sasl.h"

#define CONNECTION_REQUESTS    1024
#define FRONT_REQUESTS         16384
#define MECHANISM_NAME_MAX     20 /* RFC 4422 */
#define CLIENT_ADDRESS_MAX     64
#define SERVICE_MAX            64
#define TRUNCATED_RESPONSE_MIN 1900

void dovecot_request_free(struct request *request)
{
    struct connection *connection = request->connection;

    TAILQ_REMOVE(&connection->requests, request, link);
    connection->live--;
    connection->front->live--;
    free(request);
}

static struct request *request_find(struct connection *connection, uint32_t id)
{
    struct request *request;

    TAILQ_FOREACH (request, &connection->requests, link) {
        if (request->id == id) {
            return request;
        }
    }
    return NULL;
}

/* ---- answers ---- */

static void reply_send(struct connection *connection, const struct dovecot_reply *reply)
{
    struct buf buf;

    buf_init(&buf, DOVECOT_LINE_MAX + 1);
    dovecot_reply_append(&buf, reply);
    if (buf.overflow) {
        dovecot_connection_broken(connection, "the reply does not fit a line");
    } else {
        stream_write(&connection->stream, buf_span(&buf));
    }
    buf_finish(&buf);
}

static void reply_fail(struct connection *connection, uint32_t id, const char *code,
                       const char *reason)
{
    reply_send(connection, &(struct dovecot_reply){
                               .kind = DOVECOT_FAIL, .id = id, .code = code, .reason = reason});
}

static void reply_tempfail(struct connection *connection, uint32_t id)
{
    if (connection->front->options.tempfail_reply) {
        reply_fail(connection, id, DOVECOT_CODE_TEMPFAIL, "Temporary authentication failure");
    } else {
        dovecot_connection_close(connection);
    }
}

/* Refuses a login. The reply has the same octets whatever the reason, except for the reference and
 * the code of a refused authorization identity. */
static void reply_deny(struct connection *connection, uint32_t id,
                       const struct login_result *result)
{
    char reason[100];

    snprintf(reason, sizeof(reason), "The user name or password was not accepted (reference %s)",
             result->reference);
    reply_send(connection, &(struct dovecot_reply){
                               .kind = DOVECOT_FAIL,
                               .id = id,
                               .user = result->user,
                               .code = result->reason == REASON_AUTHZID ? DOVECOT_CODE_AUTHZ : NULL,
                               .reason = reason,
                           });
}

/* ---- the SASL exchange's side ---- */

static void request_challenge(void *arg, struct span challenge)
{
    struct request *request = arg;

    reply_send(request->connection, &(struct dovecot_reply){.kind = DOVECOT_CHALLENGE,
                                                            .id = request->id,
                                                            .challenge = challenge});
}

static void request_finished(void *arg, const struct login_result *result)
{
    struct request *request = arg;
    struct connection *connection = request->connection;
    uint32_t id = request->id;

    /* First, because closing the connection cancels the SASL exchanges of its other requests. */
    dovecot_request_free(request);
    switch (result->outcome) {
    case OUTCOME_ALLOW:
        reply_send(connection,
                   &(struct dovecot_reply){.kind = DOVECOT_OK, .id = id, .user = result->identity});
        break;
    case OUTCOME_DENY:
        reply_deny(connection, id, result);
        break;
    case OUTCOME_TEMPFAIL:
    case OUTCOME_MORE:
        reply_tempfail(connection, id);
        break;
    }
    dovecot_connection_close_if_idle(connection);
}

/* Ends a request that took too long. Clients that multiplex learn it when they send the next line
 * of the request. Postfix and Exim would turn a refusal into "wrong password" but take a closed
 * connection for "try again later", so their connection is closed. */
static void request_expired(void *arg)
{
    struct request *request = arg;
    struct connection *connection = request->connection;

    dovecot_request_free(request);
    if (!connection->front->options.tempfail_reply) {
        dovecot_connection_close(connection);
    }
    dovecot_connection_close_if_idle(connection);
}

static const struct sasl_exchange_ops request_ops = {
    .challenge = request_challenge,
    .finished = request_finished,
    .expired = request_expired,
};

/* ---- commands ---- */

struct context_texts {
    char mechanism[MECHANISM_NAME_MAX + 1];
    char service[SERVICE_MAX + 1];
    char client[CLIENT_ADDRESS_MAX + 1];
};

static struct login_context command_context(const struct connection *connection,
                                            const struct dovecot_command *command,
                                            struct context_texts *texts)
{
    return (struct login_context){
        .mechanism = span_text(command->mechanism, texts->mechanism, sizeof(texts->mechanism)),
        .service = span_text(command->service, texts->service, sizeof(texts->service)),
        .front = "dovecot",
        .client = span_text(command->client, texts->client, sizeof(texts->client)),
        .peer = connection->peer,
        .fair_key = command->client.len > 0 ? span_hash(command->client) : connection->number,
        .tls = command->secured,
        .attested = true,
        .tagged = connection->front->options.tagged,
    };
}

/* Ends a request that has no SASL exchange yet. */
static void auth_refuse(struct connection *connection, const struct dovecot_command *command,
                        enum reason reason)
{
    struct context_texts texts;
    struct login_context context = command_context(connection, command, &texts);
    bool busy = reason == REASON_TOO_MANY || reason == REASON_STOPPING;

    login_record_write(&(struct login_record){
        .core = connection->front->core,
        .outcome = busy ? OUTCOME_TEMPFAIL : OUTCOME_DENY,
        .reason = reason,
        .context = &context,
    });
    if (busy) {
        reply_tempfail(connection, command->id);
    } else if (reason == REASON_UNKNOWN_MECHANISM) {
        reply_fail(connection, command->id, NULL, "Authentication mechanism not supported");
    } else if (command->data.len >= TRUNCATED_RESPONSE_MIN) {
        reply_fail(connection, command->id, DOVECOT_CODE_BASE64,
                   "Initial response too long: raise line_length_limit, or send it after AUTH");
    } else {
        reply_fail(connection, command->id, DOVECOT_CODE_BASE64,
                   "Invalid base64 data in initial response");
    }
}

/* Whether AUTH has an initial response. For a client older than version 1.2 an empty resp= means
 * that there is none, because those versions cannot send an empty response. */
static bool command_has_response(const struct connection *connection,
                                 const struct dovecot_command *command)
{
    return command->has_data && (command->data.len > 0 || connection->minor >= 2);
}

static void command_auth(struct connection *connection, struct dovecot_command *command)
{
    struct dovecot_front *front = connection->front;
    struct context_texts texts;
    char response[DOVECOT_LINE_MAX];
    struct sasl_exchange_start start = {
        .context = command_context(connection, command, &texts),
        .has_response = command_has_response(connection, command),
        .response = {response, 0},
    };

    if (request_find(connection, command->id) != NULL) {
        dovecot_connection_broken(connection, "AUTH with an id that is in use");
        return;
    }
    if (front->draining) {
        auth_refuse(connection, command, REASON_STOPPING);
        return;
    }
    if (connection->live >= CONNECTION_REQUESTS || front->live >= FRONT_REQUESTS) {
        auth_refuse(connection, command, REASON_TOO_MANY);
        return;
    }
    if (command->mechanism.len <= MECHANISM_NAME_MAX) {
        start.mechanism = plugin_registry_mechanism(front->core->registry, texts.mechanism);
    }
    if (start.mechanism == NULL) {
        auth_refuse(connection, command, REASON_UNKNOWN_MECHANISM);
        return;
    }
    if (start.has_response &&
        !dovecot_response_decode(command->data, response, sizeof(response), &start.response.len)) {
        auth_refuse(connection, command, REASON_BAD_BASE64);
        return;
    }

    struct request *request = mem_new(struct request);

    request->connection = connection;
    request->id = command->id;
    TAILQ_INSERT_TAIL(&connection->requests, request, link);
    connection->live++;
    front->live++;
    start.context.mechanism = start.mechanism->name;
    request->exchange = sasl_exchange_create(front->core, &start, &request_ops, request);
    secret_wipe(response, start.response.len);
}

/* Ends a request with a refusal by the front itself. */
static void request_refuse(struct request *request, enum reason reason, const char *code,
                           const char *text)
{
    struct connection *connection = request->connection;
    uint32_t id = request->id;

    sasl_exchange_cancel(request->exchange, reason);
    dovecot_request_free(request);
    reply_fail(connection, id, code, text);
    dovecot_connection_close_if_idle(connection);
}

static void command_cont(struct connection *connection, struct dovecot_command *command)
{
    struct request *request = request_find(connection, command->id);
    char response[DOVECOT_LINE_MAX];
    size_t length;

    if (request == NULL) {
        reply_fail(connection, command->id, NULL, "Authentication request timed out");
        return;
    }
    if (!dovecot_response_decode(command->data, response, sizeof(response), &length)) {
        request_refuse(request, REASON_BAD_BASE64, DOVECOT_CODE_BASE64,
                       "Invalid base64 data in continued response");
        return;
    }
    if (!sasl_exchange_step(request->exchange, (struct span){response, length})) {
        request_refuse(request, REASON_MALFORMED, NULL, "Unexpected continuation");
    }
    secret_wipe(response, length);
}

static void command_cancel(struct connection *connection, uint32_t id)
{
    struct request *request = request_find(connection, id);

    if (request != NULL) {
        sasl_exchange_cancel(request->exchange, REASON_ABANDONED);
        dovecot_request_free(request);
        dovecot_connection_close_if_idle(connection);
    }
}

/* Runs the handshake: VERSION, then CPID, each once; requests follow. */
static void command_handshake(struct connection *connection, const struct dovecot_command *command)
{
    if (connection->state == AWAIT_VERSION && command->kind == DOVECOT_VERSION) {
        connection->minor = command->minor;
        connection->state = AWAIT_CPID;
    } else if (connection->state == AWAIT_CPID && command->kind == DOVECOT_CPID) {
        connection->state = READY;
    } else {
        dovecot_connection_broken(connection, "handshake out of order");
    }
}

void dovecot_command_run(struct connection *connection, struct dovecot_command *command)
{
    if (command->kind == DOVECOT_BROKEN) {
        dovecot_connection_broken(connection, command->broken);
        return;
    }
    if (connection->state != READY) {
        command_handshake(connection, command);
        return;
    }
    switch (command->kind) {
    case DOVECOT_AUTH:
        command_auth(connection, command);
        return;
    case DOVECOT_CONT:
        command_cont(connection, command);
        return;
    case DOVECOT_CANCEL:
        command_cancel(connection, command->id);
        return;
    case DOVECOT_BROKEN:
    case DOVECOT_VERSION:
    case DOVECOT_CPID:
        break;
    }
    dovecot_connection_broken(connection, "VERSION or CPID after the handshake");
}
