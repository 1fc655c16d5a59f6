/* Loads the configuration: file, schema, then every value. Nothing takes effect before the whole
 * file is right, and the first mistake is reported in one line. */
#include "config/config.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/options.h"
#include "config/public_url.h"
#include "config/reader.h"
#include "config/value.h"
#include "core/name.h"

#define WORKERS_MAX     256
#define NAME_LENGTH_MAX 32

/* Sets the user. Only root can become another user, so the default counts only for root. The user
 * needs a name, by which its groups are found. */
static bool read_user(const struct reader *reader, const char *text, struct config *config)
{
    struct err problem;
    bool root = geteuid() == 0;

    config->uid = geteuid();
    if ((text != NULL || root) &&
        !config_value_user(reader_default(text, "user"), &config->uid, &problem)) {
        return reader_fail_value(reader, "user", reader_default(text, "user"), problem.text);
    }
    if (config->uid == 0) {
        return reader_fail(reader, "user", "authd never runs as root; name another user");
    }
    const struct passwd *entry = getpwuid(config->uid);
    if (entry == NULL) {
        return reader_fail(reader, "user",
                           "there is no user with the number %u; create it: "
                           "adduser --system --group smtp-authd",
                           (unsigned)config->uid);
    }
    config->user = mem_strdup(entry->pw_name);
    config->gid = entry->pw_gid;
    return true;
}

static bool read_key_dir(const struct reader *reader, const char *text, struct config *config)
{
    if (text == NULL && config->state_dir == NULL) {
        return reader_fail(reader, "state_dir",
                           "is missing, and the key files live there; write for example "
                           "/var/lib/smtp-authd");
    }
    if (text != NULL) {
        config->key_dir = reader_path(reader, "key_dir", text);
        return config->key_dir != NULL;
    }
    if (asprintf(&config->key_dir, "%s/keys", config->state_dir) < 0) {
        abort();
    }
    return true;
}

static bool read_base(const struct reader *reader, const struct raw_config *raw,
                      struct config *config)
{
    if (raw->state_dir != NULL &&
        (config->state_dir = reader_path(reader, "state_dir", raw->state_dir)) == NULL) {
        return false;
    }
    if (raw->default_domain != NULL) {
        char domain[NAME_MAX_LENGTH + 1];
        enum name_error error = name_domain(span_of(raw->default_domain), domain);
        if (error != NAME_OK) {
            return reader_fail(reader, "default_domain",
                               "\"%.100s\" %s; write for example example.org", raw->default_domain,
                               name_error_text(error));
        }
        config->default_domain = mem_strdup(domain);
    }
    return read_user(reader, raw->user, config);
}

