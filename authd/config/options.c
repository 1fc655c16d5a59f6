/* The table of all keys. --print-defaults prints this table as a commented configuration, so the
 * printed text, the defaults in force and the known keys cannot differ. */
#include "config/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"

/* A key counts as misspelt if at most this many letters were changed, added or left out. */
#define NEAR_ENOUGH 3
#define KEY_MAX     32

struct config_key {
    const char *path;    /* "listeners[].mode"; a path that ends in "." or "[]" opens a section */
    const char *value;   /* the default; NULL: none */
    const char *example; /* printed as a comment if there is no default */
    const char *help;
    bool needed; /* the key must be in the file; its example is printed like a default */
};

/* The rows of the table: SECTION opens a section, DEFAULT has a default, OPTIONAL has no fixed
 * default, NEEDED must be in the file. */
/* clang-format off */
#define SECTION(path)                {path, NULL, NULL, NULL, false}
#define DEFAULT(path, value, help)   {path, value, NULL, help, false}
#define OPTIONAL(path, sample, help) {path, NULL, sample, help, false}
#define NEEDED(path, sample, help)   {path, NULL, sample, help, true}
/* clang-format on */

static const struct config_key keys[] = {
    NEEDED("state_dir", "/var/lib/smtp-authd",
           "Directory of the key files and the embedded database."),
    OPTIONAL("key_dir", "/var/lib/smtp-authd/keys",
             "Directory of the key files; every node needs the same files. Default: the directory "
             "keys in state_dir."),
    DEFAULT("user", "smtp-authd",
            "The user that authd becomes when it is started as root. Otherwise authd runs as the "
            "user that started it."),
    OPTIONAL("default_domain", "example.org", "The domain that completes a login without @."),

    SECTION("database."),
    DEFAULT("database.mode", "embedded",
            "embedded: a private PostgreSQL under state_dir. external: the server of url."),
    OPTIONAL("database.url", "\"host=/run/postgresql dbname=authd user=authd_service\"",
             "libpq connection string of the service role, only with mode: external. Put a "
             "password into a passfile."),
    OPTIONAL(
        "database.owner_url", "\"host=/run/postgresql dbname=authd user=authd_owner\"",
        "libpq connection string of the owner role, for smtp-authd --migrate. Default: url with "
        "user=authd_owner."),
    DEFAULT("database.read_connections", "2",
            "Number of database connections for logins, 1 to 32."),

    SECTION("listeners[]"),
    NEEDED("listeners[].protocol", "dovecot",
           "Protocol of the socket: dovecot, saslauthd or http."),
    NEEDED("listeners[].path", "/var/spool/postfix/private/authd-auth",
           "Path of a unix socket. A listener has either path or address."),
    OPTIONAL("listeners[].address", "\"127.0.0.1:12345\"",
             "TCP address and port; IPv6 is written \"[::1]:12345\"."),
    OPTIONAL("listeners[].insecure_network", "true",
             "true: the address need not be loopback. Passwords then cross the network in clear."),
    OPTIONAL("listeners[].owner", "postfix", "Owner of the unix socket, name or number."),
    OPTIONAL("listeners[].group", "postfix", "Group of the unix socket, name or number."),
    DEFAULT("listeners[].mode", "0600", "Permissions of the unix socket, octal."),
    OPTIONAL("listeners[].peers", "[postfix, root]",
             "Users whose processes may connect. Default: every user that can open the socket."),
    DEFAULT("listeners[].tempfail", "disconnect",
            "dovecot only. The answer when authd cannot decide a login now. disconnect closes the "
            "connection, as Postfix and Exim need it; reply sends a temporary failure, for clients "
            "that multiplex logins."),
    DEFAULT("listeners[].identity", "plain",
            "dovecot only. The user name in the answer: plain is alice@example.org; tagged is "
            "alice#p3@example.org, which also names the credential that alice used."),
    OPTIONAL(
        "listeners[].admin", "peer",
        "http on a path only. peer: root and authd's own user are administrators on this socket."),
    OPTIONAL(
        "listeners[].trusted_proxies", "[127.0.0.1, \"2001:db8::/64\"]",
        "http on an address only. Proxies whose X-Forwarded-For header, which names the client, is "
        "believed."),
    SECTION("listeners[].tls."),
    OPTIONAL("listeners[].tls.certificate", "/etc/smtp-authd/tls.pem",
             "http on an address only. File with the certificate and its chain, PEM; read again "
             "when it changes."),
    OPTIONAL("listeners[].tls.key", "/etc/smtp-authd/tls.key",
             "File with the certificate's key, PEM. authd's user must be able to read the file, "
             "others must not."),

    OPTIONAL("public_url", "https://auth.example.org",
             "URL at which browsers and other programs find the API; http only on loopback. Links "
             "in mail begin with this URL."),

    SECTION("submission."),
    OPTIONAL("submission.host", "mail.example.org",
             "Name of the submission server that users enter in their mail programs."),
    DEFAULT("submission.port", "587", "Port of the submission server."),

    SECTION("mail."),
    OPTIONAL(
        "mail.from", "postmaster@example.org",
        "Sender of reset links and other mail to users. Without this key authd sends no mail."),
    DEFAULT("mail.server", "smtp://127.0.0.1:25",
            "Mail server on this machine that takes authd's mail."),

    SECTION("password."),
    DEFAULT("password.scheme", "argon2id",
            "Scheme of new hashes. Stored hashes of the other loaded schemes are still checked."),
    DEFAULT("password.hash_memory", "46MiB", "Memory of one new hash, 19MiB to 1GiB."),
    DEFAULT("password.hash_passes", "1",
            "Passes of one new hash over its memory, 1 to 10; with less than 46MiB at least 2."),
    DEFAULT("password.max_memory", "256MiB",
            "Stored hashes that need more memory than this are not checked."),
    DEFAULT("password.max_time", "2s",
            "Stored hashes that need more time than about this are not checked; 100ms to 5s."),
    DEFAULT("password.min_length", "15", "Least number of characters of a new password, 8 to 64."),
    DEFAULT(
        "password.min_length_with_factor", "8",
        "Least number of characters for users who have enrolled a second factor, 8 to min_length."),
    DEFAULT("password.min_score", "3",
            "How hard a new password must be to guess, 0 to 4: 2 is a million guesses, 3 a hundred "
            "million, 4 ten billion."),
    OPTIONAL(
        "password.words", "[acme, rocket]",
        "Words that every user of this site knows. A new password that is mostly such words is "
        "refused."),

    DEFAULT("second_factor", "optional",
            "Who needs a code beside the main password: off (no user), optional (users who have "
            "enrolled) or required (every user). Domains and users may be stricter."),
    DEFAULT("second_factor_inline", "true",
            "true: on mail sockets the code may follow the password, with or without a $ between "
            "them."),
    DEFAULT(
        "second_factor_ahead", "false",
        "true: the code of the next 30 seconds is accepted too, for phones whose clock is fast."),

    SECTION("second_factor_remember."),
    OPTIONAL("second_factor_remember.for", "12h",
             "How long a network is remembered after a code on a mail socket, 1m to 30d. The same "
             "password then needs no code from the same network. Default: not at all."),
    OPTIONAL(
        "second_factor_remember.uses", "200",
        "Number of logins without a code from a remembered network, 1 to 100000. Default: 200."),
    OPTIONAL("second_factor_remember.network", "\"/24,/64\"",
             "Prefixes that make addresses the same network: IPv4 (16 to 32), IPv6 (32 to 128). "
             "Default: /24,/64."),
    OPTIONAL("second_factor_remember.shared", "[198.51.100.0/24]",
             "Networks that are never remembered, because too many people share them."),

    OPTIONAL("plugin_dir", "/usr/lib/smtp-authd/plugins",
             "Directory of the plugins. Default: next to the program, or in the install prefix."),
    DEFAULT("plugins", "[plain, login, argon2id, crypt, dovecot]",
            "Plugins to load; no others are loaded."),
    DEFAULT("workers", "0", "Number of threads that hash passwords, up to 256. 0: one per core."),

    SECTION("audit."),
    DEFAULT("audit.retain_changes", "730d", "How long the audit keeps changes, at least 1d."),
    DEFAULT("audit.retain_logins", "90d",
            "How long the audit keeps logins; no longer than changes."),

    SECTION("log."),
    DEFAULT("log.format", "kv", "kv: key=value; json: one object a line."),
    DEFAULT("log.level", "info",
            "Least important level that is logged: error, warning, info or debug."),
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* The length of the part before the last name, with its dot. */
static size_t section_length(const char *path)
{
    size_t len = strlen(path);
    const char *dot = memrchr(path, '.', len > 0 ? len - 1 : 0);
    return dot != NULL ? (size_t)(dot + 1 - path) : 0;
}

static bool opens_section(const struct config_key *key)
{
    size_t len = strlen(key->path);
    return key->path[len - 1] == '.' || key->path[len - 1] == ']';
}

/* The name of a key within its section, without the marks of a section. */
static int key_name(const struct config_key *key, const char **name)
{
    *name = key->path + section_length(key->path);
    return (int)strcspn(*name, ".[");
}

const char *config_key_default(const char *path)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].path, path) == 0) {
            return keys[i].value;
        }
    }
    return NULL;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance; KEY_MAX if a name is too long to be a key. */
