/* The names of the keys, which lie outside the database, and the list of these names inside it. The
 * list shows that a node has other key files than the database was used with, before the node makes
 * or checks anything with them. The keys themselves never come here. */
#ifndef STORE_KEY_NAMES_H
#define STORE_KEY_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define KEY_NAMES_MAX 32
#define KEY_NAME_MAX  31

struct key_names {
    size_t count;
    char names[KEY_NAMES_MAX][KEY_NAME_MAX + 1]; /* kind and id, for example "pepper 1a2b3c4d" */
};

/* Adds a name. A name too long, or beyond KEY_NAMES_MAX, is left out; real sites stay far below
 * these limits. */
void key_names_add(struct key_names *names, const char *name);

bool key_names_have(const struct key_names *names, const char *name);

/* Whether `mine` includes every name of `listed`. False: `why` has the remedy. */
bool key_names_known(const struct key_names *mine, const struct key_names *listed, struct err *why);

/* Whether a node that has `mine` may use a database that lists `listed`. The node may have more
 * keys, as long as the first key of each kind, which makes new values, is listed. False: `why` has
 * the remedy. */
bool key_names_fit(const struct key_names *mine, const struct key_names *listed, struct err *why);

/* The list in the database, locked against other programs that would change it. Its functions
 * block: use them before the loop runs. */
struct key_list;

/* NULL: see `err`. `listed` gets the names in the database. */
struct key_list *key_list_open(const char *owner_url, struct key_names *listed, struct err *err);
/* Adds the first key of each kind if the list lacks it, and removes the keys that `mine` lacks and
 * no stored value needs. False if the list still has a key that `mine` lacks. `call`: the tag of
 * the audit for what is removed (core/audit_call.h). */
bool key_list_add(struct key_list *list, const struct key_names *mine, const char *call,
                  struct err *err);
/* Reads which key of a kind makes new values. */
bool key_list_current(struct key_list *list, const char *kind, char id[static KEY_NAME_MAX + 1],
                      struct err *err);
void key_list_close(struct key_list *list);

#endif
