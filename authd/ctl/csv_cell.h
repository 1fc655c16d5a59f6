/* Rows of CSV (RFC 4180). Pure.
 *
 * Threat: a cell that a spreadsheet takes for a formula and runs. Names in the audit are what
 * strangers sent: a cell that begins like a formula gets an apostrophe before it. */
#ifndef CTL_CSV_CELL_H
#define CTL_CSV_CELL_H

#include "base/buf.h"

/* Appends a cell; NULL: an empty one. */
void csv_cell_print(struct buf *out, const char *text);

#endif
