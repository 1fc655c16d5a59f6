/* All nouns of authctl, in the order in which help shows them. */
#include "ctl/nouns.h"

const struct noun *const nouns[] = {
    &noun_user,   &noun_address, &noun_password, &noun_app_password, &noun_totp,
    &noun_scope,  &noun_session, &noun_domain,   &noun_class,        &noun_api_key,
    &noun_import, &noun_key,     &noun_audit,    &noun_completion,   NULL,
};
