/* A growing byte buffer with a maximum. Overflow is sticky: write on, then ask once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/span.h"

struct buf {
    char *data;
    size_t len;
    size_t capacity;
    size_t max;
    bool overflow; /* something did not fit; the buffer holds what came before it */
};

void buf_init(struct buf *buf, size_t max);
void buf_finish(struct buf *buf); /* wipes and frees */

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first `len` octets. */
void buf_consume(struct buf *buf, size_t len);
/* Room for at least `len` more octets at data + len, or NULL and overflow; then add to buf->len. */
char *buf_reserve(struct buf *buf, size_t len);

static inline struct span buf_span(const struct buf *buf)
{
    return (struct span){buf->data, buf->len};
}

#endif
