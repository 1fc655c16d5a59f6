/* The patterns of a sending scope: which addresses are meant. Pure.
 *
 *     alice@example.org   one address              *@example.org    all of a domain
 *     bounce-*@x.example  those that begin so      *@*.example.org  all below a domain, not its own
 *     @self               the user's own           *@*              any
 *
 * "@example.org" is another way to write "*@example.org". There are no other wildcards and no
 * regular expressions: what a pattern covers can be seen. Names are canonical (core/name.h). */
#ifndef CORE_SCOPE_PATTERN_H
#define CORE_SCOPE_PATTERN_H

#include "base/arena.h"
#include "core/name.h"

enum scope_pattern_kind {
    SCOPE_PATTERN_SELF,
    SCOPE_PATTERN_ADDRESS, /* one */
    SCOPE_PATTERN_PREFIX,  /* local parts that begin with `local` */
    SCOPE_PATTERN_DOMAIN,
    SCOPE_PATTERN_BELOW, /* domains with at least one label before `domain` */
    SCOPE_PATTERN_ANY,
};

struct scope_pattern {
    enum scope_pattern_kind kind;
    const char *text;   /* canonical */
    const char *local;  /* ADDRESS, PREFIX; else NULL */
    const char *domain; /* NULL with SELF and ANY */
};

/* NULL: taken. Otherwise what is wrong, as the end of a sentence. */
const char *scope_pattern_parse(struct arena *arena, struct span text, struct scope_pattern *out);

#endif
