/* The configuration file as text and as libyaml's tree: what is no YAML is found here, and the line
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

/* The line of "listeners[1].mode" (entries count from 1, the last of two equal keys), or of what is
 * nearest around it. */
unsigned document_line(const struct document *document, const char *path);

#endif
