/* What the database held in clear before there was a sealing key: sealed once, by whoever makes the
 * first one. Never later: an unsealed hash that appears then is somebody else's, and is refused. */
#ifndef SEAL_OLD_H
#define SEAL_OLD_H

#include "base/err.h"
#include "crypto/keyed.h"

/* As the owner role; blocking. Whatever is interrupted is gone on with the next time, if it is
 * under the same keys. */
bool seal_old_rows(const char *owner_url, const struct key_ring *ring, struct err *err);

#endif
