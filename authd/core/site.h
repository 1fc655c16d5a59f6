/* What the configuration says about the site to those outside: people, and the parts that write to
 * them. Read-only. */
#ifndef CORE_SITE_H
#define CORE_SITE_H

#include <stdint.h>

#include "core/factor_rules.h"
#include "core/password_rules.h"

struct site {
    const char *public_url; /* "https://auth.example.org[:port]", as a browser's Origin has it; or
                               http on loopback; NULL: not set */
    const char *submission_host; /* what users enter in their mail program; NULL: not set */
    uint16_t submission_port;
    const char *mail_from;   /* canonical address; NULL: none, so no mail */
    const char *mail_server; /* "smtp://127.0.0.1:25" */
    struct password_rules rules;
    struct factor_rules factor;
};

#endif
