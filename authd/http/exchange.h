/* One request and its response.
 *
 * Life: libmicrohttpd shows the request target (exchange_create), the headers (guard, route, who
 * asks), the body piece by piece, its end (the route's function runs). Who asks may need the
 * database: the exchange waits for that before it takes a single octet of the body. The route's
 * function answers at once, or leaves the exchange suspended until its work is done; each suspended
 * exchange holds a deadline, because libmicrohttpd does not watch its connection meanwhile. The
 * completion writes the one log line and frees all.
 *
 * The pieces that read and judge a request (http/request, http/admit, http/input and what they use)
 * return a problem and know no exchange; the exchange and the routes' functions refuse by it.
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

#include "base/reference.h"
#include "http/admit.h"
#include "http/request.h"
#include "http/response.h"

#define EXCHANGE_HEADERS_MAX (16 * 1024)
#define EXCHANGE_DEADLINE_MS 25000

/* What the exchanges of a server share; part of struct http_server. */
struct exchanges {
    struct core *core;
    const struct http_route *routes;
    bool draining; /* every response closes its connection */
    unsigned count;
    TAILQ_HEAD(, exchange) suspended;
    void (*wake)(struct exchanges *exchanges); /* libmicrohttpd must run soon */
};

/* What an exchange waits for: the database that knows the caller, then the work of the route. */
struct exchange_work {
    void (*cancel)(void *call);
    void *call; /* NULL: nothing runs; else set and cleared by whoever starts the call */
};

/* The time in which libmicrohttpd leaves the connection alone. */
struct exchange_wait {
    bool suspended;
    struct event deadline;      /* set while suspended */
    TAILQ_ENTRY(exchange) link; // exchanges::suspended
};

struct exchange {
    struct exchanges *exchanges;
    struct http_client *client;
    struct MHD_Connection *connection;
    struct arena *arena;                  /* as long as the exchange */
    char reference[REFERENCE_LENGTH + 1]; /* in the answer and in the log */
    int64_t started;                      /* clock_ms() */
    const char *method;                   /* for the log; NULL: the headers were not seen */
    const char *cause;                    /* for the log: why it ended as it did; NULL: as usual */

    /* The request as it is read */
    const char *target_end; /* of its line in libmicrohttpd's buffer; only compared */
    bool begun;             /* the headers were seen */
    bool paused;            /* after the headers, until it is known who asks */
    struct request request; /* target, headers, route, body */

    /* Who asks */
    struct admission admission;

    /* The work */
    bool dry_run;    /* the request only asks what would happen */
    json_t *filters; /* of a list: what its cursors are bound to; NULL: no list */
    struct exchange_work work;
    struct exchange_wait wait;

    /* The answer */
    struct answer answer;
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

/* For the routes: answer once, by one of these two, now or, with `work` set, later. */
void exchange_answer(struct exchange *exchange, unsigned status, const json_t *object);
/* `text` is JSON on the heap; the exchange takes, wipes and frees it. */
void exchange_answer_text(struct exchange *exchange, unsigned status, char *text);
/* Fills in the reference, and lets go of the problem's errors. */
void exchange_refuse(struct exchange *exchange, const struct problem *problem);
/* What the log shall give as the reason; copied, NULL: nothing. */
void exchange_note(struct exchange *exchange, const char *cause);

#endif
