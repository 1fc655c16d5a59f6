/* Sends mail to users about what happened to their accounts (authd.notice_put()): every few
 * seconds, a few at a time, and again later what the mail server did not take; for a day. The nodes
 * share the work. Without mail.from nothing is sent, and what waits is forgotten after its day.
 *
 * Threat: a mail server that is slow or away holds up nothing else: few notices wait at a time, so
 * that there is room for reset links. */
#ifndef CORE_NOTICES_H
#define CORE_NOTICES_H

#include <stdbool.h>

struct core;
struct notices;

struct notices *notices_create(struct core *core);
/* Takes no more; whether everything that was taken is sent and recorded. Ask again. */
bool notices_drain(struct notices *notices);
/* What is on its way to the mail server may still get there, and is then sent a second time. */
void notices_destroy(struct notices *notices); /* NULL is fine */

#endif
