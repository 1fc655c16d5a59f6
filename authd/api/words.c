#include "api/words.h"

#include <stddef.h>

const char *const words_roles[] = {"user", "helpdesk", "domain-admin", "auditor", "admin", NULL};
const char *const words_setters[] = {"user", "helpdesk", "domain-admin", "auditor", "admin",
                                     "host", NULL};
const char *const words_policies[] = {"off", "optional", "required", NULL};
const char *const words_algorithms[] = {"SHA1", "SHA256", "SHA512", NULL};
const char *const words_factors[] = {"totp", "recovery", NULL};
const char *const words_delimiters[] = {"+", "-", "=", ".", NULL};
const char *const words_outcomes[] = {"allow", "deny", "tempfail", NULL};
