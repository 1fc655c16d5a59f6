/* Logins and addresses in one canonical form. Pure.
 *
 * Threats: two spellings that one part of the system takes for one user and another part for two; a
 * name that carries the tag of an identity (alice#p3@example.org); octets that have a meaning for
 * PostgreSQL, the Dovecot protocol or a log. So a name is valid UTF-8 without control characters
 * and blanks. The domain is mapped by UTS #46 (RFC 5891) to lower-case A-labels and must be LDH
 * before and after. The local part is an RFC 5321 dot-atom without # % ! *, in NFC, case-folded,
 * and stable under NFKC. canonical(canonical(x)) = canonical(x). */
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
    NAME_RESERVED,  /* a forbidden character, or one that maps to a forbidden one */
    NAME_NO_DOMAIN, /* no @ and no default domain */
    NAME_BAD_DOMAIN,
};

/* Makes a login canonical. A login without @ gets `default_domain`, which may be NULL. */
enum name_error name_login(struct span in, const char *default_domain,
                           char out[static NAME_MAX_LENGTH + 1]);
/* Makes an address canonical that a user may send as. "*@example.org", any address of a domain, is
 * one. */
enum name_error name_address(struct span in, char out[static NAME_MAX_LENGTH + 1]);
/* Makes a domain canonical. */
enum name_error name_domain(struct span in, char out[static NAME_MAX_LENGTH + 1]);

/* The end of a sentence that begins with the name of the member, such as "has a domain that is no
 * host name". */
const char *name_error_text(enum name_error error);

#endif
