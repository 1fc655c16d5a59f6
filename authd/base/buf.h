/* A growing byte buffer with a maximum size. Overflow is sticky: a caller appends everything, then
 * checks `overflow` once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/span.h"

struct buf {
    char *data;
    size_t len;
    size_t capacity;
    size_t max;
    bool overflow; /* an append did not fit; data holds what came before */
};

void buf_init(struct buf *buf, size_t max);
void buf_finish(struct buf *buf); /* wipes and frees */

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first `len` octets. */
void buf_consume(struct buf *buf, size_t len);
/* Makes room for `len` more octets and returns data + buf->len. The caller adds to buf->len what
 * was written there. NULL: there is no room, and `overflow` is set. */
char *buf_reserve(struct buf *buf, size_t len);

static inline struct span buf_span(const struct buf *buf)
{
    return (struct span){buf->data, buf->len};
}

#endif
