/* Prints a QR code on a terminal, two rows of modules in one line. The code is black on white in a
 * terminal of any colours, and has the quiet zone that a camera needs. */
#ifndef CTL_QR_H
#define CTL_QR_H

#include <jansson.h>
#include <stdio.h>

/* Returns the number of columns that the code takes. `rows` is a square: an array of texts of 0 and
 * 1, each as long as the array. Returns 0 if `rows` is not. */
size_t qr_width(const json_t *rows);

/* Prints the code. qr_width() of `rows` must not be 0. */
void qr_print(FILE *out, const json_t *rows);

#endif
