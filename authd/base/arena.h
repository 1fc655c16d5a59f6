/* Per-request memory: allocated piecemeal, wiped and freed at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/span.h"

struct arena;

struct arena *arena_create(void);
void arena_destroy(struct arena *arena); /* wipes everything; NULL is fine */

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
/* NUL-terminated copies. */
char *arena_copy(struct arena *arena, struct span text);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
