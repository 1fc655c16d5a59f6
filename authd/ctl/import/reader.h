/* The functions that the readers of all formats share. */
#ifndef CTL_IMPORT_READER_H
#define CTL_IMPORT_READER_H

#include "ctl/import/file.h"

#define IMPORT_FIELDS_MAX 9

void import_dovecot_next(struct import_reader *reader, struct import_record *record);
void import_htpasswd_next(struct import_reader *reader, struct import_record *record);
void import_shadow_next(struct import_reader *reader, struct import_record *record);
void import_csv_next(struct import_reader *reader, struct import_record *record);
void import_sender_next(struct import_reader *reader, struct import_record *record);

/* Takes the next line, without its newline or CR and newline. Returns false at the end of the file,
 * or if the line has a flaw (too long, a NUL, not UTF-8, no newline); `record` is then set. */
bool import_line(struct import_reader *reader, struct import_record *record, struct span *line);
/* True for an empty line or a comment; `record` is then IMPORT_PASSED. */
bool import_is_ignored(struct span line, struct import_record *record);

/* Splits the line into at most `max` fields; the last field has the rest of the line. Returns the
 * number of fields. */
size_t import_split(struct span line, char separator, struct span *fields, size_t max);
/* Takes the next word, which ends before a blank or a character of `more`. Returns false if no word
 * is left. */
bool import_word(struct span *rest, const char *more, struct span *word);
struct span import_trim(struct span text);

/* Each of the next three functions sets the record's kind. */
void import_flawed(struct import_record *record, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void import_passed(struct import_record *record, const char *label);
/* Makes the record a user with a login only. A login without @ is completed by the reader's domain.
 * Returns false if the login is unusable; the record is then flawed. */
bool import_user(const struct import_reader *reader, struct import_record *record,
                 struct span login);

/* Puts a text into the row. Returns false if the text is too long or cannot be JSON; the record is
 * then flawed. */
bool import_put(struct import_record *record, const char *member, struct span text);
/* Appends a text to a list in the row. Returns false as import_put() does. */
bool import_append(struct import_record *record, const char *member, struct span text);
/* Puts a stored hash into the row, and the hash's scheme into the label. A mark such as "!" is no
 * hash: the user gets no password. */
bool import_hash(struct import_record *record, struct span hash);

#endif
