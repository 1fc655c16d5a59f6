/* The password section: the cost of hashing, and the rules for a new password. Threat: a value that
 * makes hashes cheap to guess, or that lets checking them take all of a machine's memory. */
#include <stdio.h>

#include "base/mem.h"
#include "config/reader.h"
#include "config/value.h"
#include "credential/password_strength.h"

#define MIB ((uint64_t)1024 * 1024)

/* OWASP's minimum for argon2id: 19 MiB with two passes, or 46 MiB with one. */
#define HASH_MEMORY_MIN          (19 * MIB)
#define HASH_MEMORY_MAX          (1024 * MIB)
#define HASH_MEMORY_MIN_ONE_PASS (46 * MIB)
#define HASH_PASSES_MAX          10
#define MAX_MEMORY_MAX           (4096 * MIB)
#define MAX_TIME_MIN_MS          100
#define MAX_TIME_MAX_MS          5000
/* NIST SP 800-63B: the minimum for a password with a second factor. */
#define MIN_LENGTH_MIN 8
#define MIN_LENGTH_MAX 64

static bool read_size(const struct reader *reader, const char *path, const char *value,
                      uint64_t *bytes)
{
    struct err problem;
    const char *text = reader_default(value, path);
    return config_value_size(text, bytes, &problem) ||
           reader_fail_value(reader, path, text, problem.text);
}

static bool read_hash_cost(const struct reader *reader, const struct raw_password *raw,
                           struct config *config)
{
    struct err problem;
    uint64_t passes;
    const char *passes_text = reader_default(raw->hash_passes, "password.hash_passes");

    if (!read_size(reader, "password.hash_memory", raw->hash_memory, &config->hash_memory)) {
        return false;
    }
    if (config->hash_memory < HASH_MEMORY_MIN || config->hash_memory > HASH_MEMORY_MAX) {
        return reader_fail(reader, "password.hash_memory",
                           "\"%s\" is outside of 19MiB to 1GiB; 46MiB is a good value",
                           raw->hash_memory);
    }
    if (!config_value_number(passes_text, HASH_PASSES_MAX, &passes, &problem) || passes == 0) {
        return reader_fail(reader, "password.hash_passes",
                           "\"%s\" is not a whole number from 1 to %d", passes_text,
                           HASH_PASSES_MAX);
    }
    if (passes == 1 && config->hash_memory < HASH_MEMORY_MIN_ONE_PASS) {
        return reader_fail(
            reader, "password.hash_memory",
            "\"%s\" in one pass is too cheap to guess; write 46MiB, or hash_passes: 2",
            raw->hash_memory);
    }
    config->hash_passes = (uint32_t)passes;
    return true;
}

struct range {
    unsigned least;
    unsigned most;
};

static bool read_number(const struct reader *reader, const char *path, const char *value,
                        const struct range *range, unsigned *out)
{
    struct err problem;
    const char *text = reader_default(value, path);
    uint64_t number;

    if (!config_value_number(text, range->most, &number, &problem) || number < range->least) {
        return reader_fail(reader, path, "\"%s\" is not a whole number from %u to %u", text,
                           range->least, range->most);
    }
    *out = (unsigned)number;
    return true;
}

static bool read_rules(const struct reader *reader, const struct raw_password *raw,
                       struct config *config)
{
    static const struct range lengths = {MIN_LENGTH_MIN, MIN_LENGTH_MAX};
    static const struct range scores = {0, PASSWORD_SCORE_MAX};
    struct password_rules *rules = &config->password_rules;
    char folded[PASSWORD_WORD_LENGTH + 1];

    if (!read_number(reader, "password.min_length", raw->min_length, &lengths,
                     &rules->min_length) ||
        !read_number(reader, "password.min_length_with_factor", raw->min_length_with_factor,
                     &lengths, &rules->min_length_with_factor) ||
        !read_number(reader, "password.min_score", raw->min_score, &scores, &rules->min_score)) {
        return false;
    }
    if (rules->min_length_with_factor > rules->min_length) {
        return reader_fail(reader, "password.min_length_with_factor",
                           "%u is above password.min_length, which is %u",
                           rules->min_length_with_factor, rules->min_length);
    }
    config->words = mem_calloc(raw->words_count, sizeof(*config->words));
    rules->words = (const char *const *)config->words;
    for (; rules->word_count < raw->words_count; rules->word_count++) {
        const char *word = raw->words[rules->word_count];
        char path[READER_PATH_MAX];

        snprintf(path, sizeof(path), "password.words[%zu]", rules->word_count + 1);
        if (!password_word_fold(span_of(word), folded)) {
            return reader_fail_value(reader, path, word,
                                     "is too short or too long: 3 characters to 64 octets");
        }
        config->words[rules->word_count] = mem_strdup(folded);
    }
    return true;
}

bool config_read_password(const struct reader *reader, const struct raw_password *raw,
                          struct config *config)
{
    struct err problem;
    const char *time_text = reader_default(raw->max_time, "password.max_time");

    config->scheme = mem_strdup(reader_default(raw->scheme, "password.scheme"));
    if (!read_hash_cost(reader, raw, config) ||
        !read_size(reader, "password.max_memory", raw->max_memory, &config->max_memory)) {
        return false;
    }
    if (config->max_memory < config->hash_memory || config->max_memory > MAX_MEMORY_MAX) {
        return reader_fail(
            reader, "password.max_memory",
            "must lie between hash_memory and 4GiB, or authd could not check its own "
            "hashes");
    }
    if (!config_value_duration(time_text, &config->max_time_ms, &problem)) {
        return reader_fail_value(reader, "password.max_time", time_text, problem.text);
    }
    if (config->max_time_ms < MAX_TIME_MIN_MS || config->max_time_ms > MAX_TIME_MAX_MS) {
        return reader_fail(reader, "password.max_time",
                           "\"%s\" is outside of 100ms to 5s: Postfix waits no longer than 10s",
                           time_text);
    }
    return read_rules(reader, raw, config);
}
