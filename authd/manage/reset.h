/* Reset links: a link is mailed to a user's recovery address and sets a new password once.
 *
 * Threats: a stolen database, so the database has only a keyed digest of the token. A caller who
 * asks for the link in order to use it, so the link appears only in the mail message, neither in
 * the answer nor in the log. A link left in a mail queue that nobody empties, so the link is
 * withdrawn at once if the mail server does not take the message. A mail server that would send
 * the message to another address, because it does not know SMTPUTF8, so no such server gets it.
 * The token follows # in the link, and browsers send that part to no server and to no other
 * page. */
#ifndef MANAGE_RESET_H
#define MANAGE_RESET_H

#include "core/subkey.h"
#include "manage/call.h"

struct reset_link_call;

/* Makes a link. `request` is for STATEMENT_RESET_LINK_ADD; this call adds the digest. The answer
 * has the masked address and the expiry of the link. `done` is called once, never from inside this
 * call, and not after reset_link_cancel(). */
struct reset_link_call *reset_link_start(struct core *core, const struct manage_request *request,
                                         result_done_f *done, void *arg);
/* Cancels the call. A link whose mail message has been sent remains valid. */
void reset_link_cancel(struct reset_link_call *call);

/* Writes the digest of a token as the database stores it. Any text may be passed as a token. */
void reset_digest(const struct core *core, struct span token, char out[static SUBKEY_HEX_SIZE]);

#endif
