#include "base/program.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char *kept = "authd";

/* True if the name is short, has only letters, digits, '.', '_', '+' and '-', and begins with a
 * letter. */
static bool is_plain(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._+-";
    size_t len = strspn(name, plain);

    return name[len] == '\0' && len <= PROGRAM_NAME_MAX && isalpha((unsigned char)name[0]) != 0;
}

void program_set(const char *called, const char *installed)
{
    const char *slash = called != NULL ? strrchr(called, '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : called;

    kept = name != NULL && is_plain(name) ? name : installed;
}

const char *program_name(void)
{
    return kept;
}
