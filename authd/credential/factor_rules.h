/* The configuration of second factors. Read-only. */
#ifndef CREDENTIAL_FACTOR_RULES_H
#define CREDENTIAL_FACTOR_RULES_H

#include <stddef.h>

#include "core/network.h"

/* Which users need a second factor besides the main password. The strictest policy of site, domain
 * and user applies. */
enum factor_policy {
    FACTOR_OFF = 0,  /* no user */
    FACTOR_OPTIONAL, /* each user who has enrolled a second factor */
    FACTOR_REQUIRED, /* every user */
};

/* Remembered networks: after a code, the same password from the same network is accepted without a
 * code for a while. */
struct factor_remember {
    int64_t seconds;              /* how long a network is remembered; 0: never */
    int64_t uses;                 /* logins without a code, at most */
    unsigned bits4;               /* prefix length of a remembered IPv4 network */
    unsigned bits6;               /* prefix length of a remembered IPv6 network */
    const struct network *shared; /* networks with too many users; these are never remembered */
    size_t shared_count;
};

struct factor_rules {
    enum factor_policy policy; /* policy of the site */
    bool inline_codes;         /* on mail sockets a code may follow the password */
    bool ahead;                /* the code of the next step is accepted too */
    struct factor_remember remember;
};

#endif
