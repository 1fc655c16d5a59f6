/* The schema, and libcyaml's back-trace in one line.
 *
 * libcyaml finds unknown, duplicate and missing keys and values of a wrong shape. It reports a
 * message and then, innermost first, the fields and entries around the mistake. libcyaml's line
 * numbers are those of the preceding token, so only the path is taken from its report.
 */
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

#include "config/options.h"

#define TEXT_MAX    4096
#define ENTRIES_MAX 256

#define RAW_STRING(key, type, member)                                                              \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 0, TEXT_MAX)

static const cyaml_schema_value_t string_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, TEXT_MAX)};

static const cyaml_schema_field_t database_fields[] = {
    RAW_STRING("mode", struct raw_database, mode),
    RAW_STRING("url", struct raw_database, url),
    RAW_STRING("owner_url", struct raw_database, owner_url),
    RAW_STRING("read_connections", struct raw_database, read_connections),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t tls_fields[] = {
    RAW_STRING("certificate", struct raw_tls, certificate),
    RAW_STRING("key", struct raw_tls, key),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t listener_fields[] = {
    CYAML_FIELD_STRING_PTR("protocol", CYAML_FLAG_POINTER, struct raw_listener, protocol, 0,
                           TEXT_MAX),
    RAW_STRING("path", struct raw_listener, path),
    RAW_STRING("address", struct raw_listener, address),
    RAW_STRING("insecure_network", struct raw_listener, insecure_network),
    RAW_STRING("owner", struct raw_listener, owner),
    RAW_STRING("group", struct raw_listener, group),
    RAW_STRING("mode", struct raw_listener, mode),
    CYAML_FIELD_SEQUENCE("peers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_listener,
                         peers, &string_schema, 1, ENTRIES_MAX),
    RAW_STRING("tempfail", struct raw_listener, tempfail),
    RAW_STRING("identity", struct raw_listener, identity),
    RAW_STRING("admin", struct raw_listener, admin),
    CYAML_FIELD_MAPPING("tls", CYAML_FLAG_OPTIONAL, struct raw_listener, tls, tls_fields),
    CYAML_FIELD_SEQUENCE("trusted_proxies", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct raw_listener, trusted_proxies, &string_schema, 1, ENTRIES_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t listener_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_listener, listener_fields)};

static const cyaml_schema_field_t password_fields[] = {
    RAW_STRING("scheme", struct raw_password, scheme),
    RAW_STRING("hash_memory", struct raw_password, hash_memory),
    RAW_STRING("hash_passes", struct raw_password, hash_passes),
    RAW_STRING("max_memory", struct raw_password, max_memory),
    RAW_STRING("max_time", struct raw_password, max_time),
    RAW_STRING("min_length", struct raw_password, min_length),
    RAW_STRING("min_length_with_factor", struct raw_password, min_length_with_factor),
    RAW_STRING("min_score", struct raw_password, min_score),
    CYAML_FIELD_SEQUENCE("words", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_password,
                         words, &string_schema, 1, ENTRIES_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t submission_fields[] = {
    RAW_STRING("host", struct raw_submission, host),
    RAW_STRING("port", struct raw_submission, port),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t mail_fields[] = {
    RAW_STRING("from", struct raw_mail, from),
    RAW_STRING("server", struct raw_mail, server),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t audit_fields[] = {
    RAW_STRING("retain_changes", struct raw_audit, retain_changes),
    RAW_STRING("retain_logins", struct raw_audit, retain_logins),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t factor_remember_fields[] = {
    RAW_STRING("for", struct raw_factor_remember, duration),
    RAW_STRING("uses", struct raw_factor_remember, uses),
    RAW_STRING("network", struct raw_factor_remember, network),
    CYAML_FIELD_SEQUENCE("shared", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct raw_factor_remember, shared, &string_schema, 1, ENTRIES_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t log_fields[] = {
    RAW_STRING("format", struct raw_log, format),
    RAW_STRING("level", struct raw_log, level),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t config_fields[] = {
    RAW_STRING("state_dir", struct raw_config, state_dir),
    RAW_STRING("key_dir", struct raw_config, key_dir),
    RAW_STRING("user", struct raw_config, user),
    RAW_STRING("default_domain", struct raw_config, default_domain),
    CYAML_FIELD_MAPPING("database", CYAML_FLAG_OPTIONAL, struct raw_config, database,
                        database_fields),
    CYAML_FIELD_SEQUENCE("listeners", CYAML_FLAG_POINTER, struct raw_config, listeners,
                         &listener_schema, 1, ENTRIES_MAX),
    RAW_STRING("public_url", struct raw_config, public_url),
    CYAML_FIELD_MAPPING("submission", CYAML_FLAG_OPTIONAL, struct raw_config, submission,
                        submission_fields),
    CYAML_FIELD_MAPPING("mail", CYAML_FLAG_OPTIONAL, struct raw_config, mail, mail_fields),
    CYAML_FIELD_MAPPING("password", CYAML_FLAG_OPTIONAL, struct raw_config, password,
                        password_fields),
    RAW_STRING("second_factor", struct raw_config, second_factor),
    RAW_STRING("second_factor_inline", struct raw_config, second_factor_inline),
    RAW_STRING("second_factor_ahead", struct raw_config, second_factor_ahead),
    CYAML_FIELD_MAPPING("second_factor_remember", CYAML_FLAG_OPTIONAL, struct raw_config,
                        second_factor_remember, factor_remember_fields),
    RAW_STRING("plugin_dir", struct raw_config, plugin_dir),
    CYAML_FIELD_SEQUENCE("plugins", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_config,
                         plugins, &string_schema, 1, ENTRIES_MAX),
    RAW_STRING("workers", struct raw_config, workers),
    CYAML_FIELD_MAPPING("audit", CYAML_FLAG_OPTIONAL, struct raw_config, audit, audit_fields),
    CYAML_FIELD_MAPPING("log", CYAML_FLAG_OPTIONAL, struct raw_config, log, log_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, config_fields)};

/* libcyaml's report of one mistake. */
struct trace {
    char message[256];
    bool field_innermost; /* steps[0] is a field inside the mapping with the mistake */
    unsigned lines;
    unsigned depth;
    char steps[8][64]; /* innermost first: ".mode", "[1]" */
};

static void trace_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
    struct trace *trace = context;
    char line[sizeof(trace->message)];
    char name[48];
    unsigned entry;
    (void)level;

    vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "Load: ", 6) == 0) {
        if (trace->message[0] == '\0') {
            snprintf(trace->message, sizeof(trace->message), "%s", line + 6);
        }
        return;
    }
    trace->lines++;
    if (trace->depth == sizeof(trace->steps) / sizeof(trace->steps[0])) {
        return;
    }
    if (sscanf(line, " in mapping field '%47[^']'", name) == 1) {
        trace->field_innermost = trace->field_innermost || trace->lines == 1;
        snprintf(trace->steps[trace->depth++], sizeof(trace->steps[0]), ".%s", name);
    } else if (sscanf(line, " in sequence entry '%u'", &entry) == 1 && entry > 0) {
        snprintf(trace->steps[trace->depth++], sizeof(trace->steps[0]), "[%u]", entry);
    }
}

/* Writes the path, outermost step first, without the `from` innermost steps. */
static void trace_path(const struct trace *trace, unsigned from, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = trace->depth; i > from && used < size; i--) {
        const char *step = trace->steps[i - 1];
        used += (size_t)snprintf(out + used, size - used, "%s", used == 0 ? step + 1 : step);
    }
}

/* If the message begins with `prefix`, returns the key that follows and sets the path of its
 * mapping. The innermost step, if a field, is left out: it is the key before the mistake. */
static const char *trace_key(const struct trace *trace, const char *prefix,
                             struct schema_mistake *mistake)
{
    size_t len = strlen(prefix);
    if (strncmp(trace->message, prefix, len) != 0) {
        return NULL;
    }
    trace_path(trace, trace->field_innermost ? 1 : 0, mistake->path, sizeof(mistake->path));
    return trace->message + len;
}

static void path_append(struct schema_mistake *mistake, const char *key)
{
    size_t used = strlen(mistake->path);
    snprintf(mistake->path + used, sizeof(mistake->path) - used, "%s%s", used == 0 ? "" : ".", key);
}

static void mistake_explain(const struct trace *trace, cyaml_err_t error,
                            struct schema_mistake *mistake)
{
    char *text = mistake->text;
    const size_t size = sizeof(mistake->text);
    const char *key;

    if ((key = trace_key(trace, "Unexpected key: ", mistake)) != NULL) {
        char advice[sizeof(mistake->text) - 16];
        path_append(mistake, key);
        config_key_advice(mistake->path, advice, sizeof(advice));
        snprintf(text, size, "unknown key; %s", advice);
        return;
    }
    if ((key = trace_key(trace, "Mapping field already seen: ", mistake)) != NULL) {
        path_append(mistake, key);
        snprintf(text, size, "is a key that is listed twice; keep one");
        return;
    }
    if ((key = trace_key(trace, "Missing required mapping field: ", mistake)) != NULL) {
        snprintf(text, size,
                 "the key \"%.64s\" is missing; smtp-authd --print-defaults shows an example", key);
        return;
    }
    trace_path(trace, 0, mistake->path, sizeof(mistake->path));
    if (error == CYAML_ERR_ALIAS) {
        snprintf(text, size, "refers to another place (*); write the value itself");
    } else if (error == CYAML_ERR_SEQUENCE_ENTRIES_MIN) {
        snprintf(text, size, "is an empty list; give it an entry, or leave the key out");
    } else if (error == CYAML_ERR_STRING_LENGTH_MAX) {
        /* The message of libcyaml would show the value. */
        snprintf(text, size, "is longer than %d octets", TEXT_MAX);
    } else if (error == CYAML_ERR_SEQUENCE_ENTRIES_MAX) {
        snprintf(text, size, "has more than %d entries", ENTRIES_MAX);
    } else if (strncmp(trace->message, "Expecting SEQUENCE", 18) == 0) {
        snprintf(text, size,
                 "must be a list; write [a, b], or one line that begins with - for each");
    } else if (strncmp(trace->message, "Expecting MAPPING", 17) == 0) {
        snprintf(text, size, "must hold keys with values; write key: value");
    } else if (strncmp(trace->message, "Expecting STRING", 16) == 0) {
        snprintf(text, size, "must be one value, not a list or a group of keys");
    } else {
        snprintf(text, size, "%s",
                 trace->message[0] != '\0' ? trace->message : cyaml_strerror(error));
    }
}

static cyaml_config_t reader_config(struct trace *trace)
{
    return (cyaml_config_t){
        .log_fn = trace_log,
        .log_ctx = trace,
        .log_level = CYAML_LOG_ERROR,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

struct raw_config *schema_load(struct span text, struct schema_mistake *mistake)
{
    struct trace trace = {0};
    struct raw_config *raw = NULL;
    cyaml_config_t config = reader_config(&trace);

    cyaml_err_t error = cyaml_load_data((const uint8_t *)text.ptr, text.len, &config,
                                        &config_schema, (cyaml_data_t **)&raw, NULL);
    if (error == CYAML_OK && raw != NULL) {
        return raw;
    }
    mistake_explain(&trace, error, mistake);
    return NULL;
}

void schema_free(struct raw_config *raw)
{
    struct trace trace = {0};
    cyaml_config_t config = reader_config(&trace);
    cyaml_free(&config, &config_schema, raw, 0);
}
