/* Sends notices (authd.notice_put()) to users by mail, a few at a time, every few seconds. A notice
 * that the mail server refused is tried again later, for a day. The nodes of a database share the
 * work. Without mail.from no notice is sent, and each is forgotten after a day.
 *
 * Threat: a mail server that is slow or cannot be reached (only a few notices stand in the mail
 * queue at a time, which leaves room for reset links). */
#ifndef NOTIFY_NOTICES_H
#define NOTIFY_NOTICES_H

#include <stdbool.h>

struct core;
struct notices;

struct notices *notices_create(struct core *core);
/* Takes no more notices from the database. True: every taken notice is sent and recorded. False:
 * ask again. */
bool notices_drain(struct notices *notices);
/* A mail that is under way may still be handed over; its notice is then sent a second time. */
void notices_destroy(struct notices *notices); /* NULL is fine */

#endif
