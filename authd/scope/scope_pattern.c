/* Patterns of addresses; the grammar is in scope_pattern.h. */
#include "scope/scope_pattern.h"

#include <stdio.h>

static const char no_pattern[] = "is not a pattern: write alice@example.org, *@example.org, "
                                 "*@*.example.org, prefix*@example.org, "
                                 "@self or *@*";

static const char *pattern_domain(struct arena *arena, struct span domain,
                                  struct scope_pattern *out)
{
    char name[NAME_MAX_LENGTH + 1];
    bool below = domain.len > 2 && domain.ptr[0] == '*' && domain.ptr[1] == '.';

    if (span_is(domain, "*")) {
        *out = (struct scope_pattern){.kind = SCOPE_PATTERN_ANY, .text = "*@*"};
        return NULL;
    }
    if (below) {
        domain = (struct span){domain.ptr + 2, domain.len - 2};
    }
    enum name_error error = name_domain(domain, name);

    if (error != NAME_OK) {
        return error == NAME_BAD_DOMAIN || error == NAME_EMPTY ? no_pattern
                                                               : name_error_text(error);
    }
    char *text = arena_printf(arena, below ? "*@*.%s" : "*@%s", name);

    *out = (struct scope_pattern){
        .kind = below ? SCOPE_PATTERN_BELOW : SCOPE_PATTERN_DOMAIN,
        .text = text,
        .domain = text + (below ? 4 : 2),
    };
    return NULL;
}

static void pattern_split(struct arena *arena, const char *name, size_t local_len,
                          struct scope_pattern *out)
{
    out->text = name;
    out->local = arena_copy(arena, (struct span){name, local_len});
    out->domain = strrchr(name, '@') + 1;
}

/* Checks the prefix with a letter behind it: a prefix such as "news." is no local part. */
static const char *pattern_prefix(struct arena *arena, struct span prefix, struct span domain,
                                  struct scope_pattern *out)
{
    char given[NAME_MAX_LENGTH + 1];
    char name[NAME_MAX_LENGTH + 1];
    int len = snprintf(given, sizeof(given), "%.*sx@%.*s", (int)prefix.len, prefix.ptr,
                       (int)domain.len, domain.ptr);

    if (len < 0 || (size_t)len >= sizeof(given)) {
        return name_error_text(NAME_TOO_LONG);
    }
    enum name_error error = name_address(span_of(given), name);

    if (error != NAME_OK) {
        return name_error_text(error);
    }
    char *at = strrchr(name, '@');

    at[-1] = '*';
    out->kind = SCOPE_PATTERN_PREFIX;
    pattern_split(arena, arena_copy(arena, span_of(name)), (size_t)(at - name) - 1, out);
    return NULL;
}

static const char *pattern_address(struct arena *arena, struct span text, struct scope_pattern *out)
{
    char name[NAME_MAX_LENGTH + 1];
    enum name_error error = name_address(text, name);

    if (error != NAME_OK) {
        return name_error_text(error);
    }
    out->kind = SCOPE_PATTERN_ADDRESS;
    pattern_split(arena, arena_copy(arena, span_of(name)), (size_t)(strrchr(name, '@') - name),
                  out);
    return NULL;
}

const char *scope_pattern_parse(struct arena *arena, struct span text, struct scope_pattern *out)
{
    *out = (struct scope_pattern){0};
    if (text.len == 0 || memchr(text.ptr, '\0', text.len) != NULL) {
        return no_pattern;
    }
    const char *at = memrchr(text.ptr, '@', text.len);

    if (span_is(text, "@self")) {
        *out = (struct scope_pattern){.kind = SCOPE_PATTERN_SELF, .text = "@self"};
        return NULL;
    }
    if (at == NULL) {
        return no_pattern;
    }
    struct span local = {text.ptr, (size_t)(at - text.ptr)};
    struct span domain = {at + 1, text.len - local.len - 1};

    if (local.len == 0 || span_is(local, "*")) {
        return pattern_domain(arena, domain, out);
    }
    const char *star = memchr(local.ptr, '*', local.len);

    if (star == NULL) {
        return pattern_address(arena, text, out);
    }
    if (star != at - 1 || memchr(domain.ptr, '*', domain.len) != NULL) {
        return no_pattern;
    }
    return pattern_prefix(arena, (struct span){local.ptr, local.len - 1}, domain, out);
}
