/* Reads the files that a command line names. */
#ifndef CTL_INPUT_FILE_H
#define CTL_INPUT_FILE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the file's octets to `content`; the path "-" is standard input. Returns false if the file
 * cannot be read, or is longer than the maximum of `content`. */
bool document_load(struct buf *content, const char *path, struct err *err);

/* Reads a file that holds one JSON object. Returns NULL after a failure; `err` names the line. */
json_t *document_read(const char *path, size_t max, struct err *err);

#endif
