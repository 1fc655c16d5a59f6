/* Reads a sending scope from JSON. One table lists the members of the document. The bound of each
 * list is checked before its items are read. */
#include "scope/scope.h"

#include <stdlib.h>

#include "scope/scope_document.h"
#include "scope/scope_terms.h"

const char *const scope_align_words[] = {"none", "domain", "envelope", NULL};

/* ---- members -------------------------------------------------------------------------------- */

static void read_version(struct json_reader *reader, const json_t *value, void *out)
{
    (void)out;
    if (!json_is_integer(value) || json_integer_value(value) != 1) {
        json_reader_flaw(reader,
                         "is not 1, the only version of scope documents that this authd reads");
    }
}

static void read_mode(struct json_reader *reader, const json_t *value, void *out)
{
    static const char *const words[] = {"enforce", "monitor", NULL};
    unsigned word = 0;

    ((struct scope *)out)->monitor = json_reader_word(reader, value, words, &word) && word == 1;
}

/* null means the same as an absent member. */
static void read_moment(struct json_reader *reader, const json_t *value, int64_t *out)
{
    struct span text;

    if (json_is_null(value) || !json_reader_text(reader, value, &text)) {
        return;
    }
    if (!scope_moment_parse(text, out)) {
        json_reader_flaw(
            reader, "is \"%s\", not a time: write it like 2026-12-31T00:00:00Z, in whole seconds",
            json_reader_quote(reader, text));
    }
}

static void read_monitor_until(struct json_reader *reader, const json_t *value, void *out)
{
    read_moment(reader, value, &((struct scope *)out)->monitor_until);
}

static void read_not_before(struct json_reader *reader, const json_t *value, void *out)
{
    read_moment(reader, value, &((struct scope *)out)->not_before);
}

static void read_expires(struct json_reader *reader, const json_t *value, void *out)
{
    read_moment(reader, value, &((struct scope *)out)->expires);
}

static void read_envelope_allow(struct json_reader *reader, const json_t *value, void *out)
{
    scope_read_patterns(reader, value, &((struct scope *)out)->envelope_from);
}

static void read_null_sender(struct json_reader *reader, const json_t *value, void *out)
{
    json_reader_boolean(reader, value, &((struct scope *)out)->null_sender);
}

static void read_envelope_from(struct json_reader *reader, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"allow", true, read_envelope_allow},
        {"null_sender", false, read_null_sender},
        {0},
    };

    json_reader_object(reader, value, members, out);
}

static void read_header_allow(struct json_reader *reader, const json_t *value, void *out)
{
    scope_read_patterns(reader, value, &((struct scope *)out)->header_from);
}

static void read_align(struct json_reader *reader, const json_t *value, void *out)
{
    unsigned word = 0;

    if (json_reader_word(reader, value, scope_align_words, &word)) {
        ((struct scope *)out)->align = (enum scope_align)word;
    }
}

static void read_header_from(struct json_reader *reader, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"allow", true, read_header_allow},
        {"align", false, read_align},
        {0},
    };

    json_reader_object(reader, value, members, out);
}

static void read_recipients_allow(struct json_reader *reader, const json_t *value, void *out)
{
    scope_read_patterns(reader, value, &((struct scope *)out)->recipients_allow);
}

static void read_recipients_deny(struct json_reader *reader, const json_t *value, void *out)
{
    scope_read_patterns(reader, value, &((struct scope *)out)->recipients_deny);
}

static void read_recipients(struct json_reader *reader, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"allow", false, read_recipients_allow},
        {"deny", false, read_recipients_deny},
        {0},
    };

    json_reader_object(reader, value, members, out);
    if (json_is_object(value) && json_object_size(value) == 0) {
        json_reader_flaw(reader, "has neither allow nor deny: add one, or leave recipients out");
    }
}

static void read_networks_allow(struct json_reader *reader, const json_t *value, void *out)
{
    scope_read_networks(reader, value, &((struct scope *)out)->networks);
}

static void read_networks(struct json_reader *reader, const json_t *value, void *out)
{
    static const struct member members[] = {{"allow", true, read_networks_allow}, {0}};

    json_reader_object(reader, value, members, out);
}

static void read_mechanisms(struct json_reader *reader, const json_t *value, void *out)
{
    scope_read_words(reader, value, &((struct scope *)out)->mechanisms, true);
}

