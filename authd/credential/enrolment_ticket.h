/* Tickets: an administrator hands a ticket to a user, who may then enrol a second factor once. The
 * database has a keyed digest of the ticket. */
#ifndef CREDENTIAL_ENROLMENT_TICKET_H
#define CREDENTIAL_ENROLMENT_TICKET_H

#include "core/subkey.h"
#include "crypto/base32.h"

enum {
    TICKET_OCTETS = 15, /* 120 random bits */
    TICKET_LENGTH = BASE32_LENGTH(TICKET_OCTETS),
    TICKET_SHOWN_SIZE = BASE32_SHOWN_LENGTH(TICKET_LENGTH) + 1, /* groups of four and a NUL */
};

/* Makes a new ticket in the form for display. The owner wipes the text. */
void ticket_make(char out[static TICKET_SHOWN_SIZE]);

/* Writes the digest of a ticket as displayed or typed: case, blanks and hyphens are ignored. A
 * malformed text has a digest that no ticket has. */
void ticket_digest(const struct core *core, struct span text, char out[static DERIVED_HEX_SIZE]);

#endif
