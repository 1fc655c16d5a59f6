/* Scalars of the configuration: text to plain types. False: `err` says what is wrong with the text
 * and how to write it; its text continues a sentence that begins with the value. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

bool config_value_size(const char *text, uint64_t *bytes, struct err *err);
bool config_value_duration(const char *text, uint64_t *ms, struct err *err);
bool config_value_number(const char *text, uint64_t max, uint64_t *number, struct err *err);
bool config_value_bool(const char *text, bool *truth, struct err *err);
bool config_value_mode(const char *text, mode_t *mode, struct err *err);
/* The index of `text` among `choices`, a list that ends with NULL. */
bool config_value_choice(const char *text, const char *const *choices, unsigned *index,
                         struct err *err);
/* The user or group of a name or a number. */
bool config_value_user(const char *text, uid_t *uid, struct err *err);
bool config_value_group(const char *text, gid_t *gid, struct err *err);
/* Checks "127.0.0.1:25" or "[::1]:25"; `loopback` says whether only this machine can reach the
 * address. */
bool config_value_address(const char *text, bool *loopback, struct err *err);

#endif
