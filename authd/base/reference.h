/* A request's reference: a random word that a refused client sees and the log repeats, so that an
 * administrator finds the one log line that explains the refusal. The reference reveals nothing
 * about the request. */
#ifndef BASE_REFERENCE_H
#define BASE_REFERENCE_H

#define REFERENCE_LENGTH 10

/* Writes 50 random bits as letters of a-z2-7, and a NUL. */
void reference_make(char out[static REFERENCE_LENGTH + 1]);

#endif
