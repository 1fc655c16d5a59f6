/* Every key of the configuration with its default and its meaning: one table for reading, for
 * --print-defaults and for the advice on a misspelt key. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stddef.h>

/* The default of a key ("password.hash_memory"), as it would stand in the file; NULL: it has none.
 */
const char *config_key_default(const char *path);

/* What may have been meant by the unknown key `path` ("listeners[1].mod"): a sentence. */
void config_key_advice(const char *path, char *out, size_t size);

#endif
