/* All that the verdict on one login depends on. The steps of the login fill the facts in; zeroed
 * facts mean that nothing is known yet. */
#ifndef LOGIN_FACTS_H
#define LOGIN_FACTS_H

#include "core/name.h"
#include "core/outcome.h"
#include "credential/claim.h"
#include "credential/factor_rules.h"
#include "crypto/password_scheme.h"
#include "scope/scope.h"

enum answer {
    ANSWER_PENDING = 0, /* the question has no answer yet */
    ANSWER_NO,
    ANSWER_YES,
};

/* What became of the code beside a main password. */
enum code_answer {
    CODE_PENDING = 0,
    CODE_TAKEN, /* a good code, or one use of a remembered network, is used up */
    CODE_MISSING,
    CODE_WRONG,
    CODE_USED,
    CODE_LOCKED,
    CODE_WRONG_RECOVERY,
    CODE_LOCKED_RECOVERY,
    CODE_CHANGED, /* the code was not checked, because the account has changed */
};

struct facts {
    /* From the claim alone. */
    enum claim_kind claim;
    enum name_error name;
    bool sign_in;       /* to authd itself, where no app password is accepted */
    bool other_authzid; /* the claim asks to act as another user */

    /* From the database. */
    enum answer account; /* is there an account of this name? */
    bool suspended;
    enum password_kind password;
    enum reason undecrypted; /* why a stored hash could not be decrypted; REASON_NONE: all could */
    bool app_password;       /* the presented app password belongs to this account */
    bool expired;            /* the presented app password has expired */

    /* On second factors, from the database and the configuration. */
    enum factor_policy policy; /* the strictest of site, domain and user */
    bool privileged;           /* the user may administer others */
    bool enrolled;             /* the user has a second factor */
    bool code_presented;       /* sign_in only: the user entered a code */
    bool inline_code;          /* on mail sockets: the secret ends as if a code followed */
    bool remember_possible;    /* the client has a network that may be a remembered one */

    /* From the checks of the secret: against the stored hash or the verifier, and against a dummy
     * where the account has no hash that can be used. */
    enum answer match; /* is the secret, without the code, the right one? */
    /* Is the client's network a remembered one? Asked if the secret without its code does not
     * match. */
    enum answer remembered;
    enum answer full_match; /* is the full secret the main password? Asked if `remembered` is yes */
    enum answer imported;   /* are there imported app passwords? Asked if nothing else matches */
    enum answer imported_match; /* is the secret an imported app password? */
    bool imported_unreadable;   /* an app password that no scheme reads may be the right one */

    /* From the scope documents of all levels, once the secret is right. */
    enum answer scopes_known; /* were the documents checked? */
    enum scope_verdict scope; /* the verdict of the first document that refuses, or SCOPE_OK */

    /* From the one use of a code, which is the last question. */
    enum code_answer code;

    /* Whether the account may have changed since the lookup. */
    bool waited;           /* for a worker, or for a question to the database */
    enum answer unchanged; /* are the account and the credential as they were? */

    /* Why an answer above will never come; REASON_NONE: nothing went wrong. */
    enum reason trouble;
};

#endif
