/* Heap memory that cannot fail: allocation failure aborts the process, which its supervisor
 * restarts. Every size is bounded by an input limit before it gets here. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Zeroed. `count * size` may not overflow. Free with free(). */
void *mem_calloc(size_t count, size_t size);
void *mem_realloc(void *old, size_t size);
char *mem_strdup(const char *text);

#define mem_new(type) ((type *)mem_calloc(1, sizeof(type)))

#endif
