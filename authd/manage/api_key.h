/* API keys: the credentials by which programs use the API without signing in. A key is apk + 30
 * characters (crypto/secret_text.h); the selector finds the row, a keyed hash verifies the secret.
 *
 * Threats: a stolen database (the database has keyed hashes only); a row copied to another owner
 * (the hash covers kind, id and owner); guessing (check digits tell a typing error from a guess
 * without the database; a secret has 100 random bits). */
#ifndef MANAGE_API_KEY_H
#define MANAGE_API_KEY_H

#include "manage/call.h"

struct api_key_call;
struct caller;

/* Makes a key for the caller. `request` is a management request without the members that this call
 * adds. `done` gets the key's object. The object has the key's text as "secret", except in a dry
 * run and in an answer repeated for an Idempotency-Key. `done` is called once, never from inside
 * this call, and not after api_key_cancel(). */
struct api_key_call *api_key_add(struct core *core, const struct manage_request *request,
                                 const struct caller *caller, result_done_f *done, void *arg);
void api_key_cancel(struct api_key_call *call);

#endif