static size_t name_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[KEY_MAX + 1];
    if (a_len > KEY_MAX || b_len > KEY_MAX) {
        return KEY_MAX;
    }
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_len];
}

/* Copies a path without the numbers of its entries. */
static void path_generalise(const char *path, char *out, size_t size)
{
    size_t len = 0;
    bool inside = false;
    for (; *path != '\0' && len + 1 < size; path++) {
        inside = inside && *path != ']';
        if (!inside) {
            out[len++] = *path;
        }
        inside = inside || *path == '[';
    }
    out[len] = '\0';
}

void config_key_advice(const char *path, char *out, size_t size)
{
    char general[128];
    path_generalise(path, general, sizeof(general));
    size_t section = section_length(general);
    const char *wanted = general + section;
    const struct config_key *nearest = NULL;
    size_t least = NEAR_ENOUGH + 1;

    size_t used = (size_t)snprintf(out, size, "known here:");
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const char *name;
        int len = key_name(&keys[i], &name);
        if (section_length(keys[i].path) != section ||
            strncmp(keys[i].path, general, section) != 0) {
            continue;
        }
        size_t distance = name_distance(wanted, strlen(wanted), name, (size_t)len);
        if (distance < least && distance < (size_t)len) {
            least = distance;
            nearest = &keys[i];
        }
        if (used < size) {
            used += (size_t)snprintf(out + used, size - used, " %.*s", len, name);
        }
    }
    if (nearest != NULL) {
        const char *name;
        int len = key_name(nearest, &name);
        snprintf(out, size, "did you mean \"%.*s\"?", len, name);
    }
}

