/* The text of an expected failure. Threat: pieces of the text come from files, the database or the
 * network. Whatever the pieces hold, the text stays one line of a log or of a terminal. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Replaces the end of a text that was too long by "...", without cutting a UTF-8 sequence in
 * two. */
static void mark_cut(char *text, size_t size)
{
    size_t end = size - sizeof("...");
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80) {
        end--;
    }
    memcpy(text + end, "...", sizeof("..."));
}

/* Control characters become blanks, and each run of blanks becomes one. libpq, for example, writes
 * messages of several lines. */
static void make_one_line(char *text)
{
    char *out = text;
    for (const char *c = text; *c != '\0'; c++) {
        bool blank = (unsigned char)*c <= ' ' || *c == 0x7F;
        if (!blank) {
            *out++ = *c;
        } else if (out > text && out[-1] != ' ') {
            *out++ = ' ';
        }
    }
    while (out > text && out[-1] == ' ') {
        out--;
    }
    *out = '\0';
}

bool err_set(struct err *err, const char *format, ...)
{
    char text[sizeof(err->text)]; /* the arguments may point into err->text */
    va_list args;

    va_start(args, format);
    int needed = vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    if (needed < 0) {
        text[0] = '\0';
    }
    if (needed >= (int)sizeof(text)) {
        mark_cut(text, sizeof(text));
    }
    make_one_line(text);
    memcpy(err->text, text, sizeof(text));
    return false;
}
