/* The configuration file as text and as libyaml's tree. Finds text that is not YAML, and the line
 * of each key. */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

struct document;

/* NULL: `err` names the file, the line and the remedy. */
struct document *document_read(const char *file, struct err *err);
void document_destroy(struct document *document); /* NULL is fine */

struct span document_text(const struct document *document);

/* The line of a key such as "listeners[1].mode"; entries count from 1, and of two equal keys the
 * last counts. If the key is missing, the line of the nearest key or entry around it. */
unsigned document_line(const struct document *document, const char *path);

#endif
