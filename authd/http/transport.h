/* The octets of a client's connection, in clear or through TLS.
 *
 * Threat: octets of TLS that reach libmicrohttpd unchecked. So TLS ends here, and what http/framing
 * checks is the clear text in both cases. */
#ifndef HTTP_TRANSPORT_H
#define HTTP_TRANSPORT_H

#include "base/span.h"
#include "http/tls.h"

enum transport_result {
    TRANSPORT_DONE,        /* `*count` octets, at least one */
    TRANSPORT_WANTS_READ,  /* again when the socket can be read */
    TRANSPORT_WANTS_WRITE, /* again when the socket can be written */
    TRANSPORT_ENDED,       /* the client sends no more */
    TRANSPORT_BROKEN,
};

struct transport {
    int fd;
    gnutls_session_t session; /* NULL: clear text */
    struct tls_pair *pair;    /* the certificate of the handshake */
    bool shaken;              /* the handshake is over */
};

/* `files`: the certificate; NULL: clear text. The transport owns `fd`, a non-blocking socket. */
void transport_open(struct transport *transport, int fd, struct tls_files *files);
void transport_close(struct transport *transport);

/* Each makes the TLS handshake first, and may therefore want the other direction. */
enum transport_result transport_read(struct transport *transport, char *out, size_t size,
                                     size_t *count);
enum transport_result transport_write(struct transport *transport, struct span octets,
                                      size_t *count);
/* Tells the client that no more octets come. */
void transport_end(struct transport *transport);

#endif
