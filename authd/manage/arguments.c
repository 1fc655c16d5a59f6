#include "manage/arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "core/name.h"

#define USER_ID_DIGITS_MAX 18

struct preparation {
    const char *default_domain;
    char *detail;
};

/* Sets `detail` and returns always false. */
static bool __attribute__((format(printf, 2, 3)))
refuse(const struct preparation *preparation, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(preparation->detail, ARGUMENTS_DETAIL_MAX, format, args);
    va_end(args);
    return false;
}

static bool text_span(const json_t *value, struct span *out)
{
    if (!json_is_string(value)) {
        return false;
    }
    *out = (struct span){json_string_value(value), json_string_length(value)};
    return true;
}

static bool is_user_id(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0 && text.len <= USER_ID_DIGITS_MAX;
}

/* Is the text "me", in any case? "me" stands for the caller; a login of that name needs its
 * domain. */
static bool is_me(struct span text)
{
    return text.len == 2 && strncasecmp(text.ptr, "me", 2) == 0;
}

/* ---- one name ------------------------------------------------------------------------------ */

typedef enum name_error canonical_f(const struct preparation *preparation, struct span in,
                                    char out[static NAME_MAX_LENGTH + 1]);

static enum name_error login_name(const struct preparation *preparation, struct span in,
                                  char out[static NAME_MAX_LENGTH + 1])
{
    return name_login(in, preparation->default_domain, out);
}

static enum name_error address_name(const struct preparation *preparation, struct span in,
                                    char out[static NAME_MAX_LENGTH + 1])
{
    (void)preparation;
    return name_address(in, out);
}

/* A recovery address receives mail, so it must be one mailbox and not a whole domain. */
static enum name_error mailbox_name(const struct preparation *preparation, struct span in,
                                    char out[static NAME_MAX_LENGTH + 1])
{
    (void)preparation;
    return in.len > 0 && in.ptr[0] == '*' ? NAME_RESERVED : name_address(in, out);
}

static enum name_error domain_name(const struct preparation *preparation, struct span in,
                                   char out[static NAME_MAX_LENGTH + 1])
{
    (void)preparation;
    return name_domain(in, out);
}

/* Sets the member `field` to the canonical login of `in`. */
static bool complete(const struct preparation *preparation, json_t *object, const char *field,
                     struct span in)
{
    char name[NAME_MAX_LENGTH + 1];
    enum name_error error = name_login(in, preparation->default_domain, name);

    if (error != NAME_OK) {
        return refuse(preparation, "%s %s", field, name_error_text(error));
    }
    json_object_set_new(object, field, json_string(name));
    return true;
}

/* Prepares "user": a login, "me", or digits, which may be an id or a login. */
static bool prepare_user(const struct preparation *preparation, json_t *arguments)
{
    struct span in;

    if (!text_span(json_object_get(arguments, "user"), &in)) {
        return true;
    }
    if (is_me(in)) {
        json_object_set_new(arguments, "user", json_string("me"));
        return true;
    }
    if (!is_user_id(in)) {
        return complete(preparation, arguments, "user", in);
    }
    return preparation->default_domain == NULL ||
           complete(preparation, arguments, "user_login", in);
}

/* ---- objects ------------------------------------------------------------------------------- */

static const struct {
    const char *field;
    canonical_f *canonical;
} singles[] = {
    {"login", login_name},
    {"address", address_name},
    {"recovery_address", mailbox_name},
    {"domain", domain_name},
};

static const struct {
    const char *field;
    canonical_f *canonical;
} lists[] = {
    {"addresses", address_name},
    {"domains", domain_name},
};

static bool prepare_single(const struct preparation *preparation, json_t *object, size_t which)
{
    const char *field = singles[which].field;
    char name[NAME_MAX_LENGTH + 1];
    struct span in;

    if (!text_span(json_object_get(object, field), &in)) {
        return true;
    }
    if (singles[which].canonical == login_name && is_me(in)) {
        return refuse(preparation,
                      "login is \"me\", which stands for the caller: write it with its domain");
    }
    enum name_error error = singles[which].canonical(preparation, in, name);

    if (error != NAME_OK) {
        return refuse(preparation, "%s %s", field, name_error_text(error));
    }
    json_object_set_new(object, field, json_string(name));
    return true;
}

static bool prepare_list(const struct preparation *preparation, json_t *object, size_t which)
{
    json_t *items = json_object_get(object, lists[which].field);

    for (size_t i = 0; i < json_array_size(items); i++) {
        char name[NAME_MAX_LENGTH + 1];
        struct span in;

        if (!text_span(json_array_get(items, i), &in)) {
            continue;
        }
        enum name_error error = lists[which].canonical(preparation, in, name);

        if (error != NAME_OK) {
            return refuse(preparation, "%s[%zu] %s", lists[which].field, i, name_error_text(error));
        }
        json_array_set_new(items, i, json_string(name));
    }
    return true;
}

static bool prepare_object(const struct preparation *preparation, json_t *object)
{
    for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
        if (!prepare_single(preparation, object, i)) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (!prepare_list(preparation, object, i)) {
            return false;
        }
    }
    return true;
}

static void prepare_rows(const char *default_domain, json_t *rows)
{
    char detail[ARGUMENTS_DETAIL_MAX];
    const struct preparation preparation = {.default_domain = default_domain, .detail = detail};
    size_t index;
    json_t *row;

    json_array_foreach(rows, index, row)
    {
        if (json_is_object(row) && !prepare_object(&preparation, row)) {
            json_object_set_new(row, "flaw", json_string(detail));
        }
    }
}

/* Makes the name of a new domain canonical. A request has the name in "new_domain", because "name"
 * may also be that of a class. The SQL function expects the name in "name". */
static bool prepare_new_domain(const struct preparation *preparation, json_t *arguments)
{
    char name[NAME_MAX_LENGTH + 1];
    struct span in;

    if (!text_span(json_object_get(arguments, "new_domain"), &in)) {
        return true;
    }
    enum name_error error = name_domain(in, name);

    if (error != NAME_OK) {
        return refuse(preparation, "name %s", name_error_text(error));
    }
    json_object_set_new(arguments, "name", json_string(name));
    json_object_del(arguments, "new_domain");
    return true;
}

bool arguments_prepare(json_t *arguments, const char *default_domain,
                       char detail[static ARGUMENTS_DETAIL_MAX])
{
    const struct preparation preparation = {.default_domain = default_domain, .detail = detail};

    prepare_rows(default_domain, json_object_get(arguments, "rows"));
    return prepare_user(&preparation, arguments) && prepare_new_domain(&preparation, arguments) &&
           prepare_object(&preparation, arguments) &&
           prepare_object(&preparation, json_object_get(arguments, "changes"));
}
