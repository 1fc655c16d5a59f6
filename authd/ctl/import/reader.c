#include "ctl/import/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistr.h>

#include "base/secret.h"

#define LOGIN_MAX 1024

void import_next(struct import_reader *reader, struct import_record *record)
{
    static void (*const readers[IMPORT_FORMAT_COUNT])(struct import_reader *,
                                                      struct import_record *) = {
#define X(name, verb, function) [IMPORT_##name] = (function),
        IMPORT_FORMATS(X)
#undef X
    };

    *record = (struct import_record){.line = reader->line};
    readers[reader->format](reader, record);
    if (record->kind == IMPORT_HOPELESS) {
        reader->at = reader->text.len;
        reader->senders = (struct span){0};
    }
    if (record->kind != IMPORT_USER && record->row != NULL) {
        import_row_destroy(record->row);
        record->row = NULL;
    }
}

void import_row_destroy(json_t *row)
{
    json_t *hash = json_object_get(row, "password_hash");

    if (hash != NULL) {
        secret_wipe((char *)json_string_value(hash), json_string_length(hash));
    }
    json_decref(row);
}

/* ---- lines --------------------------------------------------------------------------------- */

void import_flawed(struct import_record *record, const char *remedy, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(record->flaw, sizeof(record->flaw), format, args);
    va_end(args);
    record->kind = IMPORT_FLAWED;
    record->remedy = remedy;
    snprintf(record->label, sizeof(record->label), "line with an error");
}

void import_passed(struct import_record *record, const char *label)
{
    record->kind = IMPORT_PASSED;
    snprintf(record->label, sizeof(record->label), "%s", label);
}

static bool check_octets(struct import_record *record, struct span line)
{
    if (line.len > IMPORT_FIELD_MAX) {
        import_flawed(record, "Is this a file of this format?", "the line has more than %d octets",
                      IMPORT_FIELD_MAX);
        return false;
    }
    if (line.len > 0 && memchr(line.ptr, '\0', line.len) != NULL) {
        import_flawed(record, "Is this a text file?", "the line has a NUL octet");
        return false;
    }
    if (u8_check((const uint8_t *)line.ptr, line.len) != NULL) {
        import_flawed(record, "Convert the file, for example by iconv -f latin1 -t utf-8.",
                      "the line is not UTF-8");
        return false;
    }
    return true;
}

static void skip_mark(struct import_reader *reader)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (reader->text.len >= 3 && memcmp(reader->text.ptr, mark, 3) == 0) {
        reader->at = 3;
    }
}

bool import_line(struct import_reader *reader, struct import_record *record, struct span *line)
{
    if (reader->line == 0) {
        skip_mark(reader);
        reader->line = 1;
    }
    record->line = reader->line;
    if (reader->at >= reader->text.len) {
        record->kind = IMPORT_END;
        return false;
    }

    const char *start = reader->text.ptr + reader->at;
    size_t left = reader->text.len - reader->at;
    const char *end = memchr(start, '\n', left);

    *line = (struct span){start, end != NULL ? (size_t)(end - start) : left};
    reader->at += line->len + (end != NULL);
    reader->line++;
    if (end == NULL) {
        import_flawed(record, "If it is whole, end it with a newline.",
                      "the last line has no end: the file may have been cut");
        return false;
    }
    if (line->len > 0 && line->ptr[line->len - 1] == '\r') {
        line->len--;
    }
    return check_octets(record, *line);
}

bool import_is_ignored(struct span line, struct import_record *record)
{
    struct span text = import_trim(line);

    if (text.len == 0) {
        import_passed(record, "empty line");
        return true;
    }
    if (text.ptr[0] == '#') {
        import_passed(record, "comment");
        return true;
    }
    return false;
}

