/* What authctl says on stdout. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include "ctl/context.h"

/* An object, a line for each member: members of the response schema in its order, then members of a
 * newer authd. */
void show_object(const struct context *context, const struct columns *columns,
                 const json_t *object);

/* What the object is called, and what is now true of the object, or "unchanged". */
void show_change(const struct context *context, const struct columns *columns, const json_t *object,
                 const char *done);

/* A table. `filtered`: the list leaves out items that were not asked for. */
void show_list(const struct context *context, const struct columns *columns, const json_t *items,
               bool filtered);

/* The member that people call the object by, as text; free() it. */
char *show_called(const struct columns *columns, const json_t *object);

#endif
