/* All that is known about one login, learnt step by step, and nothing else: what core/verdict
 * judges. Zeroed facts mean that nothing is known yet. */
#ifndef CORE_FACTS_H
#define CORE_FACTS_H

#include "core/claim.h"
#include "core/name.h"
#include "core/outcome.h"
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

    /* From the scheme; against a dummy where there is no usable hash. */
    enum answer match;

    /* The password was checked elsewhere than on the loop: the account may have changed meanwhile,
     * and only ANSWER_YES says that it did not. */
    bool waited;
    enum answer unchanged;

    /* Why something above will never be answered; REASON_NONE: nothing went wrong. */
    enum reason trouble;
};

#endif
