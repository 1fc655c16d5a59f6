/* The resources that the rights of API keys name: users:read and users:write are rights for the
 * resource users. A route and a member of a request each have a set of resources; an API key needs
 * the right for every resource of the set. Pure.
 *
 * Threat: a right that implies another. What belongs to two resources has both in its set. */
#ifndef HTTP_RESOURCE_H
#define HTTP_RESOURCE_H

#include <jansson.h>
#include <stdbool.h>

/* X(NAME, word). authd.argument_rights() in schema/ takes the same words; a test compares. There is
 * no resource for API keys, because no API key sees or changes them. */
#define RESOURCES(X)                                                                               \
    X(SITE, "site")                                                                                \
    X(USERS, "users")                                                                              \
    X(PASSWORDS, "passwords")                                                                      \
    X(APP_PASSWORDS, "app-passwords")                                                              \
    X(SCOPES, "scopes")                                                                            \
    X(SESSIONS, "sessions")                                                                        \
    X(DOMAINS, "domains")                                                                          \
    X(CLASSES, "classes")                                                                          \
    X(AUDIT, "audit")                                                                              \
    X(KEYS, "keys")                                                                                \
    X(IMPORT, "import")                                                                            \
    X(TOTP, "totp")

enum resource_number {
#define X(name, word) RESOURCE_NUMBER_##name,
    RESOURCES(X)
#undef X
        RESOURCE_COUNT
};

/* Sets of resources are unions of these. */
enum resource {
#define X(name, word) RESOURCE_##name = 1u << RESOURCE_NUMBER_##name,
    RESOURCES(X)
#undef X
};

/* The word of the first resource of a set; NULL: the set is empty. */
const char *resource_word(unsigned set);

/* The resources for which a list of rights, such as ["users:read", "*:write"], gives reading or
 * writing. Writing includes reading; * is every resource. A text that is no right gives nothing. */
unsigned resource_granted(const json_t *rights, bool write);

/* The rights that a set needs: ["users:write", "domains:write"]. */
json_t *resource_rights(unsigned set, bool write);

/* "read" or "write" */
const char *resource_access(bool write);

#endif
