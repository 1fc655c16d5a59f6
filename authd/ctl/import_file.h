/* Files of users that other programs wrote, read line by line. Pure: octets in, rows out.
 *
 * Threat: a file that means something else to us than to the program it comes from, so each format
 * is read by its own rules and what it says beyond them is a flaw with a line number, never a
 * guess; a way in that nobody gave, so empty, locked and "any password" entries become no password;
 * a file that was cut while it was written, so a last line without its end is not read. Passwords
 * in clear stand in the file: rows are wiped when they were sent. */
#ifndef CTL_IMPORT_FILE_H
#define CTL_IMPORT_FILE_H

#include <jansson.h>

#include "base/span.h"

/* X(NAME, verb, function) */
#define IMPORT_FORMATS(X)                                                                          \
    X(DOVECOT_PASSWD, "dovecot-passwd", import_dovecot_next)                                       \
    X(HTPASSWD, "htpasswd", import_htpasswd_next)                                                  \
    X(SHADOW, "shadow", import_shadow_next)                                                        \
    X(CSV, "csv", import_csv_next)                                                                 \
    X(SENDER_LOGIN, "sender-login", import_sender_next)

enum import_format {
#define X(name, verb, function) IMPORT_##name,
    IMPORT_FORMATS(X)
#undef X
        IMPORT_FORMAT_COUNT
};

#define IMPORT_COLUMNS_MAX 32
#define IMPORT_FIELD_MAX   4096 /* octets of one field, and of one line of all formats but csv */

/* A place in a file. Zero but for `format`, `text`, `domain` and `today` to begin with. */
struct import_reader {
    enum import_format format;
    struct span text;   /* the whole file; outlives the reader */
    const char *domain; /* completes logins without @; NULL: authd's own default does */
    int64_t today;      /* days since 1970-01-01, for accounts that have expired */
    size_t at;
    size_t line; /* of what is read next, from 1; 0: at the beginning */
    unsigned char columns[IMPORT_COLUMNS_MAX]; /* csv: what they hold */
    size_t column_count;
    struct span sender;  /* sender-login: the address whose logins are being read */
    struct span senders; /* sender-login: logins that are left of its line */
    size_t sender_line;
};

enum import_kind {
    IMPORT_END = 0,
    IMPORT_USER,     /* `row` is an object, the caller's: see docs/import.md */
    IMPORT_PASSED,   /* no user: a comment, a system account */
    IMPORT_FLAWED,   /* `flaw` and `remedy` say what is wrong */
    IMPORT_HOPELESS, /* the same, and nothing after it can be read */
};

struct import_record {
    enum import_kind kind;
    size_t line;        /* where it begins */
    char label[48];     /* of which sort it is: "{SSHA512}", "comment"; ASCII */
    json_t *row;        /* {line, login, password_hash?, ...}; passwords in it: json_wipe() it */
    char flaw[256];     /* may hold octets of the file */
    const char *remedy; /* a sentence, constant */
    const char *note;   /* with IMPORT_USER: what was left out on purpose, constant; or NULL */
};

/* Reads on. IMPORT_END: there is nothing more, or the flaw before was hopeless. */
void import_next(struct import_reader *reader, struct import_record *record);

/* Overwrites a row's hash, which may be a password, and gives the row back. */
void import_row_destroy(json_t *row);

#endif
