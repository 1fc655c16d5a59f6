/* What authctl writes: aligned tables for people, tab-separated lines for programs, and data of
 * other people's making that cannot move the cursor. */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

#define COLUMNS_MAX 8
#define PRINT_UNCUT SIZE_MAX /* a table, however wide */

/* Appends UTF-8 `text` with control characters, C1 included, and bidirectional overrides written as
 * \xNN or \u{NNNN}, and a backslash doubled. */
void print_escape(struct buf *out, const char *text);

struct table;

/* `headings` has `columns` texts; NULL: no headings. */
struct table *table_create(const char *const *headings, size_t columns);
void table_destroy(struct table *table);
void table_row(struct table *table, const char *const *cells); /* copied; NULL: not set */
/* `width` > 0: aligned, the widest columns cut with an ellipsis until it fits. 0: tab-separated
 * lines, without headings, never cut. */
void table_print(const struct table *table, FILE *out, size_t width);

/* One line, ASCII only, so that it is the same everywhere and harmless on a terminal. */
void print_json(FILE *out, const json_t *json);

/* The width of the terminal behind `out`; 0: it is none. */
size_t print_width(FILE *out);

#endif
