/* Strict reading of a JSON document: the reader knows its place in the document, collects flaws and
 * returns typed values. Private to scope/scope*. Pure. */
#ifndef SCOPE_JSON_READER_H
#define SCOPE_JSON_READER_H

#include "base/arena.h"
#include "scope/scope.h"

struct json_reader {
    struct arena *arena;
    struct scope_flaws *flaws;
    char pointer[sizeof(((struct scope_flaw *)0)->pointer)]; /* the reader's place */
};

/* A member that an object may have. `read` is called if the object has it. */
struct member {
    const char *name;
    bool required;
    void (*read)(struct json_reader *reader, const json_t *value, void *out);
};

/* Adds a flaw at the reader's place. Flaws beyond SCOPE_FLAWS_MAX are dropped. */
void json_reader_flaw(struct json_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Goes down to a member or an item. The result is the argument of json_reader_leave(). */
size_t json_reader_enter(struct json_reader *reader, const char *name);
size_t json_reader_enter_item(struct json_reader *reader, size_t index);
void json_reader_leave(struct json_reader *reader, size_t mark);

/* Reads the members of an object in the order of `members`, which ends with a NULL name. Any other
 * member of the object is a flaw. */
void json_reader_object(struct json_reader *reader, const json_t *value,
                        const struct member *members, void *out);

/* Counts the items of a list. False: the value is no list, or has more than `max` items, and a flaw
 * was added. */
bool json_reader_list(struct json_reader *reader, const json_t *value, size_t max, size_t *count);

/* The functions for single values return false after adding a flaw. */
bool json_reader_text(struct json_reader *reader, const json_t *value, struct span *out);
bool json_reader_boolean(struct json_reader *reader, const json_t *value, bool *out);
/* `out` gets a number from 1 to `max`. */
bool json_reader_integer(struct json_reader *reader, const json_t *value, int64_t max,
                         int64_t *out);
/* `out` gets the index of the word in `words`, which ends with NULL. */
bool json_reader_word(struct json_reader *reader, const json_t *value, const char *const *words,
                      unsigned *out);

/* The beginning of a text from the document, short enough to be quoted in a flaw, in whole
 * characters. */
const char *json_reader_quote(struct json_reader *reader, struct span text);

#endif
