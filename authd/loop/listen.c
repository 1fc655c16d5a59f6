/* See listen.h. Threats: a less privileged user can write to the socket's directory while authd is
 * still root (Postfix owns the directory of its sockets). So no path is changed by name after
 * bind(): the mode comes from the descriptor, and the owner is set through a descriptor that is
 * known to be a socket. A flood of connections: each event accepts a bounded number, so that
 * existing connections get their turn. */
#include "loop/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"

#define FDS_RESERVED   64
#define REPORT_SECONDS 60
#define BACKLOG        1024
#define ACCEPT_BATCH   64
#define ADDRESS_LENGTH (INET6_ADDRSTRLEN + 8) /* "[address]:65535" */

/* The pause in accepting when no descriptor is left: accepting again at once would only spin. */
static const struct timeval PAUSE = {.tv_usec = 100 * 1000};

struct listener {
    int fd;
    int fd_limit;         /* clients get only descriptors below this number */
    int fd_limit_trusted; /* the limit for root and authd's own user, if `reserve` */
    bool reserve;
    char *name;
    bool local;
    dev_t device; /* device of the socket file that authd made */
    ino_t inode;  /* inode of that file; 0: there is none */
    uid_t *peers;
    unsigned peer_count;
    listen_accept_f *accept;
    void *arg;
    struct event readable;
    struct event pause;
    void (*on_descriptor_shortage)(const char *name, unsigned count);
    unsigned rejected;   /* connections closed since the last report */
    struct event report; /* pending while the last report is less than a minute old */
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
};

/* ---- unix sockets ------------------------------------------------------------------ */

/* Makes the name under which a socket is bound until it listens: PATH.PID. */
static bool temporary_path(const char *path, struct sockaddr_un *address, struct err *err)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path[0] != '/') {
        return err_set(err, "socket %s: not an absolute path", path);
    }
    int length = snprintf(address->sun_path, sizeof(address->sun_path), "%s.%d", path, getpid());
    if (length >= (int)sizeof(address->sun_path)) {
        return err_set(err, "socket %s: the path is too long: use one of at most %d characters",
                       path, LISTEN_PATH_MAX);
    }
    return true;
}

/* True: `path` does not exist, or is a socket without a listener that may be replaced. */
static bool path_is_free(const char *path, struct err *err)
{
    struct stat status;
    if (lstat(path, &status) < 0) {
        return errno == ENOENT || err_set(err,
                                          "socket %s: %s: the directory must exist and be open "
                                          "to authd",
                                          path, strerror(errno));
    }
    if (!S_ISSOCK(status.st_mode)) {
        return err_set(err,
                       "socket %s: the path is a file that is not a socket: remove the file, or "
                       "configure another path",
                       path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return err_set(err, "socket %s: %s", path, strerror(errno));
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int error = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
    close(fd);
    if (error == ECONNREFUSED || error == ENOENT) {
        return true;
    }
    if (error == 0 || error == EAGAIN) {
        return err_set(err,
                       "socket %s: another program is listening there: stop it, or configure "
                       "another path",
                       path);
    }
    return err_set(err, "socket %s: cannot tell whether it is in use: %s: remove it if it is not",
                   path, strerror(error));
}

/* Sets the owner of the socket file just bound and remembers which file it is. */
static bool socket_file_own(struct listener *listener, const char *path,
                            const struct listen_options *options, struct err *err)
{
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        return err_set(err, "socket %s: the file was replaced while it was made", path);
    }
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
    int failed = 0;
    if (options->owner != (uid_t)-1 || options->group != (gid_t)-1) {
        failed = fchownat(fd, "", options->owner, options->group, AT_EMPTY_PATH);
    }
    int error = errno;
    close(fd);
    if (failed) {
        return err_set(err,
                       "socket %s: cannot set its owner and group: %s: start authd as root, or "
                       "leave them out",
                       options->path, strerror(error));
    }
    return true;
}

/* Linux gives the file of a socket the mode of the descriptor, less the umask. */
static bool socket_bind(int fd, const struct sockaddr_un *address, mode_t mode)
{
    if (fchmod(fd, mode) < 0) {
        return false;
    }
    unlink(address->sun_path); /* a process that had the same id and died here may have left one */
    mode_t mask = umask(0);
    int failed = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    umask(mask);
    return !failed;
}

static bool listen_local(struct listener *listener, const struct listen_options *options,
                         struct err *err)
{
    const char *path = options->path;
    struct sockaddr_un temporary;
    if (!temporary_path(path, &temporary, err) || !path_is_free(path, err)) {
        return false;
    }
    listener->local = true;
    listener->name = mem_strdup(path);
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0 || !socket_bind(listener->fd, &temporary, options->mode)) {
        return err_set(err,
                       "socket %s: %s: the directory must exist and authd must be allowed to write "
                       "in it",
                       path, strerror(errno));
    }
    bool ready = socket_file_own(listener, temporary.sun_path, options, err);
    if (ready && (listen(listener->fd, BACKLOG) < 0 || rename(temporary.sun_path, path) < 0)) {
        ready = err_set(err, "socket %s: %s", path, strerror(errno));
    }
    if (!ready) {
        unlink(temporary.sun_path);
    }
    return ready;
}