static void read_services(struct json_reader *reader, const json_t *value, void *out)
{
    scope_read_words(reader, value, &((struct scope *)out)->services, false);
}

static void read_tls_required(struct json_reader *reader, const json_t *value, void *out)
{
    json_reader_boolean(reader, value, &((struct scope *)out)->tls_required);
}

static void read_tls(struct json_reader *reader, const json_t *value, void *out)
{
    static const struct member members[] = {{"required", true, read_tls_required}, {0}};

    json_reader_object(reader, value, members, out);
}

static void read_max_size(struct json_reader *reader, const json_t *value, void *out)
{
    json_reader_integer(reader, value, SCOPE_SIZE_LIMIT_MAX, &((struct scope *)out)->max_size);
}

static void read_max_recipients(struct json_reader *reader, const json_t *value, void *out)
{
    json_reader_integer(reader, value, SCOPE_RECIPIENTS_MAX,
                        &((struct scope *)out)->max_recipients);
}

/* In the order in which flaws are reported. */
static const struct member document_members[] = {
    {"v", true, read_version},
    {"mode", false, read_mode},
    {"monitor_until", false, read_monitor_until},
    {"envelope_from", false, read_envelope_from},
    {"header_from", false, read_header_from},
    {"recipients", false, read_recipients},
    {"networks", false, read_networks},
    {"tls", false, read_tls},
    {"mechanisms", false, read_mechanisms},
    {"services", false, read_services},
    {"time", false, scope_read_time},
    {"not_before", false, read_not_before},
    {"expires", false, read_expires},
    {"max_size", false, read_max_size},
    {"max_recipients", false, read_max_recipients},
    {"rates", false, scope_read_rates},
    {0},
};

/* Checks members that depend on each other. */
static void check_times(struct json_reader *reader, const struct scope *scope)
{
    size_t mark = json_reader_enter(reader, "monitor_until");

    if (scope->monitor && scope->monitor_until == 0) {
        json_reader_flaw(reader, "is missing: mode monitor needs an end, at most 30 days ahead");
    } else if (!scope->monitor && scope->monitor_until != 0) {
        json_reader_flaw(reader, "is for mode monitor: leave it out, or set the mode");
    }
    json_reader_leave(reader, mark);
    mark = json_reader_enter(reader, "expires");
    if (scope->expires != 0 && scope->expires <= scope->not_before) {
        json_reader_flaw(reader, "is not after not_before: choose a later time");
    }
    json_reader_leave(reader, mark);
}

static void check_sizes(struct json_reader *reader, const struct scope *scope)
{
    size_t patterns = scope->envelope_from.given + scope->header_from.given +
                      scope->recipients_allow.given + scope->recipients_deny.given;

    if (patterns > SCOPE_PATTERNS_MAX) {
        json_reader_flaw(reader, "has %zu patterns of addresses: at most %d are allowed", patterns,
                         SCOPE_PATTERNS_MAX);
    }
}

static void check_canonical_size(struct json_reader *reader, const struct scope *scope)
{
    json_t *json = scope_json(scope);
    size_t size = json_dumpb(json, NULL, 0, SCOPE_JSON_FLAGS);

    if (size > SCOPE_SIZE_MAX) {
        json_reader_flaw(reader, "has %zu octets: at most %d are allowed", size, SCOPE_SIZE_MAX);
    }
    json_decref(json);
}

struct scope *scope_parse_all(const json_t *document, struct scope_flaws *flaws)
{
    struct arena *arena = arena_create();
    struct scope *scope = arena_new(arena, struct scope);
    struct json_reader reader = {.arena = arena, .flaws = flaws};

    scope->arena = arena;
    flaws->count = 0;
    json_reader_object(&reader, document, document_members, scope);
    check_sizes(&reader, scope);
    if (flaws->count == 0) {
        check_times(&reader, scope);
        check_canonical_size(&reader, scope);
    }
    if (flaws->count > 0) {
        scope_destroy(scope);
        return NULL;
    }
    return scope;
}

struct scope *scope_parse(const json_t *document, struct scope_flaw *flaw)
{
    struct scope_flaws flaws;
    struct scope *scope = scope_parse_all(document, &flaws);

    if (scope == NULL) {
        *flaw = flaws.items[0];
    }
    return scope;
}

void scope_destroy(struct scope *scope)
{
    if (scope != NULL) {
        arena_destroy(scope->arena);
    }
}

const char *scope_tz(const struct scope *scope)
{
    return scope->tz;
}
