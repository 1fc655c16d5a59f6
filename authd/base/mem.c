/* Heap memory that cannot fail. Threat: a half-handled allocation failure is an untested path
 * through the code that decides who may log in. Aborting is certainly safe. */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/program.h"

static void *must(void *ptr)
{
    if (ptr == NULL) {
        fprintf(stderr, "%s: out of memory\n", program_name());
        abort();
    }
    return ptr;
}

void *mem_calloc(size_t count, size_t size)
{
    /* calloc() checks the product for overflow. One octet at least is allocated, so that NULL
     * always means failure. */
    return must(count == 0 || size == 0 ? calloc(1, 1) : calloc(count, size));
}

void *mem_realloc(void *old, size_t size)
{
    return must(realloc(old, size == 0 ? 1 : size));
}

char *mem_strdup(const char *text)
{
    return must(strdup(text));
}
