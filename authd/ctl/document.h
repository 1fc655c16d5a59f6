/* Files that a command names. */
#ifndef CTL_DOCUMENT_H
#define CTL_DOCUMENT_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/* The file's octets; "-" is standard input. False: it cannot be read, or is longer than content's
 * maximum. */
bool document_load(struct buf *content, const char *path, struct err *err);

/* One JSON object. NULL: `err` names the line. */
json_t *document_read(const char *path, size_t max, struct err *err);

#endif
