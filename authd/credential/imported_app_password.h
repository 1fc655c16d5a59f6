/* Imported app passwords, which other programs made. A presented password that is neither an app
 * password made by authd nor the main password is checked against these, one slow hash each.
 * Pure. */
#ifndef CREDENTIAL_IMPORTED_APP_PASSWORD_H
#define CREDENTIAL_IMPORTED_APP_PASSWORD_H

#include <stddef.h>
#include <stdint.h>

/* Imported app passwords of one user, at most; the database has the same limit. */
#define IMPORTED_APP_PASSWORDS_MAX 8

struct imported_app_password {
    int64_t id;
    int64_t version;
    const char *scope;     /* a word made by authd.scope_word() */
    const char *encrypted; /* the encrypted hash */
};

/* Splits the lines of authd.imported_passwords() in place; `out` points into `lines`. Returns the
 * number of app passwords. A malformed line ends the list. */
size_t
imported_app_password_parse(char *lines,
                            struct imported_app_password out[static IMPORTED_APP_PASSWORDS_MAX]);

#endif
