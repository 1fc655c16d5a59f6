/* The request of the saslauthd protocol, as a pure parser: four counted strings, and a fifth that
 * newer versions of libsasl add.
 *
 *     request = login password service realm [client]    client = "address;port"
 *     string  = uint16, big-endian, then as many octets
 *
 * Clients neither mark the end of a request nor stop sending, so a request is complete with its
 * fourth string. The fifth string is read only if it arrived together with the others, and no
 * decision may depend on it: a client that sends small pieces gets the same answer as a client that
 * sends everything in one write.
 *
 * Threats: a length that lies, a NUL that hides the rest of a name, a name that another program
 * took apart differently. libsasl splits a login at its last "@" and passes the rest as the realm;
 * the parts are joined here in the only way that gives back the name that the user typed.
 */
#ifndef FRONT_SASLAUTHD_MESSAGE_H
#define FRONT_SASLAUTHD_MESSAGE_H

#include "base/buf.h"

/* The most octets of a login, service, realm or client, and of a password. */
#define SASLAUTHD_NAME_MAX     1024
#define SASLAUTHD_PASSWORD_MAX 4096

/* The longest request, and the longest login after joining. */
#define SASLAUTHD_MESSAGE_MAX (5 * 2 + 4 * SASLAUTHD_NAME_MAX + SASLAUTHD_PASSWORD_MAX)
#define SASLAUTHD_LOGIN_MAX   (2 * SASLAUTHD_NAME_MAX + 1)

enum saslauthd_message_state {
    SASLAUTHD_MALFORMED = 0, /* `why` says how; further input cannot mend the request */
    SASLAUTHD_INCOMPLETE,
    SASLAUTHD_COMPLETE,
};

/* Spans point into the input. */
struct saslauthd_message {
    enum saslauthd_message_state state;
    const char *why;
    struct span login;
    struct span password;
    struct span service;
    struct span realm;
    /* The address without the port; empty: there is none, or the text is no address. */
    struct span client;
};

void saslauthd_message_parse(struct span input, struct saslauthd_message *request);

/* Appends the login of a complete request, joined with its realm: at most SASLAUTHD_LOGIN_MAX
 * octets. A realm that the login ends in already is not added again. */
void saslauthd_login_append(struct buf *buf, const struct saslauthd_message *request);

/* Appends the answer: "OK", or "NO reference". */
void saslauthd_answer_append(struct buf *buf, bool ok, const char *reference);

#endif
