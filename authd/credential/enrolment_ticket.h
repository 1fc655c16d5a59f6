/* Tickets: an administrator hands a ticket to a user, who may then enrol a second factor once. The
 * database has a keyed digest of the ticket. */
#ifndef CREDENTIAL_ENROLMENT_TICKET_H
#define CREDENTIAL_ENROLMENT_TICKET_H

#include "core/subkey.h"
#include "crypto/base32.h"

enum {
    ENROLMENT_TICKET_OCTETS = 15, /* 120 random bits */
    ENROLMENT_TICKET_LENGTH = BASE32_LENGTH(ENROLMENT_TICKET_OCTETS),
    ENROLMENT_TICKET_PRINTABLE_SIZE =
        BASE32_PRINTABLE_LENGTH(ENROLMENT_TICKET_LENGTH) + 1, /* groups of four and a NUL */
};

/* Makes a new ticket in the form for display. The owner wipes the text. */
void enrolment_ticket_make(char out[static ENROLMENT_TICKET_PRINTABLE_SIZE]);

/* Writes the digest of a ticket as displayed or typed: case, blanks and hyphens are ignored. A
 * malformed text has a digest that no ticket has. */
void enrolment_ticket_digest(const struct core *core, struct span text,
                             char out[static SUBKEY_HEX_SIZE]);

#endif
