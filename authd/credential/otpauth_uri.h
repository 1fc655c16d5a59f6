/* The key URI that authenticator apps agree on and that a phone scans to enrol, and its QR code.
 * Pure.
 *
 *     otpauth://totp/auth.example.org:alice%40example.org?secret=…&issuer=auth.example.org
 *         &algorithm=SHA1&digits=6&period=30
 *
 * Threat: a login or an issuer that ends its part of the URI and adds another part, such as a
 * second secret. So all characters but letters, digits and -._~ are percent-encoded. */
#ifndef CREDENTIAL_OTPAUTH_URI_H
#define CREDENTIAL_OTPAUTH_URI_H

#include <jansson.h>

#include "base/buf.h"

enum {
    OTPAUTH_URI_MAX = 2048,
};

struct otpauth {
    struct span issuer; /* such as "auth.example.org" */
    const char *login;
    const char *secret;    /* base32, upper case, without padding */
    const char *algorithm; /* "SHA1", "SHA256" or "SHA512" */
    unsigned digits;
    unsigned period; /* seconds */
};

/* Appends the URI, without a NUL. */
void otpauth_uri(const struct otpauth *key, struct buf *out);

/* The QR code of a text: a list of rows from the top, each a string of 0 (light) and 1 (dark), one
 * digit for each module. The quiet zone of four modules around the code is not included. NULL: the
 * text is too long. The caller owns the list. */
json_t *otpauth_qr(const char *text);

#endif
