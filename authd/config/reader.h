/* What the parts of config.c share while they turn a raw configuration into a checked one. */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/config.h"
#include "config/document.h"
#include "config/schema.h"

#define READER_PATH_MAX 64

struct reader {
    const char *file;      /* as the user gave it */
    const char *directory; /* of the file, absolute: relative paths begin there */
    const struct document *document;
    struct err *err;
};

/* Always false. `path` names the key; the text is what is wrong with it, and the remedy. */
bool reader_fail(const struct reader *reader, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same about the value of the key, which is shown. */
bool reader_fail_value(const struct reader *reader, const char *path, const char *value,
                       const char *problem);

/* The value, or the default of the key; NULL: neither. */
const char *reader_default(const char *value, const char *general_path);

/* Each takes the text of the key `path`. False: reader->err is set. */
bool reader_choice(const struct reader *reader, const char *path, const char *text,
                   const char *const *choices, unsigned *out);
/* Absolute, without a slash at the end; free it. NULL: reader->err is set. */
char *reader_path(const struct reader *reader, const char *path, const char *text);

/* A network with its prefix, or one address. */
bool reader_network(const struct reader *reader, const char *path, const char *text,
                    struct network *out);

bool config_read_listeners(const struct reader *reader, const struct raw_config *raw,
                           struct config *config);
bool config_read_password(const struct reader *reader, const struct raw_password *raw,
                          struct config *config);
bool config_read_outside(const struct reader *reader, const struct raw_config *raw,
                         struct config *config);
bool config_read_database(const struct reader *reader, const struct raw_database *raw,
                          struct config *config);
bool config_read_factor(const struct reader *reader, const struct raw_config *raw,
                        struct config *config);
bool config_read_audit(const struct reader *reader, const struct raw_audit *raw,
                       struct config *config);

#endif
