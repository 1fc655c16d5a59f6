/* The database section. libpq itself parses the connection string, so that authd sees every option
 * that libpq would take for a password. Threat: a secret in the configuration, a file that people
 * read, copy and paste. */
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/reader.h"
#include "config/value.h"

#define OWNER_ROLE           "authd_owner"
#define URL_MAX              ((size_t)16384)
#define READ_CONNECTIONS_MAX 32

static const char *const modes[] = {"embedded", "external", NULL};

/* The first secret option that is set: libpq marks secrets by a dispchar that begins with a
 * star. */
static const char *secret_option(const PQconninfoOption *options)
{
    for (; options->keyword != NULL; options++) {
        if (options->val != NULL && options->dispchar[0] == '*') {
            return options->keyword;
        }
    }
    return NULL;
}

/* Whether the options name a service: libpq would look up the hosts of a service file by itself and
 * block the loop. */
static bool has_service(const PQconninfoOption *options)
{
    for (; options->keyword != NULL; options++) {
        if (options->val != NULL && strcmp(options->keyword, "service") == 0) {
            return true;
        }
    }
    return false;
}

/* Drops libpq's own error text, which may repeat a misplaced password. */
static PQconninfoOption *url_parse(const struct reader *reader, const char *path, const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options == NULL) {
        reader_fail(reader, path,
                    "is not a libpq connection string; write for example "
                    "\"host=/run/postgresql dbname=authd user=authd_service\"");
        return NULL;
    }
    const char *secret = secret_option(options);
    if (secret != NULL) {
        reader_fail(reader, path,
                    "has a %s in it; put it into a file that only authd's user can read, and "
                    "write passfile=FILE instead",
                    secret);
        PQconninfoFree(options);
        return NULL;
    }
    if (has_service(options)) {
        reader_fail(reader, path, "names a service; write its host and dbname here instead");
        PQconninfoFree(options);
        return NULL;
    }
    return options;
}

static void append_option(struct buf *buf, const char *keyword, const char *value)
{
    buf_printf(buf, "%s%s='", buf->len > 0 ? " " : "", keyword);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\') {
            buf_append_text(buf, "\\");
        }
        buf_append(buf, value, 1);
    }
    buf_append_text(buf, "'");
}

/* The same connection string with the owner role as its user. */
static char *owner_url(const PQconninfoOption *options)
{
    struct buf buf;
    buf_init(&buf, URL_MAX);
    for (; options->keyword != NULL; options++) {
        if (options->val != NULL && strcmp(options->keyword, "user") != 0) {
            append_option(&buf, options->keyword, options->val);
        }
    }
    append_option(&buf, "user", OWNER_ROLE);
    buf_append(&buf, "", 1);
    char *url = mem_strdup(buf.data);
    buf_finish(&buf);
    return url;
}

static bool read_external(const struct reader *reader, const struct raw_database *raw,
                          struct config *config)
{
    if (raw->url == NULL) {
        return reader_fail(reader, "database",
                           "the key \"url\" is missing; mode: external needs it, for example "
                           "\"host=/run/postgresql dbname=authd user=authd_service\"");
    }
    PQconninfoOption *options = url_parse(reader, "database.url", raw->url);
    if (options == NULL) {
        return false;
    }
    config->url = mem_strdup(raw->url);
    config->owner_url = raw->owner_url != NULL ? mem_strdup(raw->owner_url) : owner_url(options);
    PQconninfoFree(options);
    if (raw->owner_url != NULL) {
        options = url_parse(reader, "database.owner_url", raw->owner_url);
        if (options == NULL) {
            return false;
        }
        PQconninfoFree(options);
    }
    return true;
}

static bool read_embedded(const struct reader *reader, const struct raw_database *raw,
                          const struct config *config)
{
    if (raw->url != NULL || raw->owner_url != NULL) {
        return reader_fail(reader, raw->url != NULL ? "database.url" : "database.owner_url",
                           "an embedded database has no url; remove it, or write mode: external");
    }
    if (config->state_dir == NULL) {
        return reader_fail(reader, "state_dir",
                           "is missing, and the embedded database lives there; write for example "
                           "/var/lib/smtp-authd");
    }
    return true;
}

bool config_read_database(const struct reader *reader, const struct raw_database *raw,
                          struct config *config)
{
    const char *connections = reader_default(raw->read_connections, "database.read_connections");
    struct err problem;
    uint64_t number;
    unsigned mode = 0;

    if (!reader_choice(reader, "database.mode", reader_default(raw->mode, "database.mode"), modes,
                       &mode)) {
        return false;
    }
    if (!config_value_number(connections, READ_CONNECTIONS_MAX, &number, &problem) || number == 0) {
        return reader_fail(reader, "database.read_connections",
                           "\"%s\" is not a whole number from 1 to %d", connections,
                           READ_CONNECTIONS_MAX);
    }
    config->read_connections = (unsigned)number;
    config->embedded = mode == 0;
    return config->embedded ? read_embedded(reader, raw, config)
                            : read_external(reader, raw, config);
}