/* ---- TCP --------------------------------------------------------------------------- */

static void address_text(const union address *address, char out[static ADDRESS_LENGTH])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
        snprintf(out, ADDRESS_LENGTH, "[%s]:%u", host, ntohs(address->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
        snprintf(out, ADDRESS_LENGTH, "%s:%u", host, ntohs(address->v4.sin_port));
    }
}

static bool address_is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    }
    return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool port_parse(const char *text, in_port_t *port)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    *port = htons((uint16_t)number);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number <= UINT16_MAX;
}

/* Parses "127.0.0.1:PORT" or "[::1]:PORT". Only numbers are accepted, so that no resolver decides
 * where authd listens. */
static bool address_parse(const char *text, union address *address)
{
    char host[ADDRESS_LENGTH];
    const char *colon = strrchr(text, ':');
    in_port_t port;
    if (!colon || (size_t)(colon - text) >= sizeof(host) || !port_parse(colon + 1, &port)) {
        return false;
    }
    size_t length = (size_t)(colon - text);
    memcpy(host, text, length);
    host[length] = '\0';
    if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        *address = (union address){.v6 = {.sin6_family = AF_INET6, .sin6_port = port}};
        return inet_pton(AF_INET6, host + 1, &address->v6.sin6_addr) == 1;
    }
    *address = (union address){.v4 = {.sin_family = AF_INET, .sin_port = port}};
    return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1;
}

static bool listen_network(struct listener *listener, const struct listen_options *options,
                           struct err *err)
{
    static const int on = 1;
    union address address;
    char name[ADDRESS_LENGTH];
    if (!address_parse(options->address, &address)) {
        return err_set(err,
                       "address %s: not an IP address and a port: write 127.0.0.1:PORT or "
                       "[::1]:PORT",
                       options->address);
    }
    if (!options->insecure_network && !address_is_loopback(&address)) {
        return err_set(err,
                       "address %s: not a loopback address, and passwords would cross the network "
                       "in the clear: use 127.0.0.1, or set insecure_network: true",
                       options->address);
    }
    bool v6 = address.any.sa_family == AF_INET6;
    socklen_t length = v6 ? sizeof(address.v6) : sizeof(address.v4);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    listener->fd = fd;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
        bind(fd, &address.any, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, &address.any, &length) < 0) {
        bool taken = errno == EADDRINUSE;
        return err_set(
            err, "address %s: %s%s", options->address, strerror(errno),
            taken ? ": another program is listening there: stop it, or configure another port"
                  : "");
    }
    address_text(&address, name); /* with the port that the kernel chose, if 0 was asked for */
    listener->name = mem_strdup(name);
    return true;
}

/* ---- accepting --------------------------------------------------------------------- */

static bool peer_is_allowed(const struct listener *listener, const struct peer *peer)
{
    for (unsigned i = 0; i < listener->peer_count; i++) {
        if (listener->peers[i] == peer->uid) {
            return true;
        }
    }
    return listener->peer_count == 0;
}

/* False: the connection must be closed. */
static bool peer_identify(const struct listener *listener, int fd, const union address *address,
                          struct peer *peer)
{
    static uint64_t connections; /* unlocked, because only the loop's thread accepts */
    *peer = (struct peer){.number = ++connections, .local = listener->local};
    if (!listener->local) {
        static const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        address_text(address, peer->text);
        return true;
    }
    struct ucred who;
    socklen_t length = sizeof(who);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) < 0) {
        return false;
    }
    peer->uid = who.uid;
    peer->gid = who.gid;
    peer->pid = who.pid;
    snprintf(peer->text, sizeof(peer->text), "unix:%u", who.uid);
    return peer_is_allowed(listener, peer);
}

/* Descriptors are numbered from the lowest free one, so the highest numbers are used last. Those
 * are reserved: the database must find a descriptor when it comes back, however many clients are
 * connected, and an administrator needs one to fix the shortage. */
