#include "config/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/value.h"

/* Reports the line of the key, if the file has the key. */
bool reader_fail(const struct reader *reader, const char *path, const char *format, ...)
{
    struct err problem;
    va_list args;

    va_start(args, format);
    vsnprintf(problem.text, sizeof(problem.text), format, args);
    va_end(args);
    return err_set(reader->err, "%s:%u: %s%s%s", reader->file,
                   document_line(reader->document, path), path, path[0] != '\0' ? ": " : "",
                   problem.text);
}

bool reader_fail_value(const struct reader *reader, const char *path, const char *value,
                       const char *problem)
{
    return reader_fail(reader, path, "\"%.100s\" %s", value, problem);
}

const char *reader_default(const char *value, const char *general_path)
{
    return value != NULL ? value : config_key_default(general_path);
}

bool reader_choice(const struct reader *reader, const char *path, const char *text,
                   const char *const *choices, unsigned *out)
{
    struct err problem;
    return config_value_choice(text, choices, out, &problem) ||
           reader_fail_value(reader, path, text, problem.text);
}

bool reader_network(const struct reader *reader, const char *path, const char *text,
                    struct network *out)
{
    char meant[NETWORK_TEXT_SIZE];

    switch (network_parse(span_of(text), out)) {
    case NETWORK_OK:
        return true;
    case NETWORK_HOST_BITS:
        return reader_fail(reader, path, "\"%.100s\" has bits set behind its prefix; write %s",
                           text, network_text(out, meant));
    case NETWORK_NOT_ADDRESS:
    case NETWORK_BAD_PREFIX:
        break;
    }
    return reader_fail_value(reader, path, text,
                             "is not a network; write for example 192.0.2.0/24 or 2001:db8::/32");
}

char *reader_path(const struct reader *reader, const char *path, const char *text)
{
    char *absolute = NULL;
    if (text[0] == '\0') {
        reader_fail(reader, path, "is empty; write a path");
        return NULL;
    }
    int len = text[0] == '/' ? asprintf(&absolute, "%s", text)
                             : asprintf(&absolute, "%s/%s", reader->directory, text);
    if (len < 0) {
        abort();
    }
    while (len > 1 && absolute[len - 1] == '/') {
        absolute[--len] = '\0';
    }
    return absolute;
}
