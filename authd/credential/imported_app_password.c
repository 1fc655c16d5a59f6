#include "credential/imported_app_password.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool parse_line(char *line, struct imported_app_password *out)
{
    char *rest = line;
    const char *id = strsep(&rest, " ");
    const char *version = strsep(&rest, " ");

    if (version == NULL) {
        return false;
    }
    out->id = strtoll(id, NULL, 10);
    out->version = strtoll(version, NULL, 10);
    out->scope = strsep(&rest, " ");
    out->encrypted = rest; /* the rest of the line, blanks included */
    return out->id > 0 && out->scope != NULL && out->encrypted != NULL;
}

size_t
imported_app_password_parse(char *lines,
                            struct imported_app_password out[static IMPORTED_APP_PASSWORDS_MAX])
{
    size_t count = 0;
    char *line;

    while (count < IMPORTED_APP_PASSWORDS_MAX && (line = strsep(&lines, "\n")) != NULL &&
           parse_line(line, &out[count])) {
        count++;
    }
    return count;
}