/* The name of a plugin becomes part of a file name. */
static bool is_plugin_name(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= NAME_LENGTH_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static bool read_plugin_names(const struct reader *reader, const struct raw_config *raw,
                              struct config *config)
{
    config->plugins = mem_calloc(raw->plugins_count, sizeof(*config->plugins));
    for (; config->plugin_count < raw->plugins_count; config->plugin_count++) {
        size_t at = config->plugin_count;
        const char *name = raw->plugins[at];
        char path[READER_PATH_MAX];
        snprintf(path, sizeof(path), "plugins[%zu]", at + 1);
        if (!is_plugin_name(name)) {
            return reader_fail_value(
                reader, path, name,
                "is not the name of a plugin; write it without directory and .so, "
                "for example plain");
        }
        for (size_t i = 0; i < at; i++) {
            if (strcmp(config->plugins[i], name) == 0) {
                return reader_fail_value(reader, path, name, "is listed twice; remove one");
            }
        }
        config->plugins[at] = mem_strdup(name);
    }
    return true;
}

/* Parses the default list, which the table of keys has as text. */
static void default_plugins(struct config *config)
{
    char *list = mem_strdup(config_key_default("plugins"));
    char *rest = NULL;
    config->plugins = mem_calloc(strlen(list), sizeof(*config->plugins));
    for (char *name = strtok_r(list, "[], ", &rest); name != NULL;
         name = strtok_r(NULL, "[], ", &rest)) {
        config->plugins[config->plugin_count++] = mem_strdup(name);
    }
    free(list);
}

static bool read_plugins(const struct reader *reader, const struct raw_config *raw,
                         struct config *config)
{
    if (raw->plugin_dir != NULL &&
        (config->plugin_dir = reader_path(reader, "plugin_dir", raw->plugin_dir)) == NULL) {
        return false;
    }
    if (raw->plugins_count > 0) {
        return read_plugin_names(reader, raw, config);
    }
    default_plugins(config);
    return true;
}

static bool read_process(const struct reader *reader, const struct raw_config *raw,
                         struct config *config)
{
    static const char *const formats[] = {[LOG_KV] = "kv", [LOG_JSON] = "json", NULL};
    static const char *const levels[] = {[LOG_ERROR] = "error",
                                         [LOG_WARNING] = "warning",
                                         [LOG_INFO] = "info",
                                         [LOG_DEBUG] = "debug",
                                         NULL};
    struct err problem;
    uint64_t workers;
    unsigned choice = 0;
    const char *workers_text = reader_default(raw->workers, "workers");

    if (!config_value_number(workers_text, WORKERS_MAX, &workers, &problem)) {
        return reader_fail_value(reader, "workers", workers_text, problem.text);
    }
    config->workers = (unsigned)workers;
    if (!reader_choice(reader, "log.format", reader_default(raw->log.format, "log.format"), formats,
                       &choice)) {
        return false;
    }
    config->log_format = (enum log_format)choice;
    if (!reader_choice(reader, "log.level", reader_default(raw->log.level, "log.level"), levels,
                       &choice)) {
        return false;
    }
    config->log_level = (enum log_level)choice;
    return true;
}

static bool read_config(const struct reader *reader, const struct raw_config *raw,
                        struct config *config)
{
    return read_base(reader, raw, config) && config_read_database(reader, &raw->database, config) &&
           read_key_dir(reader, raw->key_dir, config) &&
           config_read_listeners(reader, raw, config) && config_read_site(reader, raw, config) &&
           config_read_password(reader, &raw->password, config) &&
           config_read_factor(reader, raw, config) && read_plugins(reader, raw, config) &&
           config_read_audit(reader, &raw->audit, config) && read_process(reader, raw, config);
}

static struct config *load_document(struct reader *reader)
{
    struct schema_mistake mistake = {0};
    struct raw_config *raw = schema_load(document_text(reader->document), &mistake);
    if (raw == NULL) {
        reader_fail(reader, mistake.path, "%s", mistake.text);
        return NULL;
    }
    struct config *config = mem_new(struct config);
    if (!read_config(reader, raw, config)) {
        config_destroy(config);
        config = NULL;
    }
    schema_free(raw);
    return config;
}

struct config *config_load(const char *path, struct err *err)
{
    struct document *document = document_read(path, err);
    if (document == NULL) {
        return NULL;
    }
    struct config *config = NULL;
    char *absolute = realpath(path, NULL);
    if (absolute == NULL) {
        err_set(err, "%s: cannot find its directory: %s", path, strerror(errno));
    } else {
        struct reader reader = {
            .file = path, .directory = dirname(absolute), .document = document, .err = err};
        config = load_document(&reader);
    }
    free(absolute);
    document_destroy(document);
    return config;
}

struct site config_site(const struct config *config)
{
    return (struct site){
        .public_url = config->public_url,
        .submission_host = config->submission_host,
        .submission_port = config->submission_port,
        .mail_from = config->mail_from,
        .mail_server = config->mail_server,
        .password_rules = &config->password_rules,
        .factor_rules = &config->factor_rules,
    };
}

void config_destroy(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        free(config->listeners[i].path);
        free(config->listeners[i].address);
        free(config->listeners[i].peers);
        free(config->listeners[i].certificate);
        free(config->listeners[i].key);
        free(config->listeners[i].trusted_proxies);
    }
    for (size_t i = 0; i < config->password_rules.word_count; i++) {
        free(config->words[i]);
    }
    for (size_t i = 0; i < config->plugin_count; i++) {
        free(config->plugins[i]);
    }
    free(config->listeners);
    free(config->plugins);
    free(config->state_dir);
    free(config->key_dir);
    free(config->user);
    free(config->default_domain);
    free(config->url);
    free(config->owner_url);
    free(config->scheme);
    free(config->words);
    public_url_finish(&config->public_url);
    free(config->submission_host);
    free(config->mail_from);
    free(config->mail_server);
    free(config->plugin_dir);
    free(config->remember_shared);
    free(config);
}
