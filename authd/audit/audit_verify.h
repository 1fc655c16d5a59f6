/* Checks the audit: every seal against the key and the seal before it, every row against its seal,
 * and that every row has a seal. Names each row that was changed, removed, added or moved.
 *
 * A call ends after some seconds and says how to go on, so that no request takes minutes. */
#ifndef AUDIT_AUDIT_VERIFY_H
#define AUDIT_AUDIT_VERIFY_H

#include "core/result.h"

struct audit_verify;
struct core;

/* `arguments`: {anchor?: "NUMBER MAC", after?: "next" of the report before}. The result's object:
 *   {kind: "audit-report", complete, next: text or null,
 *    verified: whether this part has no flaw,
 *    seals, rows, erased, expired: counts for this part,
 *    unsealed: how many rows wait for a seal,
 *    flaws: [{kind, row, seal, detail}, ...], more_flaws: how many flaws are not listed,
 *    anchor: "NUMBER MAC" of the last checked seal, or null}
 * `done` is called once, never from inside this call, unless cancelled. */
struct audit_verify *audit_verify_start(struct core *core, const json_t *arguments,
                                        result_done_f *done, void *arg);
void audit_verify_cancel(struct audit_verify *verify);

#endif
