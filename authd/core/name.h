/* Logins and addresses in one canonical form. Pure.
 *
 * Threat: two spellings that one part of the system takes for one user and another for two; a name
 * that carries the tag of an identity (alice#p3@example.org); octets that mean something to
 * PostgreSQL, to the Dovecot protocol or to a log. So: valid UTF-8, no control characters, no
 * blanks; the domain is mapped by UTS #46 (RFC 5891) to lower-case A-labels and must be LDH before
 * and after; the local part is an RFC 5321 dot-atom without # % ! *, in NFC, case-folded, and
 * stable under NFKC. canonical(canonical(x)) = canonical(x).
 */
#ifndef CORE_NAME_H
#define CORE_NAME_H

#include "base/span.h"

/* The longest canonical name, in octets without the NUL (RFC 5321: 64 + 1 + 253, rounded). */
#define NAME_MAX_LENGTH 320

enum name_error {
    NAME_OK = 0,
    NAME_EMPTY,
    NAME_TOO_LONG,
    NAME_NOT_UTF8,
    NAME_CONTROL,   /* control character or blank */
    NAME_RESERVED,  /* a character that no login may have, or one that maps to it */
    NAME_NO_DOMAIN, /* no @, and no default domain */
    NAME_BAD_DOMAIN,
};

/* A login: completed by `default_domain` (may be NULL) if it has no @. */
enum name_error name_login(struct span in, const char *default_domain,
                           char out[static NAME_MAX_LENGTH + 1]);
/* An address that a user may send as; "*@example.org" is one. */
enum name_error name_address(struct span in, char out[static NAME_MAX_LENGTH + 1]);
/* A domain alone. */
enum name_error name_domain(struct span in, char out[static NAME_MAX_LENGTH + 1]);

/* "has a character that ..." : completes a sentence that begins with the name of the field. */
const char *name_error_text(enum name_error error);

#endif
