/* Listening sockets: the one place that binds, accepts and identifies the peer.
 *
 * A unix socket is bound under a temporary name and renamed into place, so that the path never
 * exists without a listener. A stale socket file is replaced; a live one (another process accepts
 * on it) is an error. When descriptors run out, accepting pauses for a moment instead of spinning.
 * The last descriptors are reserved for authd's own use, such as the database, and a part of these
 * for administrators; other clients never get one. */
#ifndef LOOP_LISTEN_H
#define LOOP_LISTEN_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct loop;
struct listener;

/* The kernel takes 107 octets. The temporary name is longer than the path by "." and a process
 * id. */
#define LISTEN_PATH_MAX 99

struct listen_options {
    /* Absolute path of a unix socket, at most LISTEN_PATH_MAX octets. NULL: `address` is used. */
    const char *path;
    /* Address of a TCP socket: "127.0.0.1:12345" or "[::1]:12345". Port 0: the kernel chooses
     * one. */
    const char *address;
    uid_t owner; /* owner of the socket file; (uid_t)-1: unchanged */
    gid_t group; /* group of the socket file; (gid_t)-1: unchanged */
    mode_t mode; /* mode of the socket file */
    /* The users who may connect (SO_PEERCRED). Connections of other users are closed at once. */
    const uid_t *peers;
    unsigned peer_count;   /* 0: every user who can open the socket may connect */
    bool insecure_network; /* a TCP address need not be loopback */
    bool reserve;          /* some of the last descriptors serve root and authd's own user */
    /* Optional. Called at most once a minute, after `count` connections were closed at once because
     * descriptors are short. `name` is that of listen_name(). */
    void (*on_descriptor_shortage)(const char *name, unsigned count);
};

/* The other end of an accepted connection. */
struct peer {
    uint64_t number; /* of the connection: counts all connections of the process, from 1 */
    bool local;      /* the socket is a unix socket: uid, gid and pid are set */
    uid_t uid;
    gid_t gid;
    pid_t pid;
    /* Text for the log: "unix:101" (uid), "192.0.2.1:587" or "[2001:db8::1]:587". */
    char text[INET6_ADDRSTRLEN + 8];
};

typedef void listen_accept_f(void *arg, int fd, const struct peer *peer);

/* Binds, without accepting yet. Call before privileges are dropped: binding may need root. The
 * caller owns the listener. NULL: `err` says which path or address is wrong, why, and how to fix
 * it. */
struct listener *listen_create(const struct listen_options *options, struct err *err);
/* Starts accepting. `accept` receives each descriptor (non-blocking, close-on-exec) and owns it. */
void listen_start(struct listener *listener, struct loop *loop, listen_accept_f *accept, void *arg);
/* Stops accepting, closes the socket, and unlinks the socket file if it is still the listener's own
 * and permissions allow. Must not be called from inside `accept`. NULL is allowed. */
void listen_destroy(struct listener *listener);

/* Descriptors of clients have lower numbers than this; the other ones are reserved. `trusted`: for
 * root and authd's own user, where `reserve` is set. */
int listen_descriptor_limit(bool trusted);

/* The path, or the address with the port in use; for messages. The listener owns the text. */
const char *listen_name(const struct listener *listener);

#endif
