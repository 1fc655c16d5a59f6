#include "manage/import_call.h"

#include <stdlib.h>

#include "base/mem.h"
#include "core/core.h"
#include "loop/loop.h"
#include "manage/arguments.h"
#include "manage/import_rows.h"

struct import_call {
    struct core *core;
    json_t *context;
    json_t *arguments;
    bool dry_run;
    struct manage_call *manage; /* the call that is under way; NULL: none */
    struct loop_hook refusal;   /* delivers `detail` after import_call_start() has returned */
    char detail[ARGUMENTS_DETAIL_MAX];
    result_done_f *done;
    void *arg;
};

static void call_end(struct import_call *call, const struct result *result)
{
    call->done(result, call->arg);
    json_decref(call->context);
    json_decref(call->arguments);
    free(call);
}

static void call_refuse(void *arg)
{
    struct import_call *call = arg;

    call_end(call, &(struct result){.status = RESULT_INVALID, .detail = call->detail});
}

static void call_changed(const struct result *result, void *arg)
{
    call_end(arg, result);
}

static void call_change(struct import_call *call)
{
    const struct manage_request request = {
        .statement = STATEMENT_IMPORT_ROWS,
        .context = call->context,
        .arguments = call->arguments,
        .dry_run = call->dry_run,
        .canonical = true,
    };

    call->manage = manage_call_start(call->core, &request, call_changed, call);
}

/* The accounts of the hashes are known. */
static void call_prepared(const struct result *result, void *arg)
{
    struct import_call *call = arg;
    json_t *rows = json_object_get(call->arguments, "rows");

    call->manage = NULL;
    if (result->status != RESULT_OK) {
        call_end(call, result);
        return;
    }
    if (!import_rows_encrypt(call->core, rows, json_object_get(result->object, "accounts"))) {
        abort(); /* the statement returns one account for each login */
    }
    call_change(call);
}

static void call_prepare(struct import_call *call, json_t *logins)
{
    /* This call only reads, so it gets neither the idempotency key nor the precondition. */
    json_t *context = json_deep_copy(call->context);
    json_t *arguments = json_object();
    const struct manage_request question = {
        .statement = STATEMENT_IMPORT_ACCOUNTS,
        .context = context,
        .arguments = arguments,
        .canonical = true,
    };

    json_object_del(context, "idempotency");
    json_object_del(context, "if_match");
    json_object_set(arguments, "logins", logins);
    call->manage = manage_call_start(call->core, &question, call_prepared, call);
    json_decref(context);
    json_decref(arguments);
}

struct import_call *import_call_start(struct core *core, const struct manage_request *request,
                                      result_done_f *done, void *arg)
{
    struct import_call *call = mem_new(struct import_call);
    json_t *rows = json_object_get(request->arguments, "rows");

    call->core = core;
    call->context = json_deep_copy(request->context);
    call->arguments = json_incref(request->arguments);
    call->dry_run = request->dry_run;
    call->refusal = (struct loop_hook){.run = call_refuse, .arg = call};
    call->done = done;
    call->arg = arg;
    import_prepare(core, rows);
    if (!arguments_prepare(call->arguments, core->default_domain, call->detail)) {
        loop_defer(core->loop, LOOP_BATCH, &call->refusal);
        return call;
    }

    json_t *logins = import_logins(rows);

    if (json_array_size(logins) > 0) {
        call_prepare(call, logins);
    } else {
        call_change(call);
    }
    json_decref(logins);
    return call;
}

void import_call_cancel(struct import_call *call)
{
    loop_undefer(call->core->loop, &call->refusal);
    if (call->manage != NULL) {
        manage_call_cancel(call->manage);
    }
    json_decref(call->context);
    json_decref(call->arguments);
    free(call);
}
