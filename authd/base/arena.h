/* Per-request memory: allocated in small pieces, wiped and freed all together. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/span.h"

struct arena;

struct arena *arena_create(void);
void arena_destroy(struct arena *arena); /* wipes and frees all memory; NULL is allowed */

/* Returns zeroed memory, aligned for any type. Never NULL. The arena owns the memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* Both return a NUL-terminated text that the arena owns. */
char *arena_copy(struct arena *arena, struct span text);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
