/* What authctl writes: aligned tables for people, tab-separated lines for programs. Data that
 * strangers have made cannot move the cursor of a terminal. */
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
void table_row(struct table *table, const char *const *cells); /* copied; a NULL cell: not set */
/* `width` > 0: aligned, the widest columns cut with an ellipsis until the table fits. 0:
 * tab-separated lines, without headings, never cut. */
void table_print(const struct table *table, FILE *out, size_t width);

/* One line of ASCII only: the same bytes everywhere, and harmless on a terminal. */
void print_json(FILE *out, const json_t *json);

/* The width of the terminal behind `out`; 0: `out` is no terminal. */
size_t print_width(FILE *out);

#endif
