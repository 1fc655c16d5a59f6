/* One request and its response.
 *
 * Life: libmicrohttpd shows the request target (exchange_create), the headers (guard, route, who
 * asks), the body piece by piece, its end (the route's function runs). Who asks may need the
 * database: the exchange waits for that before it takes a single octet of the body. The route's
 * function answers at once, or leaves the exchange suspended until its work is done; each suspended
 * exchange holds a deadline, because libmicrohttpd does not watch its connection meanwhile. The
 * completion writes the one log line and frees all.
 *
 * Threats: bodies are bounded and wiped, and of a request that is not allowed nothing is kept; of
 * the request only its method and its route's pattern reach the log; whatever is refused is refused
 * after its body was read (up to a limit), so that clients see the refusal and not a broken
 * connection. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <event2/event_struct.h>
#include <microhttpd.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/reference.h"
#include "core/account.h"
#include "core/caller.h"
#include "core/network.h"
#include "http/guard.h"
#include "http/origin.h"
#include "http/problem.h"
#include "http/rights.h"
#include "http/router.h"
#include "loop/listen.h"

#define EXCHANGE_HEADERS_MAX (16 * 1024)
#define EXCHANGE_SWALLOW_MAX (1024 * 1024) /* of what is not wanted; a longer body is cut off */
#define EXCHANGE_DEADLINE_MS 25000
#define EXCHANGE_COOKIE      "__Host-authd"

/* What the exchanges of a server share; part of struct http_server. */
struct exchanges {
    struct core *core;
    bool draining; /* every response closes its connection */
    unsigned count;
    TAILQ_HEAD(, exchange) suspended;
    void (*wake)(struct exchanges *exchanges); /* libmicrohttpd must run soon */
};

/* Who is at the other end; as long as the connection. */
struct http_client {
    struct peer peer;
    const struct http_listener *listener; /* where it came in: name, TLS, trusted proxies */
    bool admin_by_peer;                   /* the listener makes the right peers administrators */
    bool busy;     /* the headers of a request were seen, and its response is not yet out */
    bool received; /* all of that request is here, or what is missing does not matter */
    bool slow;     /* the server gave it up */
};

/* What an exchange waits for. */
struct exchange_work {
    void (*cancel)(void *call);
    void *call; /* NULL: nothing */
};

struct exchange {
    struct exchanges *exchanges;
    struct http_client *client;
    struct MHD_Connection *connection;
    struct arena *arena;
    char reference[REFERENCE_LENGTH + 1];
    int64_t started; /* clock_ms() */
    char *method;
    const char *target_end; /* in libmicrohttpd's buffer; only compared */
    struct uri uri;
    const char *uri_flaw;
    struct origin_names names; /* what we are called here */
    struct guard guard;
    const char *forwarded;           /* all X-Forwarded-For, joined by commas; "": none */
    char address[NETWORK_TEXT_SIZE]; /* the client's, as far as we believe it; "": not known */
    struct http_match match;
    struct caller caller;
    struct rights rights;
    const char
        *forgery; /* what is wrong with where it comes from, as origin_flaw() says; or NULL */
    struct buf body;
    size_t body_length; /* all that came, also what was not kept */
    bool begun;         /* the headers were seen */
    bool paused;        /* after the headers, until it is known who asks */
    bool close;         /* after the answer */
    /* the work */
    struct exchange_work work; /* while it runs: set and cleared by the route's function */
    bool dry_run;
    json_t *filters; /* of a list: what its cursors are bound to */
    bool suspended;
    struct event deadline;
    TAILQ_ENTRY(exchange) link; // exchanges::suspended
    /* the answer */
    bool answered;
    bool sent; /* handed to libmicrohttpd */
    unsigned status;
    char *text; /* JSON; wiped */
    bool is_problem;
    const char *etag;   /* NULL: none */
    const char *cookie; /* Set-Cookie; NULL: none */
    const char *cause;  /* for the log */
};

/* For the server: libmicrohttpd's callbacks. */
struct exchange *exchange_create(struct exchanges *exchanges, struct MHD_Connection *connection,
                                 const char *target);
/* The request line, as libmicrohttpd has it in its buffer. */
struct request_line {
    const char *method;
    const char *version;
};
enum MHD_Result exchange_step(struct exchange *exchange, const struct request_line *line,
                              const char *data, size_t *size);
void exchange_complete(struct exchange *exchange, enum MHD_RequestTerminationCode why);
/* Ends the wait of a suspended exchange with a refusal. */
void exchange_stop(struct exchange *exchange);

/* Root or authd's own user, on a socket that makes them administrators. */
bool client_is_admin(const struct http_client *client);

/* For the routes: answer once, now or, with `work` set, later. The reference is filled in here. */
void exchange_answer(struct exchange *exchange, unsigned status, const json_t *object);
/* `text` is JSON on the heap; the exchange takes, wipes and frees it. */
void exchange_answer_text(struct exchange *exchange, unsigned status, char *text);
void exchange_refuse(struct exchange *exchange, const struct problem *problem);
/* What the log shall say about it; copied, may be NULL. */
void exchange_note(struct exchange *exchange, const char *cause);
/* A header of the request; NULL: absent. */
const char *exchange_header(const struct exchange *exchange, const char *name);
/* Goes on after a pause: it is known who asks. */
void exchange_resume(struct exchange *exchange);

#endif
