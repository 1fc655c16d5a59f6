/* Heap memory that cannot fail: a failed allocation aborts the process, and the supervisor starts
 * authd again. Callers bound every size by an input limit. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Returns zeroed memory. An overflow of `count * size` aborts. The caller frees with free(). */
void *mem_calloc(size_t count, size_t size);
void *mem_realloc(void *old, size_t size); /* new octets are not zeroed */
char *mem_strdup(const char *text);

#define mem_new(type) ((type *)mem_calloc(1, sizeof(type)))

#endif
