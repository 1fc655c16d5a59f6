/* Threat: an argument that becomes more than one segment of a path. Every argument is
 * percent-encoded, also "." and "..", which a proxy might resolve. */
#include "ctl/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/program.h"
#include "base/rfc3339.h"
#include "ctl/input_file.h"

/* ---- paths --------------------------------------------------------------------------------- */

void request_encode(struct buf *path, const char *text)
{
    bool dots = text[0] != '\0' && strspn(text, ".") == strlen(text);

    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                     (*c >= 'A' && *c <= 'Z') || strchr("-._~", *c) != NULL;

        if (plain && !dots) {
            buf_append(path, c, 1);
        } else {
            buf_printf(path, "%%%02X", *c);
        }
    }
}

void request_query(struct buf *path, const char *name, const char *value)
{
    bool first = path->len == 0 || memchr(path->data, '?', path->len) == NULL;

    buf_printf(path, "%c%s=", first ? '?' : '&', name);
    request_encode(path, value);
}

/* Encodes an id. The id of an app password may be written as people see it, k7. */
static void encode_id(struct buf *path, const char *word)
{
    bool prefixed =
        word[0] == 'k' && word[1] != '\0' && strspn(word + 1, "0123456789") == strlen(word + 1);

    request_encode(path, word + prefixed);
}

/* Encodes a scope's level: site, domain:D, class:C, or a user. No login is mistaken for another
 * level, since a login has no colon before its @. */
static void encode_level(struct buf *path, const char *word)
{
    static const struct {
        const char *prefix;
        const char *path;
    } levels[] = {{"domain:", "/v1/domains/"}, {"class:", "/v1/classes/"}};

    if (strcmp(word, "site") == 0) {
        buf_append_text(path, "/v1");
        return;
    }
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        size_t len = strlen(levels[i].prefix);

        if (strncmp(word, levels[i].prefix, len) == 0 && word[len] != '\0') {
            buf_append_text(path, levels[i].path);
            request_encode(path, word + len);
            return;
        }
    }
    buf_append_text(path, "/v1/users/");
    request_encode(path, word);
}

static void build_path(struct buf *path, const struct invocation *invocation)
{
    const char *rest = invocation->command->path;

    while (*rest != '\0') {
        if (*rest != '{') {
            buf_append(path, rest++, 1);
            continue;
        }

        size_t word = (size_t)(rest[1] - '1');
        /* Only a scope's level may be left out; the default is the site. */
        const char *text = word < invocation->count ? invocation->words[word] : "site";

        if (rest[2] == '#') {
            encode_id(path, text);
        } else if (rest[2] == '@') {
            encode_level(path, text);
        } else {
            request_encode(path, text);
        }
        rest += rest[2] == '}' ? 3 : 4;
    }
}

void request_fill(struct buf *out, const char *template, const char *const *words)
{
    for (const char *rest = template; *rest != '\0'; rest++) {
        if (rest[0] == '{' && rest[1] >= '1' && rest[1] <= '9' && rest[2] == '}') {
            buf_append_text(out, words[rest[1] - '1']);
            rest += 2;
        } else {
            buf_append(out, rest, 1);
        }
    }
}

/* ---- options ------------------------------------------------------------------------------- */

static bool flaw(struct err *err, enum option option, const char *takes, const char *value)
{
    return err_set(err, "--%s takes %s, not \"%s\"", option_table[option].spelling, takes, value);
}

static bool put_expiry(json_t *body, const struct input *input, const char *value, struct err *err)
{
    int64_t seconds;
    int64_t at;

    if (strcmp(value, "never") == 0) {
        json_object_set_new(body, "expires_at", json_null());
    } else if (duration_parse(span_of(value), &seconds)) {
        json_object_set_new(body, "expires_in", json_integer(seconds));
    } else if (rfc3339_parse(span_of(value), &at)) {
        json_object_set_new(body, "expires_at", json_string(value));
    } else {
        return flaw(err, input->option, "90d, a time like 2027-01-31T00:00:00Z, or never", value);
    }
    return true;
}

static bool put_duration(json_t *body, const struct input *input, const char *value,
                         struct err *err)
{
    int64_t seconds;
    bool days = input->shape == SHAPE_DAYS;

    if (!duration_parse(span_of(value), &seconds) || (days && seconds % DURATION_DAY != 0)) {
        return flaw(err, input->option, days ? "days, like 90d" : "a time like 30s, 5m, 12h or 90d",
                    value);
    }
    json_object_set_new(body, input->member, json_integer(days ? seconds / DURATION_DAY : seconds));
    return true;
}

static bool put_number(json_t *body, const struct input *input, const char *value, struct err *err)
{
    size_t length = strlen(value);

    if (length == 0 || length > 9 || strspn(value, "0123456789") != length) {
        return flaw(err, input->option, "a number", value);
    }
    json_object_set_new(body, input->member, json_integer(strtol(value, NULL, 10)));
    return true;
}

static void put_listed(json_t *body, const char *member, const char *value)
{
    if (json_object_get(body, member) == NULL) {
        json_object_set_new(body, member, json_array());
    }
    json_array_append_new(json_object_get(body, member), json_string(value));
}

