/* Per-request memory: a bump allocator over a list of chunks. All memory of a request lives exactly
 * as long as the request. Threat: a request holds passwords. arena_destroy() wipes all memory of
 * the request, so safety does not depend on each user of the arena remembering to wipe. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"

/* A request has a few names, a secret and a reply: most requests need one chunk. */
#define CHUNK_SIZE 4096

struct chunk {
    struct chunk *next;
    size_t size; /* octets in data */
    size_t used;
    alignas(max_align_t) char data[];
};

struct arena {
    struct chunk *top;
};

static void chunk_push(struct arena *arena, size_t at_least)
{
    size_t size = CHUNK_SIZE - sizeof(struct chunk);
    if (size < at_least) {
        size = at_least;
    }
    struct chunk *chunk = mem_calloc(1, sizeof(*chunk) + size);
    chunk->size = size;
    chunk->next = arena->top;
    arena->top = chunk;
}

struct arena *arena_create(void)
{
    struct arena *arena = mem_new(struct arena);
    chunk_push(arena, 0);
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    struct chunk *chunk = arena->top;
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        secret_wipe(chunk->data, chunk->used);
        free(chunk);
        chunk = next;
    }
    free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size > PTRDIFF_MAX / 2) {
        abort(); /* every input is bounded: only a bug asks for so much */
    }
    size_t rounded = (size + unit - 1) / unit * unit;
    if (rounded == 0) {
        rounded = unit; /* every allocation has its own address */
    }
    if (arena->top->size - arena->top->used < rounded) {
        chunk_push(arena, rounded);
    }
    struct chunk *chunk = arena->top;
    void *ptr = chunk->data + chunk->used;
    chunk->used += rounded;
    return ptr;
}

char *arena_copy(struct arena *arena, struct span text)
{
    if (text.len > PTRDIFF_MAX / 2) {
        abort();
    }
    char *copy = arena_alloc(arena, text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        abort(); /* out of memory, or a wrong format */
    }
    char *copy = arena_copy(arena, (struct span){text, (size_t)len});
    secret_wipe(text, (size_t)len);
    free(text);
    return copy;
}
