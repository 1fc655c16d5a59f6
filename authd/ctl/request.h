/* From a command line to the call that it means: path, query and body, by the command table. */
#ifndef CTL_REQUEST_H
#define CTL_REQUEST_H

#include <jansson.h>

#include "base/buf.h"
#include "ctl/command.h"

#define PATH_MAX_LENGTH (16 * 1024)
#define DOCUMENT_MAX    (60 * 1024) /* octets; a request has at most 64 KiB */

struct request {
    struct buf path; /* without a zero octet at its end */
    json_t *body;    /* NULL: none */
};

/* Reads the files that the command names. False: a usage error. Either way finish it. */
bool request_build(struct request *request, const struct invocation *invocation, struct err *err);
void request_finish(struct request *request);

/* Appends "?name=value" or "&name=value". */
void request_query(struct buf *path, const char *name, const char *value);

/* Appends `text` to a path or query, percent-encoded (RFC 3986 section 2.3). */
void request_encode(struct buf *path, const char *text);

/* Appends `template`, with {1}, {2}... replaced by the words, as they are. */
void request_fill(struct buf *out, const char *template, const char *const *words);

#endif
