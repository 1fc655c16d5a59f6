/* A growing byte buffer with a maximum size. Threats: a peer that sends without end (`max` bounds
 * the memory); secrets that pass through (memory is wiped before it is freed). */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"

#define FIRST_CAPACITY 256

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_finish(struct buf *buf)
{
    secret_wipe(buf->data, buf->capacity);
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

/* Copies into new memory, because realloc() would leave an unwiped copy behind. */
static void grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buf->capacity;
    while (capacity < needed) {
        capacity = capacity > buf->max / 2 ? buf->max : capacity * 2;
    }
    if (capacity > buf->max) {
        capacity = buf->max;
    }
    char *data = mem_calloc(1, capacity);
    if (buf->len > 0) {
        memcpy(data, buf->data, buf->len);
    }
    secret_wipe(buf->data, buf->capacity);
    free(buf->data);
    buf->data = data;
    buf->capacity = capacity;
}

char *buf_reserve(struct buf *buf, size_t len)
{
    if (buf->overflow || len > buf->max - buf->len) {
        buf->overflow = true;
        return NULL;
    }
    if (buf->data == NULL || len > buf->capacity - buf->len) {
        grow(buf, buf->len + len);
    }
    return buf->data + buf->len;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
    char *room = buf_reserve(buf, len);
    if (room == NULL || len == 0) {
        return;
    }
    memcpy(room, data, len);
    buf->len += len;
}

void buf_append_text(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        abort(); /* out of memory, or a wrong format */
    }
    buf_append(buf, text, (size_t)len);
    secret_wipe(text, (size_t)len);
    free(text);
}

void buf_consume(struct buf *buf, size_t len)
{
    if (len > buf->len) {
        abort(); /* only a bug consumes more than there is */
    }
    if (len == 0) {
        return;
    }
    memmove(buf->data, buf->data + len, buf->len - len);
    secret_wipe(buf->data + buf->len - len, len);
    buf->len -= len;
}
