/* QR codes on a terminal: two rows of modules in one line, black on white whatever colours the
 * terminal has, with the quiet zone that a camera needs. */
#ifndef CTL_QR_H
#define CTL_QR_H

#include <jansson.h>
#include <stdio.h>

/* Columns that the code takes. 0: `rows` are none: texts of 0 and 1, as many as each is long. */
size_t qr_width(const json_t *rows);

/* `rows` have a width. */
void qr_print(FILE *out, const json_t *rows);

#endif
