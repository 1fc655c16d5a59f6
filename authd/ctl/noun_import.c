/* authctl import: users from the files of other programs, in batches.
 *
 * Each batch is one call and one transaction, small enough that no login waits long for it. After
 * an interruption the same file is imported again: authd reports the users who are already there as
 * unchanged. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "ctl/import/batch.h"
#include "ctl/nouns.h"

#define FILE_MAX         (1024 * 1024 * 1024)
#define PROGRESS_MS      100 /* the shortest time between two updates of the progress line */
#define PROGRESS_WAIT_MS 500

/* ---- the file ------------------------------------------------------------------------------ */

static bool read_all(FILE *in, struct buf *text)
{
    for (;;) {
        char *room = buf_reserve(text, 64 * 1024);
        size_t got = room != NULL ? fread(room, 1, 64 * 1024, in) : 0;

        text->len += got;
        if (got == 0) {
            return !ferror(in) && !text->overflow;
        }
    }
}

/* Reads the whole file. Returns false after a failure, which is reported. */
static bool read_file(const struct context *context, const char *name, struct buf *text)
{
    bool standard = strcmp(name, "-") == 0;
    FILE *in = standard ? stdin : fopen(name, "rb");
    bool read = in != NULL && read_all(in, text);
    char why[512];

    if (!read) {
        snprintf(why, sizeof(why), "cannot read %.300s: %s", name,
                 text->overflow ? "it is larger than 1 GiB" : strerror(errno));
        context_usage(context, why);
    }
    if (in != NULL && !standard) {
        fclose(in);
    }
    return read;
}

static size_t count_lines(struct span text)
{
    size_t count = 0;

    for (const char *at = text.ptr; text.len > 0; at++) {
        at = memchr(at, '\n', text.len - (size_t)(at - text.ptr));
        if (at == NULL) {
            break;
        }
        count++;
    }
    return count;
}

/* ---- progress ------------------------------------------------------------------------------ */

static volatile sig_atomic_t interrupted;

static void record_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

/* After the first Ctrl-C the batch under way is still finished. A second Ctrl-C ends the program at
 * once. */
static void catch_interrupt(struct sigaction *saved)
{
    const struct sigaction note = {.sa_handler = record_interrupt, .sa_flags = (int)SA_RESETHAND};

    interrupted = 0;
    sigaction(SIGINT, &note, saved);
}

struct progress {
    const char *verb; /* "importing" or "checking" */
    size_t total;
    int64_t started; /* the time of the start, by clock_ms() */
    int64_t displayed;
    bool wanted;
    bool visible;
};

static void progress_hide(struct progress *progress)
{
    if (progress->visible) {
        fputs("\r\033[K", stderr);
        progress->visible = false;
    }
}

static void progress_show(struct progress *progress, size_t done)
{
    int64_t now = clock_ms();
    int64_t spent = now - progress->started;
    char numbers[3][32];

    if (!progress->wanted || spent < PROGRESS_WAIT_MS || now - progress->displayed < PROGRESS_MS ||
        done == 0) {
        return;
    }

    size_t rate = done * 1000 / (size_t)spent;
    size_t left = done < progress->total && rate > 0 ? (progress->total - done) / rate : 0;

    fprintf(stderr, "\r%s  %s / %s  %s/s  %zu s left\033[K", progress->verb,
            report_number(done, numbers[0]), report_number(progress->total, numbers[1]),
            report_number(rate, numbers[2]), left);
    progress->displayed = now;
    progress->visible = true;
}

/* ---- one import ---------------------------------------------------------------------------- */

enum ending { ENDING_COMPLETE, ENDING_INTERRUPTED, ENDING_FAILED };

/* Imports batch by batch, to the end of the file. */
static enum ending run_batches(struct batch *batch, struct import_reader *reader,
                               struct progress *progress, struct answer *failure)
{
    bool more = true;

    while (more) {
        more = batch_read(batch, reader);
        if (!batch_send(batch, failure)) {
            return ENDING_FAILED;
        }
        progress_show(progress, reader->line);
        if (interrupted && more) {
            return ENDING_INTERRUPTED;
        }
    }
    return ENDING_COMPLETE;
}

static void say_totals(const struct context *context, const struct report *report,
                       const struct progress *progress)
{
    int64_t spent = clock_ms() - progress->started;
    size_t users = 0;
    char numbers[2][32];

    for (size_t i = 0; i < IMPORT_OUTCOME_COUNT; i++) {
        users += report->totals[i];
    }
    context_say(context, "%s rows in %.1f s, %s/s", report_number(users, numbers[0]),
                (double)spent / 1000,
                report_number(users * 1000 / (size_t)(spent > 0 ? spent : 1), numbers[1]));
}

