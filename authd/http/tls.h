/* The certificate of a listener and its key: PEM files, read again when they change.
 *
 * Threats: a key that others on this machine may read, which is refused; a reload that fails
 * halfway, so a new pair is checked completely (readable, matching, not expired) before it takes
 * the place of the old one, and otherwise the old one stays and the log says why. The files are
 * read as authd's own user, never as root: what a start could read, a reload can. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "base/err.h"

struct loop;
struct tls_files;

/* A certificate chain and its key. Holders are counted: a handshake under way keeps the pair that
 * it began with. */
struct tls_pair;

/* Reads both files; NULL: `err` says what is wrong with which file, and what to do. */
struct tls_files *tls_files_create(const char *certificate, const char *key, struct err *err);
/* Checks the files from now on, every few seconds. */
void tls_files_watch(struct tls_files *files, struct loop *loop);
/* Reads the files again at once, changed or not. */
void tls_files_reload(struct tls_files *files);
void tls_files_destroy(struct tls_files *files); /* NULL is fine */

struct tls_pair *tls_pair_take(const struct tls_files *files);
void tls_pair_release(struct tls_pair *pair); /* NULL is fine */

/* A server's side of TLS on a socket, which shows the pair; TLS 1.2 and 1.3, authenticated
 * encryption with forward secrecy. The caller keeps the pair as long as the session, and ends it
 * with gnutls_deinit(). */
gnutls_session_t tls_session_create(const struct tls_files *files, struct tls_pair *pair, int fd);

#endif
