/* Makes the HTTP request that a command line means, path, query and body, by the command table. */
#ifndef CTL_REQUEST_H
#define CTL_REQUEST_H

#include <jansson.h>

#include "base/buf.h"
#include "ctl/command.h"

#define PATH_MAX_LENGTH (16 * 1024)
#define DOCUMENT_MAX    (60 * 1024) /* octets; authd takes at most 64 KiB in a request */

struct request {
    struct buf path; /* path and query, without a zero octet at the end */
    json_t *body;    /* an object; NULL: the file that should be the body could not be read */
};

/* Builds the request, and reads the files that the command line names. Returns false on a usage
 * error. The caller finishes the request in both cases. */
bool request_build(struct request *request, const struct invocation *invocation, struct err *err);
void request_finish(struct request *request);

/* Appends "?name=value" or "&name=value". */
void request_query(struct buf *path, const char *name, const char *value);

/* Appends `text` to a path or query, percent-encoded (RFC 3986 section 2.3). */
void request_encode(struct buf *path, const char *text);

/* Appends `template`, in which {1}, {2}... are replaced by the words, without encoding. */
void request_fill(struct buf *out, const char *template, const char *const *words);

#endif
