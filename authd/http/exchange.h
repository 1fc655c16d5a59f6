/* One request and its response.
 *
 * Life: libmicrohttpd shows the request target (http_exchange_create), the headers (guard, route,
 * who asks), the body piece by piece, its end (the route's function runs). The database may have to
 * say who asks: the exchange waits for that before it takes a single octet of the body. The route's
 * function answers at once, or leaves the exchange suspended until its work is done. Each suspended
 * exchange has a deadline, because libmicrohttpd does not watch its connection meanwhile. The
 * completion writes the one log line and frees all.
 *
 * The pieces that read and check a request (http/request, http/admission, http/request_arguments
 * and what they use) return a problem and know no exchange. Only the exchange and the routes'
 * functions refuse.
 *
 * Threats: bodies are bounded and wiped, and of a request that is not allowed nothing is kept; of
 * the request only its method and its route's pattern reach the log. A request is refused after its
 * body was read (up to a limit), so that clients see the refusal and not a broken connection. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <event2/event_struct.h>
#include <microhttpd.h>
#include <sys/queue.h>

#include "base/reference.h"
#include "http/admission.h"
#include "http/request.h"
#include "http/response.h"

#define HTTP_EXCHANGE_DEADLINE_MS 25000

/* What the exchanges of a server share; part of struct http_server. */
struct http_exchanges {
    struct core *core;
    const struct http_route *routes; /* the route table */
    bool draining;                   /* every response closes its connection */
    unsigned count;                  /* how many exchanges there are */
    TAILQ_HEAD(, http_exchange) suspended;
    void (*wake)(struct http_exchanges *exchanges); /* libmicrohttpd must run soon */
};

/* The call that an exchange waits for: first the one that finds the caller, then the one of the
 * route. */
struct http_exchange_work {
    void (*cancel)(void *call);
    void *call; /* set when the call starts, cleared by its callback; NULL: no call runs */
};

/* The time in which libmicrohttpd leaves the connection alone. */
struct http_exchange_wait {
    bool suspended;
    struct event deadline;           /* set while suspended */
    TAILQ_ENTRY(http_exchange) link; // http_exchanges::suspended
};

struct http_exchange {
    struct http_exchanges *exchanges;
    struct http_client *client;
    struct MHD_Connection *connection;
    struct arena *arena; /* as long as the exchange */

    /* The log line */
    char reference[REFERENCE_LENGTH + 1]; /* the name of the request in the answer and in the log */
    int64_t started;                      /* when the request target was seen, by clock_ms() */
    const char *method;                   /* NULL: the headers were not seen */
    const char *cause;                    /* the reason that the log gives; NULL: none to give */

    /* The request as it is read */
    bool begun;             /* the headers were seen */
    bool paused;            /* the headers were seen, and it is not yet known who asks */
    struct request request; /* what was read so far */

    struct admission admission; /* who asks, and whether the caller may */

    /* The work */
    bool dry_run;    /* the request only asks what would happen */
    json_t *filters; /* what the cursors of a list are bound to; NULL: the route is no list */
    struct http_exchange_work work;
    struct http_exchange_wait wait;

    struct answer answer; /* what goes out, once it is known */
};

/* For the server: libmicrohttpd has seen a request target. */
struct http_exchange *http_exchange_create(struct http_exchanges *exchanges,
                                           struct MHD_Connection *connection, const char *target);
/* For the server: libmicrohttpd has seen the headers, a piece of the body, or its end. */
enum MHD_Result http_exchange_step(struct http_exchange *exchange, const char *method,
                                   const char *data, size_t *size);
/* For the server: libmicrohttpd is done with the request. Frees the exchange. */
void http_exchange_complete(struct http_exchange *exchange, enum MHD_RequestTerminationCode why);
/* For the server: ends the wait of a suspended exchange with a refusal, as authd stops. */
void http_exchange_stop(struct http_exchange *exchange);

/* For the routes, which answer or refuse once: at once, or later with `work` set until then. */
void http_exchange_answer(struct http_exchange *exchange, unsigned status, const json_t *object);
/* `text` is JSON, or that of answer.page, on the heap; the exchange takes, wipes and frees it. */
void http_exchange_answer_text(struct http_exchange *exchange, unsigned status, char *text);
/* Answers with a problem: fills in its reference, and releases its errors. */
void http_exchange_refuse(struct http_exchange *exchange, const struct problem *problem);
/* Gives the reason for the log; copied. NULL: there is none. */
void http_exchange_log_cause(struct http_exchange *exchange, const char *cause);

#endif