/* Prints a help text as a comment, broken into lines that fit a terminal. */
static void print_help(FILE *out, const char *indent, const char *help)
{
    const int width = 96;
    while (*help != '\0') {
        int len = (int)strlen(help);
        if (len > width) {
            len = width;
            while (len > 0 && help[len] != ' ') {
                len--;
            }
        }
        fprintf(out, "%s# %.*s\n", indent, len, help);
        help += len;
        help += *help == ' ';
    }
}

static bool key_is_active(const struct config_key *key)
{
    return key->value != NULL || key->needed;
}

/* Whether a key of the section is printed with a value. Other sections would have no value in YAML
 * and are printed as comments. */
static bool section_is_active(const char *section, size_t len)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strncmp(keys[i].path, section, len) == 0 && key_is_active(&keys[i])) {
            return true;
        }
    }
    return false;
}

static void print_section(FILE *out, const struct config_key *key)
{
    const char *name;
    int len = key_name(key, &name);

    const char *comment = section_is_active(key->path, strlen(key->path)) ? "" : "# ";

    fprintf(out, "%s%s%.*s:\n", section_length(key->path) == 0 ? "\n" : "    ", comment, len, name);
}

static void print_key(FILE *out, const struct config_key *key)
{
    const char *name;
    int len = key_name(key, &name);
    size_t section = section_length(key->path);
    bool in_list = strncmp(key->path, "listeners[].", strlen("listeners[].")) == 0;
    bool first = in_list && strcmp(name, "protocol") == 0;
    bool inert = section > 0 && !section_is_active(key->path, section);
    const char *indent = in_list ? "    " : section > 0 && !inert ? "  " : "";
    const char *comment = inert ? "#   " : key_is_active(key) ? "" : "# ";

    if (opens_section(key)) {
        print_section(out, key);
        return;
    }
    if (section == 0) {
        fputc('\n', out);
    }
    print_help(out, indent, key->help);
    fprintf(out, "%s%s%.*s: %s\n", first ? "  - " : indent, comment, len, name,
            key->value != NULL ? key->value : key->example);
}

void config_print_defaults(FILE *out)
{
    fputs("# authd.yaml: every key, with its default or, as a comment, an example.\n"
          "# Durations: 500ms 30s 5m 12h 90d. Sizes: 64KiB 46MiB 1GiB. Relative paths are relative "
          "to\n"
          "# this file. smtp-authd --check-config says what is wrong with it.\n",
          out);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        print_key(out, &keys[i]);
    }
}
