/* All that is known about one login, learnt step by step, and nothing else: what core/verdict
 * judges. Zeroed facts mean that nothing is known yet. */
#ifndef CORE_FACTS_H
#define CORE_FACTS_H

#include "core/claim.h"
#include "core/name.h"
#include "core/outcome.h"
#include "core/scope.h"
#include "crypto/password.h"

enum answer {
    ANSWER_PENDING = 0, /* not asked, or not answered yet */
    ANSWER_NO,
    ANSWER_YES,
};

struct facts {
    /* From the claim alone. */
    enum claim_kind claim;
    enum name_error name;
    bool sign_in;       /* to authd itself, where an app password opens nothing */
    bool other_authzid; /* it asks to act as somebody else */

    /* From the database. */
    enum answer account; /* is there one of this name? */
    bool suspended;
    enum password_kind password;
    enum reason unopened; /* why a stored hash stayed sealed; REASON_NONE: none did */
    bool app_password;    /* the one that was shown is this account's */
    bool expired;         /* and has ended */
    bool foreign;         /* there are app passwords that were made elsewhere */

    /* From the scheme; against a dummy where there is no usable hash. Of an app password, from its
     * verifier. */
    enum answer match;
    enum answer foreign_match; /* only if that was no */
    bool foreign_unreadable;   /* one of them no scheme reads: it may be the right one */

    /* From the documents of all levels; only once the secret is right. */
    enum answer judged;
    enum scope_verdict scope; /* what the first that refuses says */

    /* The secret was checked elsewhere than on the loop, or a document was fetched: the account may
     * have changed meanwhile, and only ANSWER_YES says that it did not. */
    bool waited;
    enum answer unchanged;

    /* Why something above will never be answered; REASON_NONE: nothing went wrong. */
    enum reason trouble;
};

#endif
