#include "notify/mail.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "notify/mail_message.h"

#define ID_OCTETS 16
#define REPLY_MAX 200

struct mail_job {
    struct job job;
    mail_done_f *done;
    void *arg;
    char *server; // copied, because threads share nothing
    char *from;   // copied, because threads share nothing
    char *to;
    struct buf octets;
    size_t sent;
    int64_t deadline;
    bool needs_utf8;  // an address is not ASCII
    bool offers_utf8; // the server offers SMTPUTF8
    bool introduced;  // the server has answered EHLO or HELO
    enum mail_result result;
    char reply[REPLY_MAX]; // the server's last line
    char why[MAIL_WHY_MAX];
};

/* ---- on a worker --------------------------------------------------------------------------- */

static size_t read_octets(char *out, size_t size, size_t count, void *arg)
{
    struct mail_job *mail_job = arg;
    size_t rest = mail_job->octets.len - mail_job->sent;
    size_t len = rest < size * count ? rest : size * count;

    memcpy(out, mail_job->octets.data + mail_job->sent, len);
    mail_job->sent += len;
    return len;
}

/* Learns from the answer to EHLO, the first reply with 250, whether the server knows SMTPUTF8.
 * libcurl adds the parameter to MAIL only if the keyword is in capitals. */
static void read_extension(struct mail_job *mail_job, struct span line)
{
    if (mail_job->introduced) {
        return;
    }
    mail_job->introduced =
        span_is(line, "250") || (line.len > 3 && strncmp(line.ptr, "250 ", 4) == 0);
    mail_job->offers_utf8 =
        mail_job->offers_utf8 || span_is(line, "250-SMTPUTF8") || span_is(line, "250 SMTPUTF8");
}

static bool is_undeliverable(const struct mail_job *mail_job)
{
    return mail_job->introduced && mail_job->needs_utf8 && !mail_job->offers_utf8;
}

/* libcurl would hand over the octets of an address that is not ASCII also to a server that does not
 * offer SMTPUTF8. Nothing was sent but EHLO or HELO when this function ends the transfer. */
static size_t take_reply(char *line, size_t size, size_t count, void *arg)
{
    struct mail_job *mail_job = arg;
    struct span text = {line, size * count};

    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r')) {
        text.len--;
    }
    span_text(text, mail_job->reply, sizeof(mail_job->reply));
    read_extension(mail_job, text);
    return is_undeliverable(mail_job) ? 0 : size * count;
}

static CURLcode hand_over(struct mail_job *mail_job, CURL *curl)
{
    struct curl_slist *recipients = curl_slist_append(NULL, mail_job->to);
    int64_t left = mail_job->deadline - clock_ms();

    if (recipients == NULL) {
        abort(); /* no memory */
    }
    curl_easy_setopt(curl, CURLOPT_URL, mail_job->server);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp");
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* ignores the proxy of the environment */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(left > 1 ? left : 1));
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail_job->from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_octets);
    curl_easy_setopt(curl, CURLOPT_READDATA, mail_job);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail_job->octets.len);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_reply);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, mail_job);
    CURLcode code = curl_easy_perform(curl);

    curl_slist_free_all(recipients);
    return code;
}

static void mailing_run(struct job *job)
{
    struct mail_job *mail_job = (struct mail_job *)job;
    CURL *curl = curl_easy_init();

    if (curl == NULL) {
        abort(); /* no memory */
    }
    CURLcode code = hand_over(mail_job, curl);

    mail_job->result = code == CURLE_OK ? MAIL_SENT : MAIL_FAILED;
    if (is_undeliverable(mail_job)) {
        mail_job->result = MAIL_NO_UTF8;
        snprintf(mail_job->why, sizeof(mail_job->why),
                 "no-smtputf8: an address is not ASCII, and the mail server does not offer "
                 "SMTPUTF8");
    } else if (code != CURLE_OK) {
        snprintf(mail_job->why, sizeof(mail_job->why), "mail-failed: %s%s%s",
                 curl_easy_strerror(code), mail_job->reply[0] != '\0' ? ", the server said: " : "",
                 mail_job->reply);
    }
    curl_easy_cleanup(curl);
}

/* ---- on the loop --------------------------------------------------------------------------- */

static void mailing_done(struct job *job, void *owner)
{
    struct mail_job *mail_job = owner;

    if (job->expired) {
        mail_job->done(MAIL_FAILED, "mail-failed: the mail waited too long in the queue",
                       mail_job->arg);
        return;
    }
    mail_job->done(mail_job->result, mail_job->why, mail_job->arg);
}

static void mailing_destroy(struct job *job)
{
    struct mail_job *mail_job = (struct mail_job *)job;

    buf_finish(&mail_job->octets);
    free(mail_job->server);
    free(mail_job->from);
    free(mail_job->to);
    free(mail_job);
}

static bool write_octets(struct mail_job *mail_job, const struct mail *mail)
{
    uint8_t random[ID_OCTETS];
    char id[2 * ID_OCTETS + 1];

    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(id, sizeof(id), random, sizeof(random));
    const struct mail_message message = {
        .from = mail_job->from,
        .to = mail_job->to,
        .subject = mail->subject,
        .text = mail->text,
        .id = id,
        .when = time(NULL),
    };

    mail_job->needs_utf8 = mail_message_needs_utf8(&message);
    buf_init(&mail_job->octets, MAIL_MESSAGE_MAX);
    return mail_message_write(&message, &mail_job->octets);
}

struct mail_job *mail_send(struct core *core, const struct mail *mail, mail_done_f *done, void *arg)
{
    if (core->site.mail_from == NULL) {
        return NULL;
    }
    struct mail_job *mail_job = mem_new(struct mail_job);

    mail_job->deadline = clock_ms() + MAIL_DEADLINE_MS;
    mail_job->job = (struct job){
        .run = mailing_run,
        .done = mailing_done,
        .destroy = mailing_destroy,
        .owner = mail_job,
        .deadline = mail_job->deadline,
    };
    mail_job->done = done;
    mail_job->arg = arg;
    mail_job->server = mem_strdup(core->site.mail_server);
    mail_job->from = mem_strdup(core->site.mail_from);
    mail_job->to = mem_strdup(mail->to);
    if (!write_octets(mail_job, mail) || !workers_submit(core->mailers, &mail_job->job)) {
        mailing_destroy(&mail_job->job);
        return NULL;
    }
    return mail_job;
}

void mail_cancel(struct mail_job *mail_job)
{
    job_cancel(&mail_job->job);
}

void mail_init(void)
{
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
        abort(); /* no memory */
    }
}
