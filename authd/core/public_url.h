/* The address under which users and their browsers reach this site, in parts. The configuration
 * reads and checks it once. */
#ifndef CORE_PUBLIC_URL_H
#define CORE_PUBLIC_URL_H

#include <stdbool.h>
#include <stdint.h>

struct public_url {
    const char *text; /* "https://auth.example.org[:port]", as a browser's Origin has it; NULL: the
                   address is not set */
    const char *host; /* "auth.example.org"; "[2001:db8::1]" */
    uint16_t port;    /* the one of the text, or else the one of the scheme */
    bool tls;         /* https; http is allowed on loopback only */
};

#endif