size_t import_split(struct span line, char separator, struct span *fields, size_t max)
{
    size_t count = 0;

    for (;;) {
        const char *end =
            line.len > 0 && count + 1 < max ? memchr(line.ptr, separator, line.len) : NULL;

        fields[count++] =
            (struct span){line.ptr, end != NULL ? (size_t)(end - line.ptr) : line.len};
        if (end == NULL) {
            return count;
        }
        line = (struct span){end + 1, line.len - (size_t)(end + 1 - line.ptr)};
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_word(char c, const char *more)
{
    return is_blank(c) || (c != '\0' && strchr(more, c) != NULL);
}

bool import_word(struct span *rest, const char *more, struct span *word)
{
    while (rest->len > 0 && ends_word(rest->ptr[0], more)) {
        *rest = (struct span){rest->ptr + 1, rest->len - 1};
    }
    *word = (struct span){rest->ptr, 0};
    while (word->len < rest->len && !ends_word(rest->ptr[word->len], more)) {
        word->len++;
    }
    if (word->len == 0) {
        return false; /* `rest` may be empty with a NULL pointer */
    }
    *rest = (struct span){rest->ptr + word->len, rest->len - word->len};
    return true;
}

struct span import_trim(struct span text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text = (struct span){text.ptr + 1, text.len - 1};
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* ---- rows ---------------------------------------------------------------------------------- */

bool import_user(const struct import_reader *reader, struct import_record *record,
                 struct span login)
{
    char name[LOGIN_MAX + 256];
    bool whole = login.len > 0 && memchr(login.ptr, '@', login.len) != NULL;
    bool completed = !whole && reader->domain != NULL;

    if (login.len == 0) {
        import_flawed(record, "Each user needs a login.", "there is no login");
        return false;
    }
    if (login.len > LOGIN_MAX) {
        import_flawed(record, "Is this a file of this format?", "the login is too long");
        return false;
    }

    int len = snprintf(name, sizeof(name), "%.*s%s%.200s", (int)login.len, login.ptr,
                       completed ? "@" : "", completed ? reader->domain : "");

    record->kind = IMPORT_USER;
    record->row = json_object();
    json_object_set_new(record->row, "line", json_integer((json_int_t)record->line));
    return import_put(record, "login", (struct span){name, (size_t)len});
}

static json_t *text_new(struct import_record *record, const char *member, struct span text)
{
    json_t *value = text.len <= IMPORT_FIELD_MAX ? json_stringn(text.ptr, text.len) : NULL;

    if (value == NULL || strlen(json_string_value(value)) != text.len) {
        json_decref(value);
        import_flawed(record, "Write it as UTF-8 without control characters.",
                      "%s is too long, not UTF-8 or has a NUL", member);
        return NULL;
    }
    return value;
}

bool import_put(struct import_record *record, const char *member, struct span text)
{
    json_t *value = text_new(record, member, text);

    return value != NULL && json_object_set_new(record->row, member, value) == 0;
}

bool import_append(struct import_record *record, const char *member, struct span text)
{
    json_t *list = json_object_get(record->row, member);
    json_t *value = text_new(record, member, text);

    if (value == NULL) {
        return false;
    }
    if (list == NULL) {
        list = json_array();
        json_object_set_new(record->row, member, list);
    }
    return json_array_append_new(list, value) == 0;
}

/* ---- hashes -------------------------------------------------------------------------------- */

/* Puts the name of the hash's scheme into the label, such as "{SSHA512}" or "$6$". Any other text
 * may be a password, and is not printed. */
static void label_hash(struct import_record *record, struct span hash)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-.";
    char open = hash.ptr[0];
    char close = open == '{' ? '}' : '$';
    char name[24] = "";
    size_t len = 1;

    while (len < hash.len && len < sizeof(name) - 2 && strchr(letters, hash.ptr[len]) != NULL) {
        len++;
    }
    if ((open == '{' || open == '$') && len > 1 && len < hash.len && hash.ptr[len] == close) {
        memcpy(name, hash.ptr, len + 1);
    }
    snprintf(record->label, sizeof(record->label), "user with %s",
             name[0] != '\0' ? name : "an unknown hash");
}

static size_t count_locks(struct span hash)
{
    size_t locks = 0;

    while (locks < hash.len && strchr("!*-", hash.ptr[locks]) != NULL && hash.ptr[locks] != '\0') {
        locks++;
    }
    return locks;
}

/* True for a mark that stands in the place of a hash. */
static bool is_mark(struct span text)
{
    static const char *const marks[] = {"x", "X", "NP", "LK", "*LK*", "*NP*", "*NOLOGIN*"};

    if (count_locks(text) == text.len) {
        return true;
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (span_is(text, marks[i])) {
            return true;
        }
    }
    return false;
}

/* True for a hash after "!" or "*", which no password matches until the mark is removed. After a
 * scheme's name, such a character may also begin a cleartext password. */
static bool is_locked(struct span bare, bool scheme)
{
    size_t locks = count_locks(bare);

    return locks > 0 && (!scheme || bare.ptr[locks] == '$' || bare.ptr[locks] == '{');
}

static struct span without_scheme(struct span hash)
{
    const char *end = hash.len > 0 && hash.ptr[0] == '{' ? memchr(hash.ptr, '}', hash.len) : NULL;

    if (end == NULL) {
        return hash;
    }
    return (struct span){end + 1, hash.len - (size_t)(end + 1 - hash.ptr)};
}

bool import_hash(struct import_record *record, struct span hash)
{
    struct span bare = without_scheme(hash);

    if (is_mark(bare)) {
        snprintf(record->label, sizeof(record->label), "user without a password");
        return true;
    }
    if (is_locked(bare, bare.len < hash.len)) {
        snprintf(record->label, sizeof(record->label), "locked user");
        record->note = "it is locked, so it has no password";
        return true;
    }
    label_hash(record, hash);
    return import_put(record, "password_hash", hash);
}
