/* When and from where app passwords were last used: written a moment later, many at a time, and
 * rarely. Belongs to nobody's request. A last use is exact to 15 minutes; so is an end that slides
 * with it. */
#ifndef CORE_LAST_USE_H
#define CORE_LAST_USE_H

#include <stdint.h>

struct core;
struct last_uses;

struct last_uses *last_uses_create(struct core *core);
/* Gives up what is not written yet. */
void last_uses_destroy(struct last_uses *uses); /* NULL is fine */

/* `client`: the mail client's address as it was told; what is no address counts as unknown. */
void last_use_note(struct last_uses *uses, int64_t app_password, const char *client);

#endif
