/* Mail to users, handed to the mail server on this machine by SMTP, on a worker lane of its own.
 *
 * Threats: an attacker who makes authd write to others in its name (recipients are canonical
 * addresses, subject and text are fixed, see notify/mail_message.h); a mail server that does not
 * answer (each mail has ten seconds, including its wait in the queue, and few may wait); a mail
 * server that does not know SMTPUTF8 (RFC 6531) and would send a mail to another address than the
 * one that is not ASCII (such a mail is not handed over). authd keeps no mail to send later: a mail
 * is either handed over or failed. */
#ifndef NOTIFY_MAIL_H
#define NOTIFY_MAIL_H

#include "loop/workers.h"

struct core;
struct mail_job;

#define MAIL_QUEUE_LIMIT 64
#define MAIL_DEADLINE_MS 10000
#define MAIL_WHY_MAX     320

struct mail {
    const char *to;      /* canonical address */
    const char *subject; /* ASCII */
    const char *text;    /* UTF-8, lines end in LF; the copy is wiped after use */
};

enum mail_result {
    MAIL_FAILED = 0, /* the mail was not handed over: `why` is for the log */
    MAIL_SENT,
    MAIL_NO_UTF8, /* not handed over: the server lacks SMTPUTF8, and another try would not help */
};

typedef void mail_done_f(enum mail_result result, const char *why, void *arg);

/* Copies the mail. `done` is called once, never from inside this call, unless cancelled. NULL: too
 * many mails wait, or this mail cannot be written (notify/mail_message.h), or `mail.from` is not
 * set. */
struct mail_job *mail_send(struct core *core, const struct mail *mail, mail_done_f *done,
                           void *arg);
/* The mail may still go out. */
void mail_cancel(struct mail_job *mail_job);

/* To be called once per process, before any thread starts. */
void mail_init(void);

#endif
