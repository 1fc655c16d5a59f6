#include "http/request_schema.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistr.h>

#include "base/rfc3339.h"

/* Bounds of an answer: however many flaws a body has, the answer stays small. */
#define ERRORS_MAX 10
#define NAME_MAX   64
#define LIST_MAX   200

static void __attribute__((format(printf, 3, 4)))
error_add(json_t *errors, const char *member_name, const char *format, ...)
{
    char text[256];
    char name[NAME_MAX + 1];
    va_list args;

    if (json_array_size(errors) >= ERRORS_MAX) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    snprintf(name, sizeof(name), "%s", member_name);
    /* A character that was cut in half is not UTF-8. */
    for (size_t len = strlen(name); u8_check((const uint8_t *)name, len) != NULL;) {
        name[--len] = '\0';
    }
    json_array_append_new(errors, json_pack("{s:s, s:s}", "field", name, "detail", text));
}

static void list_add(char list[static LIST_MAX], const char *word)
{
    size_t len = strlen(list);

    snprintf(list + len, LIST_MAX - len, "%s%s", len > 0 ? ", " : "", word);
}

static void check_words(const struct request_member *member, const char *text, json_t *errors)
{
    char list[LIST_MAX] = "";

    for (const char *const *word = member->words; *word != NULL; word++) {
        if (strcmp(*word, text) == 0) {
            return;
        }
        list_add(list, *word);
    }
    error_add(errors, member->name, "is not one of %s", list);
}

static void refuse_unknown(const struct request_member *members, const char *name, json_t *errors)
{
    char list[LIST_MAX] = "";

    for (const struct request_member *member = members; member->name != NULL; member++) {
        list_add(list, member->name);
    }
    if (list[0] == '\0') {
        error_add(errors, name, "is unknown; this takes nothing");
        return;
    }
    error_add(errors, name, "is unknown; this takes %s", list);
}

static void check_text(const struct request_member *member, const json_t *value, json_t *errors)
{
    const uint8_t *text = (const uint8_t *)json_string_value(value);
    long octets = (long)json_string_length(value);

    if (!json_is_string(value)) {
        error_add(errors, member->name, "is not a text");
        return;
    }

    long len = (long)u8_mbsnlen(text, (size_t)octets);

    if (len < member->min) {
        error_add(errors, member->name, len == 0 ? "is empty" : "is too short");
    } else if (len > member->max) {
        error_add(errors, member->name, "is longer than %ld characters", member->max);
    } else if (member->octets > 0 && octets > member->octets) {
        error_add(errors, member->name, "is longer than %ld octets", member->octets);
    } else if (member->words != NULL) {
        check_words(member, json_string_value(value), errors);
    }
}

static void check_integer(const struct request_member *member, const json_t *value, json_t *errors)
{
    if (!json_is_integer(value)) {
        error_add(errors, member->name, "is not a whole number");
        return;
    }

    json_int_t number = json_integer_value(value);

    if (number < member->min || number > member->max) {
        error_add(errors, member->name, "is not between %ld and %ld", member->min, member->max);
    } else if (member->step > 0 && number % member->step != 0) {
        error_add(errors, member->name, "is not a multiple of %ld", member->step);
    }
}

static void check_time(const struct request_member *member, const json_t *value, json_t *errors)
{
    const struct span text = {json_string_value(value), json_string_length(value)};
    int64_t seconds;

    if (!rfc3339_parse(text, &seconds)) {
        error_add(errors, member->name, "is not a time like 2026-12-31T23:59:59Z");
    }
}

static void check_value(const struct request_member *member, const json_t *value, json_t *errors);

/* Names each member in `errors` by `path` and its own name. */
static void check_members(const struct request_member *members, const json_t *object,
                          const char *path, json_t *errors)
{
    const char *name;
    json_t *value;
    char full[NAME_MAX + 1];

    json_object_foreach((json_t *)object, name, value)
    {
        const struct request_member *member = request_schema_find(members, name);

        snprintf(full, sizeof(full), "%s%s", path, name);
        if (member == NULL) {
            refuse_unknown(members, full, errors);
            continue;
        }
        struct request_member named = *member;

        named.name = full;
        check_value(&named, value, errors);
    }
    for (const struct request_member *member = members; member->name != NULL; member++) {
        if ((member->flags & REQUEST_REQUIRED) != 0 &&
            json_object_get(object, member->name) == NULL) {
            snprintf(full, sizeof(full), "%s%s", path, member->name);
            error_add(errors, full, "is missing");
        }
    }
}

