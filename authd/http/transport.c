#include "http/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

void transport_open(struct transport *transport, int fd, struct tls_files *files)
{
    int yes = 1;

    *transport = (struct transport){.fd = fd, .shaken = files == NULL};
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* fails on a unix socket */
    if (files != NULL) {
        transport->pair = tls_pair_take(files);
        transport->session = tls_session_create(files, transport->pair, fd);
    }
}

void transport_close(struct transport *transport)
{
    if (transport->session != NULL) {
        gnutls_deinit(transport->session);
    }
    tls_pair_release(transport->pair);
    close(transport->fd);
}

static enum transport_result socket_result(ssize_t result, enum transport_result wants,
                                           size_t *count)
{
    if (result > 0) {
        *count = (size_t)result;
        return TRANSPORT_DONE;
    }
    if (result == 0) {
        return TRANSPORT_ENDED;
    }
    return errno == EAGAIN || errno == EINTR ? wants : TRANSPORT_BROKEN;
}

static enum transport_result tls_result(const struct transport *transport, ssize_t result,
                                        size_t *count)
{
    if (result > 0) {
        *count = (size_t)result;
        return TRANSPORT_DONE;
    }
    if (result == 0 || result == GNUTLS_E_PREMATURE_TERMINATION) {
        return TRANSPORT_ENDED;
    }
    if (result != GNUTLS_E_AGAIN && result != GNUTLS_E_INTERRUPTED) {
        return TRANSPORT_BROKEN;
    }
    return gnutls_record_get_direction(transport->session) == 1 ? TRANSPORT_WANTS_WRITE
                                                                : TRANSPORT_WANTS_READ;
}

/* TRANSPORT_DONE: the handshake is over. */
static enum transport_result shake(struct transport *transport)
{
    size_t unused;
    int result = GNUTLS_E_WARNING_ALERT_RECEIVED;

    if (transport->shaken) {
        return TRANSPORT_DONE;
    }
    while (result == GNUTLS_E_WARNING_ALERT_RECEIVED) {
        result = gnutls_handshake(transport->session);
    }
    if (result == 0) {
        transport->shaken = true;
        return TRANSPORT_DONE;
    }
    return tls_result(transport, result, &unused);
}

enum transport_result transport_read(struct transport *transport, char *out, size_t size,
                                     size_t *count)
{
    enum transport_result result = shake(transport);

    if (result != TRANSPORT_DONE) {
        return result;
    }
    if (transport->session != NULL) {
        return tls_result(transport, gnutls_record_recv(transport->session, out, size), count);
    }
    return socket_result(recv(transport->fd, out, size, 0), TRANSPORT_WANTS_READ, count);
}

/* gnutls keeps a record that it could not send whole: the next call has the same octets. */
enum transport_result transport_write(struct transport *transport, struct span octets,
                                      size_t *count)
{
    enum transport_result result = shake(transport);

    if (result != TRANSPORT_DONE) {
        return result;
    }
    if (transport->session != NULL) {
        return tls_result(transport, gnutls_record_send(transport->session, octets.ptr, octets.len),
                          count);
    }
    return socket_result(send(transport->fd, octets.ptr, octets.len, MSG_NOSIGNAL),
                         TRANSPORT_WANTS_WRITE, count);
}

void transport_end(struct transport *transport)
{
    if (transport->session != NULL && transport->shaken) {
        (void)gnutls_bye(transport->session, GNUTLS_SHUT_WR); /* what does not fit is left out */
    }
    shutdown(transport->fd, SHUT_WR);
}
