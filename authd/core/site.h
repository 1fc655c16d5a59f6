/* The configuration of the site that users and mail messages see, and the rules of passwords and
 * second factors. Read-only. */
#ifndef CORE_SITE_H
#define CORE_SITE_H

#include <stdint.h>

#include "core/public_url.h"

struct factor_rules;
struct password_rules;

struct site {
    struct public_url public_url;
    const char *submission_host; /* host that users enter in a mail client; NULL: not set */
    uint16_t submission_port;    /* port that users enter there */
    const char *mail_from;       /* canonical address; NULL: authd sends no mail */
    const char *mail_server;     /* such as "smtp://127.0.0.1:25" */
    const struct password_rules *password_rules;
    const struct factor_rules *factor_rules;
};

#endif
