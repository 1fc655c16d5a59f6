/* The patterns of a sending scope, each of which stands for some addresses. Pure.
 *
 *     alice@example.org   one address
 *     bounce-*@x.example  all addresses of a domain that begin with a prefix
 *     *@example.org       all addresses of a domain
 *     *@*.example.org     all addresses of all subdomains of a domain
 *     @self               the user's own addresses
 *     *@*                 all addresses
 *
 * "@example.org" is another way to write "*@example.org". There are no other wildcards and no
 * regular expressions, so that a reader sees what a pattern covers. Names are canonical
 * (core/name.h). */
#ifndef SCOPE_SCOPE_PATTERN_H
#define SCOPE_SCOPE_PATTERN_H

#include "base/arena.h"
#include "core/name.h"

enum scope_pattern_kind {
    SCOPE_PATTERN_SELF,
    SCOPE_PATTERN_ADDRESS, /* one address */
    SCOPE_PATTERN_PREFIX,  /* local parts that begin with `local` */
    SCOPE_PATTERN_DOMAIN,  /* all addresses of `domain` */
    SCOPE_PATTERN_BELOW,   /* domains with at least one label before `domain` */
    SCOPE_PATTERN_ANY,
};

struct scope_pattern {
    enum scope_pattern_kind kind;
    const char *text;   /* canonical spelling of the pattern */
    const char *local;  /* with ADDRESS and PREFIX; else NULL */
    const char *domain; /* NULL with SELF and ANY */
};

/* Returns NULL if the pattern is good, else the flaw, as the end of a sentence. */
const char *scope_pattern_parse(struct arena *arena, struct span text, struct scope_pattern *out);

#endif
