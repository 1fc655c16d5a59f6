/* What the configuration says about second factors. Read-only. */
#ifndef CORE_FACTOR_RULES_H
#define CORE_FACTOR_RULES_H

#include <stddef.h>

#include "core/network.h"

/* Who needs a second factor beside the main password; the strictest of site, domain and user. */
enum factor_policy {
    FACTOR_OFF = 0,  /* nobody */
    FACTOR_OPTIONAL, /* whoever has enrolled one */
    FACTOR_REQUIRED, /* everybody */
};

/* After a code, the same password from the same network is good without one for a while. */
struct factor_grace {
    int64_t seconds; /* 0: never */
    int64_t uses;
    unsigned bits4;               /* how much of an IPv4 address is the network, of 32 */
    unsigned bits6;               /* of an IPv6 address, of 128 */
    const struct network *shared; /* by too many to tell anything: there is no grace there */
    size_t shared_count;
};

struct factor_rules {
    enum factor_policy policy; /* the site's */
    bool inline_codes;         /* on mail sockets, a code may follow the password */
    bool ahead;                /* the code of the next step is good as well */
    struct factor_grace grace;
};

#endif