int listen_descriptor_limit(bool trusted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX) {
        return INT_MAX;
    }
    int all = (int)limit.rlim_cur;
    int reserved = all / 4 < FDS_RESERVED ? all / 4 : FDS_RESERVED;

    return all - (trusted ? reserved / 2 : reserved);
}

static void report_turned_away(struct listener *listener)
{
    static const struct timeval interval = {.tv_sec = REPORT_SECONDS};
    listener->on_descriptor_shortage(listener->name, listener->rejected);
    listener->rejected = 0;
    evtimer_add(&listener->report, &interval);
}

static void report_later(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct listener *listener = arg;
    if (listener->rejected > 0) {
        report_turned_away(listener);
    }
}

/* False: the rest of the descriptors is reserved and not for this peer. */
static bool has_room(struct listener *listener, int fd, const struct peer *peer)
{
    bool trusted = peer->local && (peer->uid == 0 || peer->uid == geteuid());
    if (fd < (trusted ? listener->fd_limit_trusted : listener->fd_limit)) {
        return true;
    }
    listener->rejected++;
    if (listener->on_descriptor_shortage && !evtimer_pending(&listener->report, NULL)) {
        report_turned_away(listener);
    }
    return false;
}

static void listener_pause(struct listener *listener)
{
    event_del(&listener->readable);
    evtimer_add(&listener->pause, &PAUSE);
}

static void listener_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct listener *listener = arg;
    event_add(&listener->readable, NULL);
}

/* False: no other connection is waiting, or accepting pauses. */
static bool listener_accept(struct listener *listener)
{
    union address address = {0};
    socklen_t length = sizeof(address);
    int fd = accept4(listener->fd, &address.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        switch (errno) {
        case EAGAIN:
            return false;
        case EINTR:
        case ECONNABORTED: /* the peer left before accept4() */
        case EPROTO:
            return true;
        default: /* EMFILE, ENFILE, ENOBUFS, ENOMEM, or an unknown error */
            listener_pause(listener);
            return false;
        }
    }
    struct peer peer;
    if (!peer_identify(listener, fd, &address, &peer) || !has_room(listener, fd, &peer)) {
        close(fd);
        return true;
    }
    listener->accept(listener->arg, fd, &peer);
    return true;
}

static void listener_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct listener *listener = arg;
    for (int i = 0; i < ACCEPT_BATCH && listener_accept(listener); i++) {
    }
}

/* ---- life -------------------------------------------------------------------------- */

struct listener *listen_create(const struct listen_options *options, struct err *err)
{
    struct listener *listener = mem_new(struct listener);
    listener->fd = -1;
    bool bound = options->path ? listen_local(listener, options, err)
                               : listen_network(listener, options, err);
    if (!bound) {
        listen_destroy(listener);
        return NULL;
    }
    listener->reserve = options->reserve;
    listener->on_descriptor_shortage = options->on_descriptor_shortage;
    listener->peer_count = options->peer_count;
    listener->peers = mem_calloc(options->peer_count + 1, sizeof(uid_t));
    for (unsigned i = 0; i < options->peer_count; i++) {
        listener->peers[i] = options->peers[i];
    }
    return listener;
}

void listen_start(struct listener *listener, struct loop *loop, listen_accept_f *accept, void *arg)
{
    listener->fd_limit = listen_descriptor_limit(false);
    listener->fd_limit_trusted = listen_descriptor_limit(listener->reserve);
    struct event_base *base = loop_base(loop);
    listener->accept = accept;
    listener->arg = arg;
    event_assign(&listener->readable, base, listener->fd, EV_READ | EV_PERSIST, listener_readable,
                 listener);
    evtimer_assign(&listener->pause, base, listener_resume, listener);
    evtimer_assign(&listener->report, base, report_later, listener);
    event_add(&listener->readable, NULL);
}

static void socket_file_remove(const struct listener *listener)
{
    struct stat status;
    bool ours = lstat(listener->name, &status) == 0 && status.st_dev == listener->device &&
                status.st_ino == listener->inode;
    if (ours) {
        unlink(listener->name); /* may fail without privileges; the next start replaces the file */
    }
}

void listen_destroy(struct listener *listener)
{
    if (!listener) {
        return;
    }
    if (listener->accept) {
        event_del(&listener->readable);
        event_del(&listener->pause);
        event_del(&listener->report);
    }
    if (listener->local && listener->inode) {
        socket_file_remove(listener);
    }
    if (listener->fd >= 0) {
        close(listener->fd);
    }
    free(listener->name);
    free(listener->peers);
    free(listener);
}

const char *listen_name(const struct listener *listener)
{
    return listener->name;
}
