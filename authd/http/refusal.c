#include "http/refusal.h"

#include "base/log.h"
#include "base/reference.h"
#include "http/response.h"

/* `problem` may be NULL. */
static void log_request(const struct http_client *client, const char *reason,
                        const struct problem *problem)
{
    struct log_line line;

    log_begin(&line, LOG_INFO, "http");
    log_text(&line, "route", "none");
    if (problem != NULL) {
        log_number(&line, "status", problem_status(problem->type));
    }
    log_text(&line, "reason", reason);
    log_text(&line, "why", problem != NULL ? problem->detail : NULL);
    log_text(&line, "peer", client->peer.text);
    log_text(&line, "ref", problem != NULL ? problem->reference : NULL);
    log_end(&line);
}

void refusal_append(struct buf *out, const struct http_client *client,
                    const struct public_url *public_url, const struct problem *problem,
                    const char *reason)
{
    const struct origin_names names = client_names(client, public_url);
    char reference[REFERENCE_LENGTH + 1];
    struct problem full = *problem;

    reference_make(reference);
    full.reference = reference;

    json_t *json = problem_json(&full);
    struct answer answer = {
        .status = problem_status(full.type),
        .text = json_dumps(json, JSON_COMPACT),
        .is_problem = true,
        .secure = origin_is_secure(&names),
        .close = true,
    };

    response_append(&answer, out);
    answer_finish(&answer);
    json_decref(json);
    log_request(client, reason, &full);
}

void refusal_log(const struct http_client *client, const char *reason)
{
    log_request(client, reason, NULL);
}
