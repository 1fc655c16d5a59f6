/* Reading a JSON document strictly: where we are in it, what was wrong so far, and typed values.
 * For core/scope* alone. Pure. */
#ifndef CORE_SCOPE_READER_H
#define CORE_SCOPE_READER_H

#include "base/arena.h"
#include "core/scope.h"

struct reader {
    struct arena *arena;
    struct scope_flaws *flaws;
    char pointer[sizeof(((struct scope_flaw *)0)->pointer)]; /* where we are */
};

/* A member that may stand in an object. Its value is read by `read`, if it is there. */
struct member {
    const char *name;
    bool required;
    void (*read)(struct reader *reader, const json_t *value, void *out);
};

/* Adds a flaw of the place where we are. */
void reader_flaw(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One step down, to a member or an item; the result is for reader_leave(). */
size_t reader_enter(struct reader *reader, const char *name);
size_t reader_enter_item(struct reader *reader, size_t index);
void reader_leave(struct reader *reader, size_t mark);

/* Reads the members of an object in the order of `members` (ends with a NULL name); what it has
 * besides is a flaw. */
void reader_object(struct reader *reader, const json_t *value, const struct member *members,
                   void *out);

/* The items of a list; false: it is none, or has more than `max`. */
bool reader_list(struct reader *reader, const json_t *value, size_t max, size_t *count);

/* False: a flaw was added. */
bool reader_text(struct reader *reader, const json_t *value, struct span *out);
bool reader_boolean(struct reader *reader, const json_t *value, bool *out);
bool reader_integer(struct reader *reader, const json_t *value, int64_t max, int64_t *out);
/* Index of a word in `words`, NULL-terminated. */
bool reader_word(struct reader *reader, const json_t *value, const char *const *words,
                 unsigned *out);

/* A piece of somebody else's text that can stand in a flaw: short, whole characters. */
const char *reader_quote(struct reader *reader, struct span text);

#endif
