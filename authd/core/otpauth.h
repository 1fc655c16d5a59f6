/* What a phone scans to become a second factor: the key URI that authenticator apps agree on
 * (otpauth://totp/Issuer:login?secret=…), and its QR code. Pure.
 *
 *     otpauth://totp/auth.example.org:alice%40example.org?secret=…&issuer=auth.example.org
 *         &algorithm=SHA1&digits=6&period=30
 *
 * Threat: a login or an issuer that ends its part of the URI and adds another, such as a second
 * secret: all but letters, digits and -._~ is percent-encoded. */
#ifndef CORE_OTPAUTH_H
#define CORE_OTPAUTH_H

#include <jansson.h>

#include "base/buf.h"

enum {
    OTPAUTH_URI_MAX = 2048,
};

struct otpauth {
    struct span issuer; /* "auth.example.org" */
    const char *login;
    const char *secret;    /* base32, upper case, without padding */
    const char *algorithm; /* "SHA1" */
    unsigned digits;
    unsigned period; /* seconds */
};

/* Appends the URI, without a NUL. */
void otpauth_uri(const struct otpauth *key, struct buf *out);

/* The host of "https://auth.example.org[:port]"; empty: there is none. */
struct span otpauth_host(const char *public_url);

/* The QR code of a text, as a list of rows from the top: strings of 0 (light) and 1 (dark), a
 * digit for each module, without the quiet zone of four modules that belongs around it. NULL: the
 * text is too long. */
json_t *otpauth_qr(const char *text);

#endif
