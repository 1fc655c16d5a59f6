/* Password hashes from before there was a sealing key, in clear. Blocking: before the loop. */
#ifndef STORE_UNSEALED_H
#define STORE_UNSEALED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum unsealed_kind { UNSEALED_PASSWORD, UNSEALED_APP_PASSWORD };

struct unsealed_row { /* valid during the callback */
    enum unsealed_kind kind;
    int64_t id;           /* the row's */
    int64_t owner;        /* the account's */
    int64_t seal;         /* a number for a main password */
    const char *hash;     /* NULL: there is none */
    const char *imported; /* SHA-256 of the hash that was imported, hexadecimal; NULL: none was */
};

enum { UNSEALED_TEXT_MAX = 1024 };

struct unsealed_texts {
    char sealed[UNSEALED_TEXT_MAX];   /* in the place of `hash` */
    char imported[UNSEALED_TEXT_MAX]; /* a keyed digest in the place of `imported`, hexadecimal */
};

/* Makes the texts of those members that the row has. They hold letters, digits, "$", "_" and "-"
 * only. */
typedef void unsealed_seal_f(const struct unsealed_row *row, struct unsealed_texts *texts,
                             void *arg);

/* Seals all rows that are not, as the owner role, which holds the lock of store/owner.h elsewhere.
 * Each batch of them is wholly done or not at all; what is done stays done. `count` gets their
 * number. */
bool unsealed_seal_all(const char *owner_url, unsealed_seal_f *seal, void *arg, size_t *count,
                       struct err *err);

#endif
