#include "login/login_record.h"

#include "audit/audit.h"
#include "base/log.h"
#include "core/core.h"

enum outcome login_record_undecided(enum reason reason)
{
    bool refused = reason == REASON_BAD_BASE64 || reason == REASON_MALFORMED;

    return refused ? OUTCOME_DENY : OUTCOME_MORE;
}

/* An administrator has to act: the installation lacks a plugin or a key file, or somebody wrote
 * into the database. */
static bool needs_repair(enum reason reason)
{
    return reason == REASON_HASH_UNREADABLE || reason == REASON_HASH_BROKEN ||
           reason == REASON_FACTOR_BROKEN || reason == REASON_KEY_MISSING;
}

static void login_record_audit(const struct login_record *record)
{
    const struct login_context *context = record->context;

    if (record->outcome == OUTCOME_MORE) {
        return;
    }
    audit_login(record->core->audits,
                &(struct audit_login){
                    .outcome = record->outcome,
                    .reason = record->reason,
                    .login = record->user,
                    .account = record->account,
                    .credential = record->credential != NULL ? record->credential : "",
                    .client = context->client,
                    .peer = context->peer,
                    .service = context->service,
                    .mechanism = context->mechanism,
                    .front = context->front,
                    .reference = record->reference,
                    .tls = context->tls,
                });
}

void login_record_write(const struct login_record *record)
{
    const struct login_context *context = record->context;
    struct log_line line;

    log_begin(&line, needs_repair(record->reason) ? LOG_ERROR : LOG_INFO, "auth");
    log_text(&line, "outcome", outcome_word(record->outcome));
    log_text(&line, "reason", reason_word(record->reason));
    log_text(&line, "mechanism", context->mechanism);
    log_span(&line, "user", record->user);
    log_text(&line, "service", context->service);
    log_text(&line, "client", context->client);
    log_text(&line, "tls", context->tls ? "yes" : "no");
    log_text(&line, "front", context->front);
    log_text(&line, "peer", context->peer);
    log_text(&line, "factor", record->factor);
    log_text(&line, "why", record->why);
    log_text(&line, "gone", record->gone ? "yes" : NULL);
    log_number(&line, "ms", record->ms);
    log_text(&line, "ref", record->reference);
    log_end(&line);
    login_record_audit(record);
}
