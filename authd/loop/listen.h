/* Listening sockets: the one place that binds, accepts and says who is at the other end.
 *
 * A unix socket is bound under a temporary name and renamed into place, so that it never exists
 * without a listener; a stale socket file is taken over, a live one (somebody accepts on it) is
 * refused. When descriptors run out, accepting pauses for a moment
 * instead of spinning; clients never get the last ones, which are for the database and the like,
 * and some of these for administrators.
 */
#ifndef LOOP_LISTEN_H
#define LOOP_LISTEN_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct loop;
struct listener;

/* The kernel takes 107; the name under which a socket is bound at first is longer by a process id.
 */
#define LISTEN_PATH_MAX 99

struct listen_options {
    const char *path;    /* unix socket, absolute, at most LISTEN_PATH_MAX octets; or NULL and: */
    const char *address; /* "127.0.0.1:12345" or "[::1]:12345"; port 0: any */
    uid_t owner;         /* of the socket file; (uid_t)-1: leave */
    gid_t group;         /* (gid_t)-1: leave */
    mode_t mode;
    const uid_t *peers;    /* who may connect (SO_PEERCRED); the others are closed at once */
    unsigned peer_count;   /* 0: everyone who can open the socket */
    bool insecure_network; /* allow a TCP address that is not loopback */
    bool reserve;          /* root and our own user may come in when there is no room for others */
    /* Optional: `count` connections were closed at once, because descriptors are short. Called at
     * most once a minute. */
    void (*short_of_descriptors)(const char *name, unsigned count);
};

/* Who connected. */
struct peer {
    uint64_t number; /* of the connection: counts all of this process, from 1 */
    bool local;      /* unix socket: uid, gid, pid are known */
    uid_t uid;
    gid_t gid;
    pid_t pid;
    char text[INET6_ADDRSTRLEN + 8]; /* "unix:101" (uid) or "192.0.2.1:587", for the log */
};

typedef void listen_accept_f(void *arg, int fd, const struct peer *peer);

/* Binds; accepts nothing yet. May need root; called before privileges are dropped. NULL: `err` says
 * what is wrong with which path or address and how to mend it. */
struct listener *listen_create(const struct listen_options *options, struct err *err);
/* Starts accepting: `accept` owns each descriptor (non-blocking, close-on-exec). */
void listen_start(struct listener *listener, struct loop *loop, listen_accept_f *accept, void *arg);
/* Stops accepting, closes, and unlinks the socket file if it is still ours and we may. Not from
 * inside `accept`. */
void listen_destroy(struct listener *listener);

/* Path, or address with the real port; for messages. */
const char *listen_name(const struct listener *listener);

#endif
