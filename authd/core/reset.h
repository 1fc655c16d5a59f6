/* Reset links: mailed to a user's recovery address, they set a new password once.
 *
 * Threats: a stolen database, so it holds only a keyed digest of the token; whoever asks for the
 * link and would use it himself, so it goes into the mail and nowhere else, neither answer nor log;
 * a link that lies in a dead queue, so one whose mail nobody takes is withdrawn at once. The token
 * stands behind # in the address, which browsers send to no server and to no other page. */
#ifndef CORE_RESET_H
#define CORE_RESET_H

#include "core/account.h"
#include "core/derived.h"

struct reset_link_call;

/* A request for STATEMENT_RESET_LINK_ADD; the digest is added here. The answer tells the masked
 * address and the end of the link. `done` is called once, never from inside this call, unless
 * cancelled. */
struct reset_link_call *reset_link_start(struct core *core, const struct account_request *request,
                                         account_done_f *done, void *arg);
/* A link whose mail went out by then stays good. */
void reset_link_cancel(struct reset_link_call *call);

/* What the database knows of a token, whatever was sent as one. */
void reset_digest(const struct core *core, struct span token, char out[static DERIVED_HEX_SIZE]);

#endif
