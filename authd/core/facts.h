/* All that is known about one login, learnt step by step, and nothing else: what core/verdict
 * judges. Zeroed facts mean that nothing is known yet. */
#ifndef CORE_FACTS_H
#define CORE_FACTS_H

#include "core/claim.h"
#include "core/factor_rules.h"
#include "core/name.h"
#include "core/outcome.h"
#include "core/scope.h"
#include "crypto/password.h"

enum answer {
    ANSWER_PENDING = 0, /* not asked, or not answered yet */
    ANSWER_NO,
    ANSWER_YES,
};

/* What became of the code beside a main password. */
enum code_answer {
    CODE_PENDING = 0,
    CODE_TAKEN, /* it was good and is used up; or a use of a time of grace is */
    CODE_MISSING,
    CODE_WRONG,
    CODE_USED,
    CODE_LOCKED,
    CODE_WRONG_RECOVERY,
    CODE_LOCKED_RECOVERY,
    CODE_CHANGED, /* nothing became of it: the account has changed */
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

    /* Likewise, and from the configuration: on second factors. */
    enum factor_policy policy; /* the strictest of site, domain and user */
    bool privileged;           /* it may administer others */
    bool enrolled;
    bool code_shown;     /* at a sign-in: something was entered as a code */
    bool split;          /* on mail sockets: it ends as if a code followed the password */
    bool grace_possible; /* there may be a time of grace where the client is */

    /* From the scheme; against a dummy where there is no usable hash. Of an app password, from its
     * verifier. */
    enum answer match;
    enum answer grace;         /* of a split one, if that was no: is there a time of grace? */
    enum answer whole_match;   /* if so: of all of it, as a password that ends in digits */
    enum answer foreign;       /* only if those were no: are there app passwords made elsewhere? */
    enum answer foreign_match; /* if so */
    bool foreign_unreadable;   /* one of them no scheme reads: it may be the right one */

    /* From the documents of all levels; only once the secret is right. */
    enum answer judged;
    enum scope_verdict scope; /* what the first that refuses says */

    /* Last of all, for it uses something up. */
    enum code_answer code;

    /* The secret was checked elsewhere than on the loop, or a document was fetched: the account may
     * have changed meanwhile, and only ANSWER_YES says that it did not. */
    bool waited;
    enum answer unchanged;

    /* Why something above will never be answered; REASON_NONE: nothing went wrong. */
    enum reason trouble;
};

#endif