static bool put_option(json_t *body, const struct input *input, const char *value, struct err *err)
{
    json_t *document;

    switch (input->shape) {
    case SHAPE_TEXT:
        json_object_set_new(body, input->member, json_string(value));
        return true;
    case SHAPE_TEXTS:
        put_listed(body, input->member, value);
        return true;
    case SHAPE_FLAG:
        json_object_set_new(body, input->member, json_true());
        return true;
    case SHAPE_NUMBER:
        return put_number(body, input, value, err);
    case SHAPE_SECONDS:
    case SHAPE_DAYS:
        return put_duration(body, input, value, err);
    case SHAPE_EXPIRY:
        return put_expiry(body, input, value, err);
    case SHAPE_DOCUMENT:
        document =
            strcmp(value, "none") == 0 ? json_null() : document_read(value, DOCUMENT_MAX, err);
        json_object_set_new(body, input->member, document);
        return document != NULL;
    case SHAPE_OWN:
    case SHAPE_SECRET:
        break;
    }
    return true;
}

/* ---- KEY=VALUE ----------------------------------------------------------------------------- */

/* True if `keys` has "KEY[]". authctl sends unknown keys as they are: a newer authd may know
 * them. */
static bool is_list(const char *keys, const char *key, size_t len)
{
    for (const char *at = keys; (at = strstr(at, "[]")) != NULL; at++) {
        if ((size_t)(at - keys) >= len && strncmp(at - len, key, len) == 0 &&
            (at - len == keys || at[-(ptrdiff_t)len - 1] == ' ')) {
            return true;
        }
    }
    return false;
}

/* Returns null for an empty value, which removes the old value. */
static json_t *value_of(const char *text, bool list)
{
    if (!list) {
        return *text != '\0' ? json_string(text) : json_null();
    }

    json_t *items = json_array();

    while (*text != '\0') {
        size_t len = strcspn(text, ",");

        if (len > 0) {
            json_array_append_new(items, json_stringn(text, len));
        }
        text += len + (text[len] == ',');
    }
    return items;
}

static bool put_keys(json_t *body, const struct invocation *invocation, struct err *err)
{
    for (size_t i = 1; i < invocation->count; i++) {
        const char *word = invocation->words[i];
        const char *sign = strchr(word, '=');
        size_t len = sign != NULL ? (size_t)(sign - word) : 0;

        if (len == 0) {
            return err_set(err, "\"%s\" is not KEY=VALUE", word);
        }
        if (json_object_getn(body, word, len) != NULL) {
            return err_set(err, "%.*s is given twice", (int)len, word);
        }
        json_object_setn_new(body, word, len,
                             value_of(sign + 1, is_list(invocation->command->keys, word, len)));
    }
    return true;
}

/* ---- the request --------------------------------------------------------------------------- */

static bool build_body(json_t *body, const struct invocation *invocation, struct err *err)
{
    const struct command *command = invocation->command;

    for (size_t i = 0; i < invocation->given_count; i++) {
        const struct input *input = command_input(command, invocation->given[i].option);

        if (input != NULL && !put_option(body, input, invocation->given[i].value, err)) {
            return false;
        }
    }
    if (command->member != NULL && command->member[0] != '\0') {
        json_object_set_new(body, command->member,
                            json_string(invocation->words[invocation->count - 1]));
    }
    if (command->keys != NULL && !put_keys(body, invocation, err)) {
        return false;
    }
    return strcmp(command->method, "PATCH") != 0 || json_object_size(body) > 0 ||
           err_set(err, "%s %s needs something to set; see %s help %s %s", invocation->noun->name,
                   command->verb, program_name(), invocation->noun->name, command->verb);
}

/* Moves the members to the query, since a GET has no body. */
static void move_to_query(struct buf *path, const json_t *members)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)members, name, value)
    {
        if (json_is_string(value)) {
            request_query(path, name, json_string_value(value));
        } else {
            char *text = json_dumps(value, JSON_ENCODE_ANY);

            request_query(path, name, text);
            free(text);
        }
    }
}

bool request_build(struct request *request, const struct invocation *invocation, struct err *err)
{
    const struct command *command = invocation->command;
    size_t file = command->min - 1; /* the argument that names a file */

    buf_init(&request->path, PATH_MAX_LENGTH);
    request->body = json_object();
    build_path(&request->path, invocation);
    if (command->member != NULL && command->member[0] == '\0') {
        json_decref(request->body);
        request->body = document_read(invocation->words[file], DOCUMENT_MAX, err);
    } else if (!build_body(request->body, invocation, err)) {
        return false;
    }
    if (request->body != NULL && strcmp(command->method, "GET") == 0) {
        move_to_query(&request->path, request->body);
        json_object_clear(request->body);
    }
    if (request->path.overflow) {
        return err_set(err, "the arguments are too long");
    }
    return request->body != NULL;
}

void request_finish(struct request *request)
{
    json_decref(request->body);
    buf_finish(&request->path);
}
