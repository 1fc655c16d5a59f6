/* What the readers of all formats share. */
#ifndef CTL_IMPORT_READER_H
#define CTL_IMPORT_READER_H

#include "ctl/import_file.h"

#define IMPORT_FIELDS_MAX 9

void import_dovecot_next(struct import_reader *reader, struct import_record *record);
void import_htpasswd_next(struct import_reader *reader, struct import_record *record);
void import_shadow_next(struct import_reader *reader, struct import_record *record);
void import_csv_next(struct import_reader *reader, struct import_record *record);
void import_sender_next(struct import_reader *reader, struct import_record *record);

/* Takes the next line, without its newline or CR and newline. False: there is none, or it has a
 * flaw (too long, a NUL, not UTF-8, no end); `record` is set. */
bool import_line(struct import_reader *reader, struct import_record *record, struct span *line);
bool import_is_ignored(struct span line, struct import_record *record); /* empty, or a comment */

/* Splits at the first separators; the last field has the rest. Returns how many there are. */
size_t import_split(struct span line, char separator, struct span *fields, size_t max);
/* The next word, ended by a blank or one of `more`. False: there is none. */
bool import_word(struct span *rest, const char *more, struct span *word);
struct span import_trim(struct span text);

/* Each of these makes the record what its name says. */
void import_flawed(struct import_record *record, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void import_passed(struct import_record *record, const char *label);
/* A user with nothing but its login, completed by the reader's domain. False: flawed. */
bool import_user(const struct import_reader *reader, struct import_record *record,
                 struct span login);

/* Puts a text into the row. False: it is no text that JSON can carry, or too long; flawed. */
bool import_put(struct import_record *record, const char *member, struct span text);
/* Appends it to a list in the row. */
bool import_append(struct import_record *record, const char *member, struct span text);
/* Puts a stored hash into the row, and its sort into the label. Marks such as "!" are none. */
bool import_hash(struct import_record *record, struct span hash);

#endif
