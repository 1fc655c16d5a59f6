/* App passwords that were made elsewhere: a login that shows no app password of ours and not the
 * main password is checked against these, one slow hash each. Pure. */
#ifndef CORE_FOREIGN_H
#define CORE_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

/* What the database allows of them. */
#define FOREIGN_MAX 8

struct foreign_password {
    int64_t id;
    int64_t version;
    const char *scope;  /* a word, as authd.scope_word() says */
    const char *sealed; /* hash */
};

/* Cuts up the lines of authd.foreign_passwords(), which `out` then points into. How many there are;
 * what is no such line ends the list. */
size_t foreign_parse(char *lines, struct foreign_password out[static FOREIGN_MAX]);

#endif