static void check_object(const struct request_member *member, const json_t *value, json_t *errors)
{
    char path[NAME_MAX + 1];

    if (!json_is_object(value)) {
        error_add(errors, member->name, "is not an object");
    } else if (member->type == REQUEST_OBJECT && (long)json_object_size(value) < member->min) {
        error_add(errors, member->name, "has fewer than %ld members", member->min);
    } else if (member->members != NULL && (member->flags & REQUEST_DESCRIBED) == 0) {
        snprintf(path, sizeof(path), "%s.", member->name);
        check_members(member->members, value, path, errors);
    }
}

static void check_list(const struct request_member *member, const json_t *value, json_t *errors)
{
    if (!json_is_array(value)) {
        error_add(errors, member->name, "is not a list");
        return;
    }

    long size = (long)json_array_size(value);

    if (size < member->min || size > member->max) {
        error_add(errors, member->name, "does not have %ld to %ld items", member->min, member->max);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        char name[NAME_MAX + 1];
        const struct request_member item = {
            .name = name,
            .flags = member->flags & REQUEST_DESCRIBED,
            .type = member->type == REQUEST_TEXTS ? REQUEST_TEXT : REQUEST_OBJECTS,
            .min = 1,
            .max = member->item_max,
            .members = member->members,
        };

        snprintf(name, sizeof(name), "%s[%zu]", member->name, i);
        if (member->type == REQUEST_TEXTS) {
            check_text(&item, json_array_get(value, i), errors);
        } else {
            check_object(&item, json_array_get(value, i), errors);
        }
    }
}

static void check_value(const struct request_member *member, const json_t *value, json_t *errors)
{
    if (json_is_null(value) && (member->flags & REQUEST_NULLABLE) != 0) {
        return;
    }
    switch (member->type) {
    case REQUEST_TEXT:
        check_text(member, value, errors);
        break;
    case REQUEST_BOOLEAN:
        if (!json_is_boolean(value)) {
            error_add(errors, member->name, "is neither true nor false");
        }
        break;
    case REQUEST_INTEGER:
        check_integer(member, value, errors);
        break;
    case REQUEST_TIME:
        check_time(member, value, errors);
        break;
    case REQUEST_OBJECT:
        check_object(member, value, errors);
        break;
    case REQUEST_TEXTS:
    case REQUEST_OBJECTS:
        check_list(member, value, errors);
        break;
    }
}

const struct request_member *request_schema_find(const struct request_member *members,
                                                 const char *name)
{
    for (const struct request_member *member = members; member->name != NULL; member++) {
        if (strcmp(member->name, name) == 0) {
            return member;
        }
    }
    return NULL;
}

json_t *request_schema_check(const struct request_member *members, const json_t *object,
                             json_t *errors)
{
    json_t *arguments = json_object();
    const char *name;
    json_t *value;

    check_members(members, object, "", errors);
    json_object_foreach((json_t *)object, name, value)
    {
        const struct request_member *member = request_schema_find(members, name);

        if (member != NULL) {
            json_object_set(arguments, member->argument != NULL ? member->argument : name, value);
        }
    }
    return arguments;
}

static json_t *query_value(const struct request_member *member, const char *text)
{
    if (member != NULL && member->type == REQUEST_BOOLEAN) {
        if (strcmp(text, "true") == 0) {
            return json_true();
        }
        if (strcmp(text, "false") == 0) {
            return json_false();
        }
    }
    if (member != NULL && member->type == REQUEST_INTEGER && text[0] >= '0' && text[0] <= '9') {
        char *end;

        errno = 0;
        long number = strtol(text, &end, 10);

        if (errno == 0 && *end == '\0') {
            return json_integer(number);
        }
    }
    return json_string(text);
}

json_t *request_schema_query(const struct request_member *members, const struct uri *uri)
{
    json_t *object = json_object();

    for (size_t i = 0; i < uri->query_count; i++) {
        const struct uri_parameter *parameter = &uri->query[i];

        json_object_set_new(
            object, parameter->name,
            query_value(request_schema_find(members, parameter->name), parameter->value));
    }
    return object;
}

/* The first error, and how many more there are. */
static const char *sentence_of(const json_t *errors, struct arena *arena)
{
    const json_t *first = json_array_get(errors, 0);
    const char *member = json_string_value(json_object_get(first, "field"));
    const char *detail = json_string_value(json_object_get(first, "detail"));
    size_t count = json_array_size(errors);

    if (count == 1) {
        return arena_printf(arena, "%s %s", member, detail);
    }
    return arena_printf(arena, "%s %s, and %zu more", member, detail, count - 1);
}

const struct problem *request_schema_problem(json_t *errors, struct arena *arena)
{
    if (json_array_size(errors) == 0) {
        json_decref(errors);
        return NULL;
    }

    struct problem *problem = problem_new(arena, PROBLEM_INVALID, sentence_of(errors, arena), NULL);

    problem->errors = errors;
    return problem;
}
