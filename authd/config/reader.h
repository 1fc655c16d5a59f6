/* Shared by the files that turn a raw configuration into a checked one. */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/config.h"
#include "config/document.h"
#include "config/schema.h"

#define READER_PATH_MAX 64

struct reader {
    const char *file;      /* the path as the user gave it */
    const char *directory; /* the file's absolute directory; relative paths begin there */
    const struct document *document;
    struct err *err;
};

/* Reports a mistake and returns false. `path` names the key; the text says what is wrong and what
 * to do. */
bool reader_fail(const struct reader *reader, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Reports a mistake about the value of the key, shows the value, and returns false. */
bool reader_fail_value(const struct reader *reader, const char *path, const char *value,
                       const char *problem);

/* The value, or else the key's default; NULL if the key has no default. */
const char *reader_default(const char *value, const char *general_path);

/* Reads one of the `choices` from the text of the key `path`. False: reader->err is set. */
bool reader_choice(const struct reader *reader, const char *path, const char *text,
                   const char *const *choices, unsigned *out);
/* Makes the path absolute, without a slash at the end; free the result. NULL: reader->err is
 * set. */
char *reader_path(const struct reader *reader, const char *path, const char *text);

/* Reads a network with its prefix, or one address. False: reader->err is set. */
bool reader_network(const struct reader *reader, const char *path, const char *text,
                    struct network *out);

bool config_read_listeners(const struct reader *reader, const struct raw_config *raw,
                           struct config *config);
bool config_read_password(const struct reader *reader, const struct raw_password *raw,
                          struct config *config);
bool config_read_site(const struct reader *reader, const struct raw_config *raw,
                      struct config *config);
bool config_read_database(const struct reader *reader, const struct raw_database *raw,
                          struct config *config);
bool config_read_factor(const struct reader *reader, const struct raw_config *raw,
                        struct config *config);
bool config_read_audit(const struct reader *reader, const struct raw_audit *raw,
                       struct config *config);

#endif