/* Says what the administrator should know after the table. Returns the exit status. */
static int say_ending(const struct context *context, const struct batch *batch, enum ending ending)
{
    size_t lost = batch->report->totals[IMPORT_REFUSED];

    if (ending == ENDING_INTERRUPTED) {
        context_say(context,
                    "Stopped before line %zu. Run the same command again: it goes on, and what is "
                    "done is unchanged.",
                    batch->line);
        return EXIT_TEMPORARY;
    }
    if (!batch->apply) {
        context_say(context, "Nothing was changed. Run again with --apply.");
    }
    return lost > 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int import_text(struct context *context, struct import_reader *reader, const char *file)
{
    struct sigaction saved;
    struct report report;
    struct answer failure = {0};
    struct batch batch = {.context = context,
                          .report = &report,
                          .apply = option_given(context->invocation, OPTION_APPLY),
                          .existing = option_value(context->invocation, OPTION_EXISTING),
                          .merges = reader->format == IMPORT_SENDER_LOGIN};
    struct progress progress = {.verb = batch.apply ? "importing" : "checking",
                                .total = count_lines(reader->text),
                                .started = clock_ms(),
                                .wanted = isatty(STDERR_FILENO) && !context->json};

    report_init(&report, file);
    batch_init(&batch);
    catch_interrupt(&saved);

    enum ending ending = run_batches(&batch, reader, &progress, &failure);
    int status;

    sigaction(SIGINT, &saved, NULL);
    progress_hide(&progress);
    context->changed = batch.changed;
    if (ending == ENDING_FAILED) {
        status = context_fail(context, &failure);
        context_say(context,
                    "Stopped before line %zu. Run the same command again: it goes on, and what is "
                    "done is unchanged.",
                    batch.line);
    } else {
        report_print(&report, context, batch.apply, ending == ENDING_COMPLETE);
        say_totals(context, &report, &progress);
        status = say_ending(context, &batch, ending);
    }
    batch_finish(&batch);
    report_finish(&report);
    return status;
}

static int run_import(struct context *context, enum import_format format)
{
    const struct invocation *invocation = context->invocation;
    const char *existing = option_value(invocation, OPTION_EXISTING);
    struct buf text;
    int status = EXIT_USAGE;

    if (existing != NULL && strcmp(existing, "skip") != 0 && strcmp(existing, "update") != 0 &&
        strcmp(existing, "fail") != 0) {
        return context_usage(context, "--existing takes skip, update or fail");
    }
    if (context->dry_run && option_given(invocation, OPTION_APPLY)) {
        return context_usage(context, "--apply and --dry-run exclude each other");
    }
    buf_init(&text, FILE_MAX);
    if (read_file(context, invocation->words[0], &text)) {
        struct import_reader reader = {
            .format = format,
            .text = buf_span(&text),
            .domain = option_value(invocation, OPTION_DOMAIN),
            .today = (int64_t)time(NULL) / 86400,
        };

        status = import_text(context, &reader, invocation->words[0]);
    }
    buf_finish(&text);
    return status;
}

#define X(name, verb, function)                                                                    \
    static int run_##name(struct context *context)                                                 \
    {                                                                                              \
        return run_import(context, IMPORT_##name);                                                 \
    }
IMPORT_FORMATS(X)
#undef X

/* ---- the table ----------------------------------------------------------------------------- */

#define IMPORT_INPUTS                                                                              \
    INPUTS({OPTION_APPLY, SHAPE_OWN, NULL, 0}, {OPTION_DOMAIN, SHAPE_OWN, NULL, 0},                \
           {OPTION_EXISTING, SHAPE_OWN, NULL, 0})

static const struct command commands[] = {
    {.verb = "dovecot-passwd",
     .arguments = "FILE",
     .min = 1,
     .inputs = IMPORT_INPUTS,
     .summary = "import a passwd-file of Dovecot; without --apply, show what would happen",
     .example = "import dovecot-passwd /etc/dovecot/users --domain example.org",
     .run = run_DOVECOT_PASSWD},
    {.verb = "htpasswd",
     .arguments = "FILE",
     .min = 1,
     .inputs = IMPORT_INPUTS,
     .summary = "import an htpasswd file of Apache",
     .example = "import htpasswd users.htpasswd --domain example.org --apply",
     .run = run_HTPASSWD},
    {.verb = "shadow",
     .arguments = "FILE",
     .min = 1,
     .inputs = IMPORT_INPUTS,
     .summary = "import the people of a shadow file; system accounts are left out",
     .example = "import shadow /etc/shadow --domain example.org --apply",
     .run = run_SHADOW},
    {.verb = "csv",
     .arguments = "FILE",
     .min = 1,
     .inputs = IMPORT_INPUTS,
     .summary = "import comma-separated users; the first line names the columns",
     .example = "import csv users.csv --existing update --apply",
     .run = run_CSV},
    {.verb = "sender-login",
     .arguments = "FILE",
     .min = 1,
     .inputs = IMPORT_INPUTS,
     .summary = "give users the addresses of Postfix's smtpd_sender_login_maps",
     .example = "import sender-login /etc/postfix/sender_login --apply",
     .run = run_SENDER_LOGIN},
    {0},
};

const struct noun noun_import = {"import", "users from files of other programs", NULL, commands};
