/* What authctl writes. Data that strangers have made cannot move the cursor of a terminal. */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "base/buf.h"

/* Appends UTF-8 `text` with control characters, C1 included, and bidirectional overrides written as
 * \xNN or \u{NNNN}, and a backslash doubled. */
void print_escape(struct buf *out, const char *text);

/* One line of ASCII only: the same bytes everywhere, and harmless on a terminal. */
void print_json(FILE *out, const json_t *json);

/* The width of the terminal behind `out`; 0: `out` is no terminal. */
size_t print_width(FILE *out);

#endif
