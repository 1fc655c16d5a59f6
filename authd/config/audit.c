/* The audit section. */
#include "config/reader.h"
#include "config/value.h"

#define DAY_MS   (24 * 60 * 60 * 1000ull)
#define YEARS_10 (3653 * DAY_MS)

static bool read_retention(const struct reader *reader, const char *path, const char *value,
                           uint64_t *ms)
{
    const char *text = reader_default(value, path);
    struct err problem;

    if (!config_value_duration(text, ms, &problem)) {
        return reader_fail_value(reader, path, text, problem.text);
    }
    if (*ms < DAY_MS || *ms > YEARS_10) {
        return reader_fail_value(reader, path, text, "is outside of 1d to 3653d");
    }
    return true;
}

/* Changes must be kept at least as long as logins: the change that erases a user has to outlive
 * every login that names that user. */
bool config_read_audit(const struct reader *reader, const struct raw_audit *raw,
                       struct config *config)
{
    if (!read_retention(reader, "audit.retain_logins", raw->retain_logins,
                        &config->retain_logins_ms) ||
        !read_retention(reader, "audit.retain_changes", raw->retain_changes,
                        &config->retain_changes_ms)) {
        return false;
    }
    if (config->retain_logins_ms > config->retain_changes_ms) {
        return reader_fail(reader, "audit.retain_logins",
                           "is longer than retain_changes: keep changes at least as long, they "
                           "explain the logins");
    }
    return true;
}

struct audit_options config_audit(const struct config *config)
{
    return (struct audit_options){
        .state_dir = config->state_dir,
        .retain_changes_s = (int64_t)(config->retain_changes_ms / 1000),
        .retain_logins_s = (int64_t)(config->retain_logins_ms / 1000),
    };
}
