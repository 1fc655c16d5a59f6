/* Records when and from where app passwords were last used. Records are written a second later,
 * many in one statement, and not for every use. Records are not tied to the lifetime of a request.
 * A last use is exact to 15 minutes, and so is an expiry that slides with the last use. */
#ifndef CREDENTIAL_LAST_USE_H
#define CREDENTIAL_LAST_USE_H

#include <stdint.h>

struct core;
struct last_uses;

struct last_uses *last_uses_create(struct core *core);
/* Drops records that are not written yet. */
void last_uses_destroy(struct last_uses *uses); /* NULL is allowed */

/* Records a use. `client` is the mail client's address as the protocol attests it; a text that is
 * no address is recorded as unknown. */
void last_use_add(struct last_uses *uses, int64_t app_password, const char *client);

#endif
