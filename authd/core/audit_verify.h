/* Checks the audit: every seal against the key and the seal before, every row against its seal, and
 * that there are no others. Says of each row that is changed, missing, added or moved which it is.
 *
 * Long work in pieces: a call ends after some seconds and says how to go on, so that no request
 * stands for minutes. */
#ifndef CORE_AUDIT_VERIFY_H
#define CORE_AUDIT_VERIFY_H

#include "core/account.h"

struct audit_verify;
struct core;

/* `arguments`: {anchor?: "NUMBER MAC", after?: what "next" was}. The answer's object:
 *   {kind: "audit-report", complete, next: text or null, verified: no flaw was found in this part,
 *    seals, rows, erased, expired: how many rows of this part, unsealed: how many are younger than
 *    a seal, flaws: [{kind, row, seal, detail}, ...], more_flaws: how many are not listed,
 *    anchor: "NUMBER MAC" of the chain's end, or null}
 * `done` is called once, never from inside this call, unless cancelled. */
struct audit_verify *audit_verify_start(struct core *core, const json_t *arguments,
                                        account_done_f *done, void *arg);
void audit_verify_cancel(struct audit_verify *verify);

#endif
