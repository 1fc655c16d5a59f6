#include "manage/reset.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "notify/mail.h"

#define TOKEN_OCTETS 32
#define TOKEN_SIZE   44 /* base64url and a NUL */
#define TEXT_MAX     4096

struct reset_link_call {
    struct core *core;
    json_t *context;            /* the context that authd.manage() takes */
    json_t *arguments;          /* the arguments, with the digest */
    bool dry_run;               /* the caller asked for a dry run, or authd sends no mail */
    struct manage_call *manage; /* set while the database is asked */
    struct mail_job *mail_job;  /* set while the mail message is sent */
    json_t *link;               /* the answer of the database */
    enum mail_result sent;      /* how the mail server answered */
    char why[MAIL_WHY_MAX];     /* why the mail server did not take the message */
    result_done_f *done;
    void *arg;
    char token[TOKEN_SIZE];
};

static void call_destroy(struct reset_link_call *call)
{
    json_decref(call->context);
    json_decref(call->arguments);
    json_decref(call->link);
    secret_wipe(call, sizeof(*call));
    free(call);
}

static void call_end(struct reset_link_call *call, const struct result *result)
{
    call->done(result, call->arg);
    call_destroy(call);
}

/* ---- the token ----------------------------------------------------------------------------- */

void reset_digest(const struct core *core, struct span token, char out[static SUBKEY_HEX_SIZE])
{
    subkey_digest(core, "reset", &token, 1, out);
}

static void make_token(struct reset_link_call *call)
{
    uint8_t random[TOKEN_OCTETS];
    char digest[SUBKEY_HEX_SIZE];

    randombytes_buf(random, sizeof(random));
    sodium_bin2base64(call->token, sizeof(call->token), random, sizeof(random),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    secret_wipe(random, sizeof(random));
    reset_digest(call->core, span_of(call->token), digest);
    json_object_set_new(call->arguments, "digest", json_string(digest));
}

/* ---- the database -------------------------------------------------------------------------- */

static void ask(struct reset_link_call *call, enum statement statement, result_done_f *done)
{
    const struct manage_request request = {
        .statement = statement,
        .context = call->context,
        .arguments = call->arguments,
        .dry_run = call->dry_run,
    };

    call->manage = manage_call_start(call->core, &request, done, call);
}

/* Ends the call whatever the result is. If the withdrawal failed, the link expires by itself, and
 * no client knows its token. */
static void on_withdrawn(const struct result *result, void *arg)
{
    struct reset_link_call *call = arg;
    const struct result failed = {
        .status = RESULT_UNAVAILABLE,
        .detail = "the mail with the link could not be sent, so the link was withdrawn",
        .hint = "The log says why, under this reference. Check mail.server, then try again.",
        .cause = call->why,
    };
    const struct result no_utf8 = {
        .status = RESULT_CONFLICT,
        .detail = "the recovery address or mail.from is not ASCII, and the mail server does not "
                  "offer SMTPUTF8, so the link was withdrawn",
        .hint = "Turn SMTPUTF8 (RFC 6531) on in the mail server, or set another recovery address.",
        .cause = call->why,
    };

    (void)result;
    call->manage = NULL;
    call_end(call, call->sent == MAIL_NO_UTF8 ? &no_utf8 : &failed);
}

static void on_mailed(enum mail_result sent, const char *why, void *arg)
{
    struct reset_link_call *call = arg;

    call->mail_job = NULL;
    if (sent == MAIL_SENT) {
        call_end(call, &(struct result){.status = RESULT_OK, .object = call->link});
        return;
    }
    call->sent = sent;
    snprintf(call->why, sizeof(call->why), "%s", why);
    ask(call, STATEMENT_RESET_LINK_WITHDRAW, on_withdrawn);
}

/* ---- the mail ------------------------------------------------------------------------------ */

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

static void write_text(struct buf *text, const struct reset_link_call *call)
{
    buf_printf(text,
               "Somebody asked for a new password for the mail account %s.\n"
               "\n"
               "To set it, open this link:\n"
               "\n"
               "%s/reset#%s\n"
               "\n"
               "It works once, until %s (UTC).\n"
               "\n"
               "If you do not want a new password, do nothing: the old one stays. Do not give\n"
               "the link to anyone; no administrator needs it.\n",
               member(call->link, "user"), call->core->site.public_url.text, call->token,
               member(call->link, "expires_at"));
    buf_append(text, "", 1);
}

static void send_mail(struct reset_link_call *call, const char *to)
{
    struct buf text;

    buf_init(&text, TEXT_MAX);
    write_text(&text, call);
    const struct mail mail = {.to = to, .subject = "Set a new password", .text = text.data};

    call->mail_job = text.overflow ? NULL : mail_send(call->core, &mail, on_mailed, call);
    buf_finish(&text);
    if (call->mail_job == NULL) {
        on_mailed(MAIL_FAILED, "mail-failed: too many mails wait", call);
    }
}

static const struct result no_mail = {
    .status = RESULT_CONFLICT,
    .detail = "this authd sends no mail",
    .hint = "Set public_url and mail.from in authd.yaml, or set a password for the user.",
};

static bool can_mail(const struct core *core)
{
    return core->site.public_url.text != NULL && core->site.mail_from != NULL;
}

static void on_added(const struct result *result, void *arg)
{
    struct reset_link_call *call = arg;

    call->manage = NULL;
    if (result->status != RESULT_OK) {
        call_end(call, result);
        return;
    }
    call->link = json_incref(result->object);
    char *to = mem_strdup(member(call->link, "mail_to"));

    json_object_del(call->link, "mail_to");
    if (!can_mail(call->core)) {
        call_end(call, &no_mail);
    } else if (call->dry_run) {
        call_end(call, &(struct result){.status = RESULT_OK, .object = call->link});
    } else {
        send_mail(call, to);
    }
    free(to);
}

/* ---- calls --------------------------------------------------------------------------------- */

struct reset_link_call *reset_link_start(struct core *core, const struct manage_request *request,
                                         result_done_f *done, void *arg)
{
    struct reset_link_call *call = mem_new(struct reset_link_call);

    call->core = core;
    call->context = json_deep_copy(request->context);
    call->arguments = json_deep_copy(request->arguments);
    call->dry_run = request->dry_run || !can_mail(core);
    call->done = done;
    call->arg = arg;
    /* A repeated request gets a link and a mail message of its own. A stored answer would report a
     * message that was perhaps never sent. */
    json_object_del(call->context, "idempotency");
    make_token(call);
    ask(call, STATEMENT_RESET_LINK_ADD, on_added);
    return call;
}

void reset_link_cancel(struct reset_link_call *call)
{
    if (call->manage != NULL) {
        manage_call_cancel(call->manage);
    }
    if (call->mail_job != NULL) {
        mail_cancel(call->mail_job);
    }
    call_destroy(call);
}
