/* Encrypts the ciphertexts of old keys anew with the current key, so that the old keys can be
 * removed from the key files. Not tied to a request's lifetime. Holds up no login: a run works on a
 * few hundred rows at a time, with pauses, on the slow lane, and only one node of a database works
 * at a time.
 *
 * A run keeps no state in the database: the remaining rows are found by the name of their key, also
 * after a kill. A row that cannot be decrypted stays as it is, and the log counts it. */
#ifndef KEYS_REENCRYPT_H
#define KEYS_REENCRYPT_H

struct core;
struct reencrypt;

struct reencrypt *reencrypt_create(struct core *core);
void reencrypt_destroy(
    struct reencrypt *reencrypt); /* NULL is fine; ends a run that is under way */

/* To be called while this node's first keys are the current ones. Starts a run if the ring has an
 * old encryption key and a run is due. */
void reencrypt_maybe_start(struct reencrypt *reencrypt);

#endif
