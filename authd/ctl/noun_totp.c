/* authctl totp: second factors. Keys and codes are printed once, on stdout: each alone on a line in
 * a pipe, the key also as a QR code on a terminal. */
#include <string.h>

#include "base/program.h"
#include "base/secret.h"
#include "ctl/nouns.h"
#include "ctl/qr.h"
#include "ctl/run.h"
#include "ctl/show.h"

#define GROUP 4 /* letters in each group of the key, for people who type it */

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

static void print_line(const char *text)
{
    struct buf line;

    buf_init(&line, 1024);
    print_escape(&line, text);
    printf("%.*s\n", (int)line.len, line.len > 0 ? line.data : "");
    buf_finish(&line);
}

static void forget(const json_t *value)
{
    if (json_is_string(value)) {
        secret_wipe((char *)json_string_value(value), json_string_length(value));
    }
}

/* ---- enroll -------------------------------------------------------------------------------- */

/* Prints "  key  ABCD EFGH …". */
static void print_groups(const char *secret)
{
    struct buf line;

    buf_init(&line, 1024);
    buf_append_text(&line, "\n  key ");
    for (size_t i = 0; secret[i] != '\0'; i++) {
        char letter[] = {secret[i], '\0'};

        buf_append_text(&line, i % GROUP == 0 ? " " : "");
        print_escape(&line, letter);
    }
    printf("%.*s\n\n", (int)line.len, line.data);
    buf_finish(&line);
}

static void show_enrolment(const struct context *context, const json_t *enrolment)
{
    const json_t *qr = json_object_get(enrolment, "qr");
    const char *secret = member(enrolment, "secret");
    size_t width = qr_width(qr);

    if (context->json) {
        print_json(stdout, enrolment);
    } else if (context->width == 0 && secret[0] != '\0') {
        print_line(secret);
    } else if (secret[0] != '\0') {
        if (width > 0 && width <= context->width) {
            qr_print(stdout, qr);
        } else {
            context_say(context, "The QR code needs %zu columns.", width);
        }
        print_groups(secret);
    }
    fflush(stdout);
}

static int enroll(struct context *context)
{
    struct request request;
    json_t *made = NULL;
    int status;

    if (run_prepare(context, &request, &status)) {
        made = context_change(context, "POST", &request.path, request.body, &status);
    }
    forget(json_object_get(request.body, "ticket"));
    request_finish(&request);
    if (made == NULL) {
        return status;
    }
    show_enrolment(context, made);
    if (context->dry_run) {
        context_say(context, "Nothing was changed.");
    } else if (!context->json) {
        context_say(
            context,
            "The key is displayed once. Confirm it with a code of the app within 15 minutes:");
        context_say(context, "  %s totp confirm %s CODE", program_name(), member(made, "user"));
    }
    forget(json_object_get(made, "secret"));
    forget(json_object_get(made, "uri"));
    json_decref(made);
    return status;
}

/* ---- recovery codes ------------------------------------------------------------------------ */

static void print_codes(struct context *context, const json_t *answer)
{
    const json_t *codes = json_object_get(answer, "codes");
    size_t i;
    json_t *code;

    if (context->json || codes == NULL) {
        return;
    }
    context_say(context,
                "Recovery codes, each good once, displayed once: print them or keep them safe.");
    json_array_foreach((json_t *)codes, i, code)
    {
        print_line(json_is_string(code) ? json_string_value(code) : "");
        forget(code);
    }
    fflush(stdout);
}

/* ---- tickets ------------------------------------------------------------------------------- */

static void say_ticket(struct context *context, const json_t *ticket)
{
    if (context->json || context->dry_run) {
        return;
    }
    context_say(context,
                "The ticket is displayed once. With it, %s may enrol a second factor, once.",
                member(ticket, "user"));
}

static const struct command commands[] = {
    {.verb = "enroll",
     .arguments = "USER",
     .min = 1,
     .inputs = INPUTS({OPTION_ALGORITHM, SHAPE_TEXT, "algorithm", 0},
                      {OPTION_DIGITS, SHAPE_NUMBER, "digits", 0},
                      {OPTION_TICKET_STDIN, SHAPE_SECRET, "ticket", INPUT_ONCE}),
     .summary = "begin to enrol an authenticator app; its key is displayed once, as a QR code on a "
                "terminal",
     .example = "totp enroll alice@example.org",
     .run = enroll,
     .method = "POST",
     .path = "/v1/users/{1}/totp",
     .columns = &columns_totp_enrolment},
    {.verb = "confirm",
     .arguments = "USER CODE",
     .min = 2,
     .summary = "confirm an enrolment with a code of the app; the first one gets recovery codes",
     .example = "totp confirm alice@example.org 123456",
     .method = "POST",
     .path = "/v1/users/{1}/totp/confirm",
     .member = "code",
     .output = OUTPUT_CHANGE,
     .done = "enrolled",
     .after = print_codes},
    {.verb = "show",
     .arguments = "USER",
     .min = 1,
     .summary = "show whether a user has a second factor",
     .example = "totp show alice@example.org",
     .method = "GET",
     .path = "/v1/users/{1}/totp"},
    {.verb = "remove",
     .arguments = "USER",
     .min = 1,
     .summary = "remove a user's second factor and recovery codes",
     .example = "totp remove alice@example.org --yes",
     .method = "DELETE",
     .path = "/v1/users/{1}/totp",
     .output = OUTPUT_CHANGE,
     .severity = SEVERITY_MODERATE,
     .loses = "the second factor",
     .done = "second factor removed"},
    {.verb = "recovery-codes",
     .arguments = "USER",
     .min = 1,
     .summary = "make ten new recovery codes; they are displayed once, and the old ones end",
     .example = "totp recovery-codes alice@example.org --yes",
     .method = "POST",
     .path = "/v1/users/{1}/recovery-codes",
     .columns = &columns_recovery_codes,
     .output = OUTPUT_CODES,
     .severity = SEVERITY_MODERATE,
     .loses = "the recovery codes that there are",
     .after = print_codes},
    {.verb = "ticket",
     .arguments = "USER",
     .min = 1,
     .summary = "permit a user to enrol, once, within 24 hours; the ticket is displayed once",
     .example = "totp ticket alice@example.org",
     .method = "POST",
     .path = "/v1/users/{1}/totp/ticket",
     .columns = &columns_totp_ticket,
     .output = OUTPUT_SECRET,
     .after = say_ticket},
    {0},
};

const struct noun noun_totp = {"totp", "second factors of users", &columns_totp, commands};
