/* The names of keys that lie outside the database, and the list of them inside it: by it a node
 * that has other key files is found out before it makes or checks anything with them. The keys
 * themselves never come here. */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define KEY_NAMES_MAX 32
#define KEY_NAME_MAX  31

struct key_names {
    size_t count;
    char names[KEY_NAMES_MAX][KEY_NAME_MAX + 1]; /* "pepper 1a2b3c4d" */
};

/* One that does not fit is left out: more than anybody has. */
void key_names_add(struct key_names *names, const char *name);

bool key_names_have(const struct key_names *names, const char *name);

/* Whether `mine` has all that is `listed`. False: `why` has the remedy. */
bool key_names_known(const struct key_names *mine, const struct key_names *listed, struct err *why);

/* Whether a node that has `mine` may use a database that lists `listed`. It may have more, as long
 * as the first of each kind, which makes what is new, is listed. False: `why` has the remedy. */
bool key_names_fit(const struct key_names *mine, const struct key_names *listed, struct err *why);

/* The list, locked against other programs that would change it. Blocking: before the loop. */
struct key_list;

/* NULL: see `err`. `listed` gets what is there. */
struct key_list *key_list_open(const char *owner_url, struct key_names *listed, struct err *err);
/* Adds the first of each kind if it is missing, and takes off what `mine` has not and nothing
 * needs; false if the list has more that `mine` has not. */
bool key_list_add(struct key_list *list, const struct key_names *mine, struct err *err);
/* Which key of a kind makes what is new. */
bool key_list_current(struct key_list *list, const char *kind, char id[static KEY_NAME_MAX + 1],
                      struct err *err);
void key_list_close(struct key_list *list);

#endif
