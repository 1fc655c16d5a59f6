/* Reads files of users that other programs wrote, line by line. The readers are pure: octets in,
 * rows out.
 *
 * Threat: a file that means something else to authd than to the program that wrote it. Each format
 * is read by its own rules, and anything beyond these rules is a flaw with a line number, never a
 * guess. A user who could log in without having been given a password: empty, locked and "any
 * password" entries become users without a password. A file that was cut while it was written: a
 * last line without its newline is refused. Cleartext passwords in the file: rows are wiped after
 * they were sent. */
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
#define IMPORT_FIELD_MAX   4096 /* octets of one field, and of one line except in csv */

/* A position in a file. The caller sets `format`, `text`, `domain` and `today`; all other members
 * begin as zero. */
struct import_reader {
    enum import_format format;
    struct span text;   /* the whole file; the text must outlive the reader */
    const char *domain; /* completes logins without @; NULL: authd uses its default domain */
    int64_t today;      /* days since 1970-01-01, to find expired accounts */
    size_t at;
    size_t line; /* the number of the next line, from 1; 0: nothing was read yet */
    unsigned char columns[IMPORT_COLUMNS_MAX]; /* csv: which column each cell belongs to */
    size_t column_count;
    struct span sender;  /* sender-login: the address whose logins are being read */
    struct span senders; /* sender-login: the rest of that line's logins */
    size_t sender_line;
};

enum import_kind {
    IMPORT_END = 0,
    IMPORT_USER,     /* `row` is set; the caller releases it. docs/import.md describes a row */
    IMPORT_PASSED,   /* the line holds no user: a comment, a system account */
    IMPORT_FLAWED,   /* `flaw` and `remedy` say what is wrong */
    IMPORT_HOPELESS, /* like IMPORT_FLAWED, and the rest of the file cannot be read */
};

struct import_record {
    enum import_kind kind;
    size_t line;        /* the line where the record begins */
    char label[48];     /* the sort of line: "user with {SSHA512}", "comment"; ASCII */
    json_t *row;        /* {line, login, password_hash?, ...}; import_row_destroy() wipes it */
    char flaw[256];     /* may quote octets of the file, which need not be UTF-8 */
    const char *remedy; /* a constant sentence */
    const char *note;   /* IMPORT_USER: what the import leaves out, a constant; or NULL */
};

/* Reads the next record. Its kind is IMPORT_END at the end of the file, or after a record of kind
 * IMPORT_HOPELESS. */
void import_next(struct import_reader *reader, struct import_record *record);

/* Wipes the row's hash, which may be a cleartext password, and releases the row. */
void import_row_destroy(json_t *row);

#endif
