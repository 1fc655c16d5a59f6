/* Tells a service manager how far authd is: one datagram to $NOTIFY_SOCKET (sd_notify(3)). */
#ifndef NOTIFY_H
#define NOTIFY_H

void notify_send(const char *state); /* "READY=1"; nobody listening is fine */

#endif
