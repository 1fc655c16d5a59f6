/* The text of an expected failure, for the layer that knows what to do about it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

struct err {
    char text[512]; /* one line, no secret, what is wrong and where; and the remedy if there is one
                     */
};

/* Always false, so that `return err_set(...)` ends a bool function. */
bool err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
