#include "ctl/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "ctl/relative_time.h"

static bool print_time(struct buf *out, const struct view *view, enum form form,
                       const json_t *value)
{
    const char *text = json_string_value(value);
    int64_t at;

    if (text == NULL) {
        if (form == FORM_EXPIRY && view->people) {
            buf_append_text(out, "never");
            return true;
        }
        return false;
    }
    if (!view->people || !rfc3339_parse(span_of(text), &at)) {
        buf_append_text(out, text);
        return true;
    }
    time_relative(out, at, view->now);
    if (form == FORM_EXPIRY && at - view->now < TIME_SOON) {
        buf_append_text(out, at < view->now ? " (expired)" : " !");
    }
    return true;
}

static bool print_list(struct buf *out, const struct view *view, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        buf_append_text(out, i > 0 ? "," : "");
        value_print(out, view, FORM_TEXT, json_array_get(list, i));
    }
    return json_array_size(list) > 0;
}

static bool print_plain(struct buf *out, const struct view *view, const json_t *value)
{
    if (json_is_string(value)) {
        buf_append_text(out, json_string_value(value));
    } else if (json_is_boolean(value)) {
        buf_append_text(out, json_is_true(value) ? "yes" : "no");
    } else if (json_is_array(value)) {
        return print_list(out, view, value);
    } else if (value != NULL && !json_is_null(value)) {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        if (text != NULL) {
            buf_append_text(out, text);
            free(text);
        }
    } else {
        return false;
    }
    return true;
}

bool value_print(struct buf *out, const struct view *view, enum form form, const json_t *value)
{
    switch (form) {
    case FORM_TIME:
    case FORM_EXPIRY:
        return print_time(out, view, form, value);
    case FORM_STATE:
        buf_append_text(out, json_is_true(value) ? "suspended" : "active");
        return true;
    case FORM_SET:
        buf_append_text(out, json_is_true(value) ? "set" : "");
        return json_is_true(value);
    case FORM_RULES:
        rules_print(out, value);
        return json_is_object(value);
    case FORM_ID:
        if (json_is_string(value) &&
            strspn(json_string_value(value), "0123456789") == strlen(json_string_value(value))) {
            buf_append_text(out, "k");
        }
        return print_plain(out, view, value);
    case FORM_MEMBER:
    case FORM_TEXT:
    case FORM_TEXTS:
    case FORM_NUMBER:
    case FORM_BOOLEAN:
    case FORM_OBJECT:
        break;
    }
    return print_plain(out, view, value);
}
