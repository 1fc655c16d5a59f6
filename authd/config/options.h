/* Every key of the configuration with its default and its meaning: one table for reading, for
 * --print-defaults and for the advice on a misspelt key. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <stddef.h>

/* The default of a key ("password.hash_memory"), as the file would have it; NULL: the key has no
 * default. */
const char *config_key_default(const char *path);

/* Writes a sentence that suggests known keys instead of the unknown key `path`
 * ("listeners[1].mod"). */
void config_key_advice(const char *path, char *out, size_t size);

#endif
