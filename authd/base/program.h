/* The name by which this program was called. Messages, hints and help say this name, so that a user
 * can type what they read: a distribution may install a program under another name, too.
 *
 * Threat: a caller chooses argv[0] freely. A name that is long, or that has a character with a
 * meaning to a terminal or a shell, is not said. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

/* The longest name that is said. */
#define PROGRAM_NAME_MAX 24

/* Keeps the last part of `called`, which is argv[0] and may be NULL. Where that part is no plain
 * name, keeps `installed`. Both texts must live as long as the process. main() calls this first. */
void program_set(const char *called, const char *installed);

/* Returns the name that program_set() kept; before the first call of program_set(): "authd". */
const char *program_name(void);

#endif
