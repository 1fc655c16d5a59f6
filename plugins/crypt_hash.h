#ifndef PLUGINS_CRYPT_HASH_H
#define PLUGINS_CRYPT_HASH_H

#include <authd/plugin.h>

/* Members of the same names in struct authd_scheme of authd/plugin.h. */
extern const char *const crypt_hash_prefixes[];
bool crypt_hash_cost(const char *stored, struct authd_cost *cost);
enum authd_match crypt_hash_verify(const char *stored, struct authd_bytes password);

#endif
