/* Tickets: a permission to enrol a second factor, once, that an administrator hands to a user. The
 * database has a keyed digest of it. */
#ifndef CORE_TICKET_H
#define CORE_TICKET_H

#include "core/derived.h"
#include "crypto/base32.h"

enum {
    TICKET_OCTETS = 15, /* 120 random bits */
    TICKET_LENGTH = BASE32_LENGTH(TICKET_OCTETS),
    TICKET_SHOWN_SIZE = BASE32_SHOWN_LENGTH(TICKET_LENGTH) + 1, /* groups of four, and a NUL */
};

/* A new one, as it is shown. Wiped by its owner. */
void ticket_make(char out[static TICKET_SHOWN_SIZE]);

/* Of a ticket as it was shown or typed: case, blanks and hyphens do not count. What can be no
 * ticket has a digest that no ticket has. */
void ticket_digest(const struct core *core, struct span text, char out[static DERIVED_HEX_SIZE]);

#endif
