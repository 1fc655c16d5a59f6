/* A request's reference: the random word that a refused client sees and the log repeats, so that an
 * administrator finds the one line that explains it. It says nothing about the request. */
#ifndef BASE_REFERENCE_H
#define BASE_REFERENCE_H

#define REFERENCE_LENGTH 10

void reference_make(char out[static REFERENCE_LENGTH + 1]); /* a-z2-7: 50 random bits */

#endif
