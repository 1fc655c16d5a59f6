/* Tables: aligned for people, tab-separated lines for programs. Cells are escaped (ctl/print.h). */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 8
#define TABLE_UNCUT       SIZE_MAX /* the width of a terminal that cuts nothing */

struct table;

/* `headings` has `columns` texts; NULL: no headings. */
struct table *table_create(const char *const *headings, size_t columns);
void table_destroy(struct table *table);
void table_row(struct table *table, const char *const *cells); /* copied; a NULL cell: not set */
/* `width` > 0: aligned, the widest columns cut with an ellipsis until the table fits. 0:
 * tab-separated lines, without headings, never cut. */
void table_print(const struct table *table, FILE *out, size_t width);

#endif
