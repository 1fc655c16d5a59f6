/* The canonical form of a sending scope. It is written from the parsed scope, so that no spelling
 * of the input is left in it. A member with its default value is left out, like an absent one. */
#include <sodium.h>

#include "base/duration.h"
#include "base/rfc3339.h"
#include "scope/scope_document.h"

static json_t *json_times(const struct scope *scope)
{
    json_t *windows = json_array();

    for (size_t i = 0; i < scope->window_count; i++) {
        const struct scope_window *window = &scope->windows[i];
        char days[SCOPE_DAYS_SIZE];
        char from[SCOPE_CLOCK_SIZE];
        char to[SCOPE_CLOCK_SIZE];

        json_array_append_new(windows, json_pack("{s:s, s:s, s:s}", "days",
                                                 scope_days_text(window->days, days), "from",
                                                 scope_clock_text(window->from, from), "to",
                                                 scope_clock_text(window->to, to)));
    }
    return json_pack("{s:s, s:o}", "tz", scope->tz, "windows", windows);
}

static json_t *json_patterns(const struct scope_patterns *patterns)
{
    json_t *list = json_array();

    for (size_t i = 0; i < patterns->count; i++) {
        json_array_append_new(list, json_string(patterns->items[i].text));
    }
    return list;
}

static json_t *json_networks(const struct scope_networks *networks)
{
    json_t *list = json_array();

    for (size_t i = 0; i < networks->count; i++) {
        char text[NETWORK_TEXT_SIZE];

        json_array_append_new(list, json_string(network_text(&networks->items[i], text)));
    }
    return json_pack("{s:o}", "allow", list);
}

static json_t *json_words(const struct scope_words *words)
{
    json_t *list = json_array();

    for (size_t i = 0; i < words->count; i++) {
        json_array_append_new(list, json_string(words->items[i]));
    }
    return list;
}

static json_t *json_rates(const struct scope *scope)
{
    json_t *list = json_array();

    for (size_t i = 0; i < scope->rate_count; i++) {
        const struct scope_rate *rate = &scope->rates[i];
        char per[DURATION_SIZE];
        json_t *item = json_pack("{s:s, s:I, s:s}", "count", scope_count_words[rate->count], "n",
                                 (json_int_t)rate->n, "per", duration_text(rate->per, per));

        if (rate->of_all) {
            json_object_set_new(item, "of", json_string("all"));
        }
        json_array_append_new(list, item);
    }
    return list;
}

static void put_moment(json_t *object, const char *name, int64_t moment)
{
    char text[RFC3339_SIZE];

    if (moment != 0) {
        json_object_set_new(object, name, json_string(rfc3339_text(moment, text)));
    }
}

static void put_integer(json_t *object, const char *name, int64_t value)
{
    if (value != 0) {
        json_object_set_new(object, name, json_integer(value));
    }
}

static void put_addresses(json_t *object, const struct scope *scope)
{
    if (scope->envelope_from.present) {
        json_t *envelope = json_pack("{s:o}", "allow", json_patterns(&scope->envelope_from));

        if (scope->null_sender) {
            json_object_set_new(envelope, "null_sender", json_true());
        }
        json_object_set_new(object, "envelope_from", envelope);
    }
    if (scope->header_from.present) {
        json_t *header = json_pack("{s:o}", "allow", json_patterns(&scope->header_from));

        if (scope->align != SCOPE_ALIGN_NONE) {
            json_object_set_new(header, "align", json_string(scope_align_words[scope->align]));
        }
        json_object_set_new(object, "header_from", header);
    }
    if (scope->recipients_allow.present || scope->recipients_deny.present) {
        json_t *recipients = json_object();

        if (scope->recipients_allow.present) {
            json_object_set_new(recipients, "allow", json_patterns(&scope->recipients_allow));
        }
        if (scope->recipients_deny.present) {
            json_object_set_new(recipients, "deny", json_patterns(&scope->recipients_deny));
        }
        json_object_set_new(object, "recipients", recipients);
    }
}

static void put_sign_in(json_t *object, const struct scope *scope)
{
    if (scope->networks.present) {
        json_object_set_new(object, "networks", json_networks(&scope->networks));
    }
    if (scope->tls_required) {
        json_object_set_new(object, "tls", json_pack("{s:b}", "required", 1));
    }
    if (scope->mechanisms.present) {
        json_object_set_new(object, "mechanisms", json_words(&scope->mechanisms));
    }
    if (scope->services.present) {
        json_object_set_new(object, "services", json_words(&scope->services));
    }
    if (scope->tz != NULL) {
        json_object_set_new(object, "time", json_times(scope));
    }
    put_moment(object, "not_before", scope->not_before);
    put_moment(object, "expires", scope->expires);
}

json_t *scope_json(const struct scope *scope)
{
    json_t *object = json_pack("{s:i}", "v", 1);

    if (scope->monitor) {
        json_object_set_new(object, "mode", json_string("monitor"));
        put_moment(object, "monitor_until", scope->monitor_until);
    }
    put_addresses(object, scope);
    put_sign_in(object, scope);
    put_integer(object, "max_size", scope->max_size);
    put_integer(object, "max_recipients", scope->max_recipients);
    if (scope->rate_count > 0) {
        json_object_set_new(object, "rates", json_rates(scope));
    }
    return object;
}

char *scope_canonical(const json_t *document)
{
    struct scope_flaw flaw;
    struct scope *scope = scope_parse(document, &flaw);

    if (scope == NULL) {
        return NULL;
    }
    json_t *object = scope_json(scope);
    char *text = json_dumps(object, SCOPE_JSON_FLAGS);

    json_decref(object);
    scope_destroy(scope);
    return text;
}

void scope_hash(const char *canonical, char out[static SCOPE_HASH_SIZE])
{
    uint8_t digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, (const uint8_t *)canonical, strlen(canonical));
    sodium_bin2hex(out, SCOPE_HASH_SIZE, digest, sizeof(digest));
}
