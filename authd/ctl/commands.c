/* Every command there is. */
#include "ctl/command.h"
#include "ctl/verbs.h"

#define COMMAND(NOUN, VERB) .noun = #NOUN, .verb = #VERB, .run = verb_##NOUN##_##VERB

const struct command commands[] = {
    {COMMAND(user, add), .arguments = "LOGIN", .min = 1, .max = 1,
     .options =
         OPTION_BIT(ADDRESS) | OPTION_BIT(PASSWORD_STDIN) | OPTION_BIT(ROLE) | OPTION_BIT(SERVICE),
     .summary = "add a user, and its domain if that is new",
     .example = "pwgen -s 20 1 | authctl user add alice@example.org --password-stdin"},
    {COMMAND(user, list), .arguments = "", .options = OPTION_BIT(MATCH) | OPTION_BIT(SUSPENDED),
     .summary = "list users", .example = "authctl user list --suspended --match example.org"},
    {COMMAND(user, show), .arguments = "USER", .min = 1, .max = 1,
     .summary = "show a user, by login or id", .example = "authctl user show alice@example.org"},
    {COMMAND(user, set), .arguments = "USER KEY=VALUE...", .min = 2, .max = WORDS_MAX,
     .summary = "set display_name, recovery_address, role; nothing after = clears",
     .example = "authctl user set alice@example.org display_name=\"Alice Adams\" role=helpdesk"},
    {COMMAND(user, suspend), .arguments = "USER", .min = 1, .max = 1, .options = OPTION_BIT(REASON),
     .summary = "refuse a user's logins until it is resumed",
     .example = "authctl user suspend alice@example.org --reason \"sends spam\""},
    {COMMAND(user, resume), .arguments = "USER", .min = 1, .max = 1,
     .summary = "let a suspended user in again",
     .example = "authctl user resume alice@example.org"},
    {COMMAND(user, delete), .arguments = "USER", .min = 1, .max = 1,
     .summary = "delete a user for good; asks, in scripts give --yes",
     .example = "authctl user delete alice@example.org --yes"},

    {COMMAND(address, add), .arguments = "USER ADDRESS", .min = 2, .max = 2,
     .summary = "let a user send as an address; *@DOMAIN for all of a domain",
     .example = "authctl address add alice@example.org sales@example.org"},
    {COMMAND(address, remove), .arguments = "USER ADDRESS", .min = 2, .max = 2,
     .summary = "take an address from a user",
     .example = "authctl address remove alice@example.org sales@example.org"},
    {COMMAND(address, list), .arguments = "USER", .min = 1, .max = 1,
     .summary = "list what a user may send as",
     .example = "authctl address list alice@example.org"},
    {COMMAND(address, who), .arguments = "ADDRESS", .min = 1, .max = 1,
     .summary = "list the users who may send as an address",
     .example = "authctl address who sales@example.org"},

    {COMMAND(password, set), .arguments = "USER", .min = 1, .max = 1,
     .options = OPTION_BIT(PASSWORD_STDIN),
     .summary = "set a user's main password; on a terminal it is asked for",
     .example = "authctl password set alice@example.org --password-stdin <file"},
    {COMMAND(password, clear), .arguments = "USER", .min = 1, .max = 1,
     .summary = "leave a user without a main password",
     .example = "authctl password clear alice@example.org"},
    {0},
};
