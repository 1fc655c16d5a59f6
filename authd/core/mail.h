/* Mail to users, handed to the mail server on this machine by SMTP, on a worker lane of its own.
 *
 * Threats: mail by which somebody writes to others in our name: recipients are canonical addresses,
 * subject and text are ours (core/letter); a mail server that does not answer: each mail has ten
 * seconds, waiting included, and few may wait. What is handed over is the server's; nothing is kept
 * to be sent later. */
#ifndef CORE_MAIL_H
#define CORE_MAIL_H

#include "loop/workers.h"

struct core;
struct mailing;

#define MAIL_QUEUE_LIMIT 64
#define MAIL_DEADLINE_MS 10000
#define MAIL_WHY_MAX     320

struct mail {
    const char *to;      /* canonical address */
    const char *subject; /* ASCII */
    const char *text;    /* UTF-8, lines end in LF; wiped after use where it was copied to */
};

enum mail_result {
    MAIL_FAILED = 0, /* nobody took it: `why` is for the log */
    MAIL_SENT,
};

typedef void mail_done_f(enum mail_result result, const char *why, void *arg);

/* Copies the mail. `done` is called once, never from inside this call, unless cancelled. NULL: too
 * many wait, or it cannot be sent as it is, or there is no `mail.from`. */
struct mailing *mail_send(struct core *core, const struct mail *mail, mail_done_f *done, void *arg);
/* The mail may still go out. */
void mail_cancel(struct mailing *mailing);

/* Before any thread, once per process. */
void mail_init(void);

#endif
