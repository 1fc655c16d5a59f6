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

struct mailing {
    struct job job;
    mail_done_f *done;
    void *arg;
    char *server; // copied, because threads share nothing
    char *from;   // copied, because threads share nothing
    char *to;
    struct buf octets;
    size_t sent;
    int64_t deadline;
    enum mail_result result;
    char reply[REPLY_MAX]; // the server's last line
    char why[MAIL_WHY_MAX];
};

/* ---- on a worker --------------------------------------------------------------------------- */

static size_t read_octets(char *out, size_t size, size_t count, void *arg)
{
    struct mailing *mailing = arg;
    size_t rest = mailing->octets.len - mailing->sent;
    size_t len = rest < size * count ? rest : size * count;

    memcpy(out, mailing->octets.data + mailing->sent, len);
    mailing->sent += len;
    return len;
}

static size_t see_reply(char *line, size_t size, size_t count, void *arg)
{
    struct mailing *mailing = arg;
    struct span text = {line, size * count};

    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r')) {
        text.len--;
    }
    span_text(text, mailing->reply, sizeof(mailing->reply));
    return size * count;
}

static CURLcode hand_over(struct mailing *mailing, CURL *curl)
{
    struct curl_slist *recipients = curl_slist_append(NULL, mailing->to);
    int64_t left = mailing->deadline - clock_ms();

    if (recipients == NULL) {
        abort(); /* no memory */
    }
    curl_easy_setopt(curl, CURLOPT_URL, mailing->server);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp");
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* ignores the proxy of the environment */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(left > 1 ? left : 1));
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mailing->from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_octets);
    curl_easy_setopt(curl, CURLOPT_READDATA, mailing);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mailing->octets.len);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, see_reply);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, mailing);
    CURLcode code = curl_easy_perform(curl);

    curl_slist_free_all(recipients);
    return code;
}

static void mailing_run(struct job *job)
{
    struct mailing *mailing = (struct mailing *)job;
    CURL *curl = curl_easy_init();

    if (curl == NULL) {
        abort(); /* no memory */
    }
    CURLcode code = hand_over(mailing, curl);

    mailing->result = code == CURLE_OK ? MAIL_SENT : MAIL_FAILED;
    if (code != CURLE_OK) {
        snprintf(mailing->why, sizeof(mailing->why), "mail-failed: %s%s%s",
                 curl_easy_strerror(code), mailing->reply[0] != '\0' ? ", the server said: " : "",
                 mailing->reply);
    }
    curl_easy_cleanup(curl);
}

/* ---- on the loop --------------------------------------------------------------------------- */

static void mailing_done(struct job *job, void *owner)
{
    struct mailing *mailing = owner;

    if (job->expired) {
        mailing->done(MAIL_FAILED, "mail-failed: its turn did not come in time", mailing->arg);
        return;
    }
    mailing->done(mailing->result, mailing->why, mailing->arg);
}

static void mailing_destroy(struct job *job)
{
    struct mailing *mailing = (struct mailing *)job;

    buf_finish(&mailing->octets);
    free(mailing->server);
    free(mailing->from);
    free(mailing->to);
    free(mailing);
}

static bool write_octets(struct mailing *mailing, const struct mail *mail)
{
    uint8_t random[ID_OCTETS];
    char id[2 * ID_OCTETS + 1];

    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(id, sizeof(id), random, sizeof(random));
    const struct mail_message letter = {
        .from = mailing->from,
        .to = mailing->to,
        .subject = mail->subject,
        .text = mail->text,
        .id = id,
        .when = time(NULL),
    };

    buf_init(&mailing->octets, MAIL_MESSAGE_MAX);
    return mail_message_write(&letter, &mailing->octets);
}

struct mailing *mail_send(struct core *core, const struct mail *mail, mail_done_f *done, void *arg)
{
    if (core->site.mail_from == NULL) {
        return NULL;
    }
    struct mailing *mailing = mem_new(struct mailing);

    mailing->deadline = clock_ms() + MAIL_DEADLINE_MS;
    mailing->job = (struct job){
        .run = mailing_run,
        .done = mailing_done,
        .destroy = mailing_destroy,
        .owner = mailing,
        .deadline = mailing->deadline,
    };
    mailing->done = done;
    mailing->arg = arg;
    mailing->server = mem_strdup(core->site.mail_server);
    mailing->from = mem_strdup(core->site.mail_from);
    mailing->to = mem_strdup(mail->to);
    if (!write_octets(mailing, mail) || !workers_submit(core->mailers, &mailing->job)) {
        mailing_destroy(&mailing->job);
        return NULL;
    }
    return mailing;
}

void mail_cancel(struct mailing *mailing)
{
    job_cancel(&mailing->job);
}

void mail_init(void)
{
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
        abort(); /* no memory */
    }
}
