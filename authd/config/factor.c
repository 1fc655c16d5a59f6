/* Second factors: which users need one, and where a code is remembered. Threat: a remembered
 * network that protects nothing, because it covers every place where an attacker can be, or never
 * ends. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/reader.h"
#include "config/value.h"

#define MINUTE_MS (60 * 1000ull)
#define DAY_MS    (24 * 60 * MINUTE_MS)
#define DAYS_MAX  30
#define USES      "200"
#define USES_MAX  100000
#define NETWORK   "/24,/64"
#define BITS4_MIN 16
#define BITS4_MAX 32
#define BITS6_MIN 32
#define BITS6_MAX 128

static bool read_bool(const struct reader *reader, const char *path, const char *value, bool *out)
{
    const char *text = reader_default(value, path);
    struct err problem;

    return config_value_bool(text, out, &problem) ||
           reader_fail_value(reader, path, text, problem.text);
}

static bool read_duration(const struct reader *reader, const char *text,
                          struct factor_remember *remember)
{
    static const char path[] = "second_factor_remember.for";
    struct err problem;
    uint64_t ms = 0;

    if (!config_value_duration(text, &ms, &problem)) {
        return reader_fail_value(reader, path, text, problem.text);
    }
    if (ms < MINUTE_MS || ms > DAYS_MAX * DAY_MS) {
        return reader_fail_value(reader, path, text, "is outside of 1m to 30d");
    }
    remember->seconds = (int64_t)(ms / 1000);
    return true;
}

static bool read_uses(const struct reader *reader, const char *text,
                      struct factor_remember *remember)
{
    struct err problem;
    uint64_t uses = 0;

    if (!config_value_number(text, USES_MAX, &uses, &problem) || uses == 0) {
        return reader_fail(reader, "second_factor_remember.uses",
                           "\"%.100s\" is not a whole number from 1 to %d", text, USES_MAX);
    }
    remember->uses = (int64_t)uses;
    return true;
}

/* Reads a pair of prefixes such as "/24,/64" in its canonical form; every other form is refused. */
static bool read_network(const struct reader *reader, const char *text,
                         struct factor_remember *remember)
{
    char canonical[32] = "";

    if (sscanf(text, "/%3u,/%3u", &remember->bits4, &remember->bits6) == 2) {
        snprintf(canonical, sizeof(canonical), "/%u,/%u", remember->bits4, remember->bits6);
    }
    if (strcmp(text, canonical) == 0 && remember->bits4 >= BITS4_MIN &&
        remember->bits4 <= BITS4_MAX && remember->bits6 >= BITS6_MIN &&
        remember->bits6 <= BITS6_MAX) {
        return true;
    }
    return reader_fail(reader, "second_factor_remember.network",
                       "\"%.100s\" is not a prefix of IPv4 (16 to 32) and one of IPv6 (32 to 128); "
                       "write for example " NETWORK,
                       text);
}

static bool read_shared(const struct reader *reader, const struct raw_factor_remember *raw,
                        struct config *config)
{
    struct factor_remember *remember = &config->factor_rules.remember;

    config->remember_shared = mem_calloc(raw->shared_count, sizeof(*config->remember_shared));
    remember->shared = config->remember_shared;
    for (; remember->shared_count < raw->shared_count; remember->shared_count++) {
        char path[READER_PATH_MAX];

        snprintf(path, sizeof(path), "second_factor_remember.shared[%zu]",
                 remember->shared_count + 1);
        if (!reader_network(reader, path, raw->shared[remember->shared_count],
                            &config->remember_shared[remember->shared_count])) {
            return false;
        }
    }
    return true;
}

static bool read_remember(const struct reader *reader, const struct raw_factor_remember *raw,
                          struct config *config)
{
    struct factor_remember *remember = &config->factor_rules.remember;

    if (raw->duration == NULL) {
        return (raw->uses == NULL && raw->network == NULL && raw->shared_count == 0) ||
               reader_fail(reader, "second_factor_remember",
                           "the key \"for\" is missing; add for: 12h, or remove the section");
    }
    return read_duration(reader, raw->duration, remember) &&
           read_uses(reader, raw->uses != NULL ? raw->uses : USES, remember) &&
           read_network(reader, raw->network != NULL ? raw->network : NETWORK, remember) &&
           read_shared(reader, raw, config);
}

bool config_read_factor(const struct reader *reader, const struct raw_config *raw,
                        struct config *config)
{
    static const char *const policies[] = {
        [FACTOR_OFF] = "off", [FACTOR_OPTIONAL] = "optional", [FACTOR_REQUIRED] = "required", NULL};
    struct factor_rules *rules = &config->factor_rules;
    unsigned policy = 0;

    if (!reader_choice(reader, "second_factor", reader_default(raw->second_factor, "second_factor"),
                       policies, &policy)) {
        return false;
    }
    rules->policy = (enum factor_policy)policy;
    return read_bool(reader, "second_factor_inline", raw->second_factor_inline,
                     &rules->inline_codes) &&
           read_bool(reader, "second_factor_ahead", raw->second_factor_ahead, &rules->ahead) &&
           read_remember(reader, &raw->second_factor_remember, config);
}
