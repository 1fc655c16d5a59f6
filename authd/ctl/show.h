/* What authctl says on stdout. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include "ctl/session.h"

/* An object, a line for each member: those that are known in the order of their interest, then
 * those of a newer authd. */
void show_object(const struct session *session, const struct kind *kind, const json_t *object);

/* What the object is called, and what is now true of it, or "unchanged". */
void show_change(const struct session *session, const struct kind *kind, const json_t *object,
                 const char *done);

/* A table. `filtered`: there may be more that was not asked for. */
void show_list(const struct session *session, const struct kind *kind, const json_t *items,
               bool filtered);

/* The member that people call the object by, as text; free() it. */
char *show_called(const struct kind *kind, const json_t *object);

#endif
