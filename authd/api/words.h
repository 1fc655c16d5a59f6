/* The only values of members that stand in several tables. Each list ends with NULL. */
#ifndef API_WORDS_H
#define API_WORDS_H

extern const char *const words_roles[];
extern const char *const words_setters[];  /* who has set a value: a role, or the host */
extern const char *const words_policies[]; /* of second factors */
extern const char *const words_algorithms[];
extern const char *const words_factors[];
extern const char *const words_delimiters[]; /* between a local part and its extension */
extern const char *const words_outcomes[];   /* of a login */

#endif
