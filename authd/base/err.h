/* The text of an expected failure. The layer that can handle the failure decides what to do with
 * the text. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

struct err {
    /* One line without secrets: says what is wrong, where, and how to fix it if there is a way. */
    char text[512];
};

/* Returns always false, so that `return err_set(...)` ends a bool function. */
bool err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
