#include "credential/otpauth_uri.h"

#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"

#define DARK 1u /* the bit of a dark module in libqrencode */

static void append_encoded(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != '\0' && strchr("-._~", c) != NULL);

        if (plain) {
            buf_append(out, &c, 1);
        } else {
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

void otpauth_uri(const struct otpauth *key, struct buf *out)
{
    buf_printf(out, "otpauth://totp/");
    append_encoded(out, key->issuer);
    buf_printf(out, ":");
    append_encoded(out, span_of(key->login));
    buf_printf(out, "?secret=%s&issuer=", key->secret);
    append_encoded(out, key->issuer);
    buf_printf(out, "&algorithm=%s&digits=%u&period=%u", key->algorithm, key->digits, key->period);
}

json_t *otpauth_qr(const char *text)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    if (code == NULL) {
        return NULL;
    }

    size_t width = (size_t)code->width;
    char *row = mem_calloc(width + 1, 1);
    json_t *rows = json_array();

    for (size_t y = 0; y < width; y++) {
        for (size_t x = 0; x < width; x++) {
            row[x] = (code->data[y * width + x] & DARK) != 0 ? '1' : '0';
        }
        json_array_append_new(rows, json_stringn(row, width));
    }
    secret_wipe(row, width);
    secret_wipe(code->data, width * width);
    free(row);
    QRcode_free(code);
    return rows;
}
