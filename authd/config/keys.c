/* The table of all keys. It prints itself as the commented configuration of --print-defaults, so
 * that this text, the defaults in force and the keys that are known cannot differ. */
#include "config/keys.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"

/* A misspelt key is this near to the one that was meant, in letters changed, added, left out. */
#define NEAR_ENOUGH 3
#define KEY_MAX     32

struct config_key {
    const char *path;    /* "listeners[].mode"; a path that ends in "." or "[]" opens a section */
    const char *value;   /* the default; NULL: none */
    const char *example; /* shown, as a comment, where there is no default */
    const char *help;
    bool needed; /* shown as if it were a default */
};

/* Opens a section; has a default; has none, or a derived one; has to be there. */
/* clang-format off */
#define SECTION(path)                {path, NULL, NULL, NULL, false}
#define DEFAULT(path, value, help)   {path, value, NULL, help, false}
#define OPTIONAL(path, sample, help) {path, NULL, sample, help, false}
#define NEEDED(path, sample, help)   {path, NULL, sample, help, true}
/* clang-format on */

static const struct config_key keys[] = {
    NEEDED("state_dir", "/var/lib/smtp-authd",
           "Directory of the key files and the embedded database."),
    OPTIONAL(
        "key_dir", "/var/lib/smtp-authd/keys",
        "Directory of the key files; the same files on every node. Default: keys in state_dir."),
    DEFAULT("user", "smtp-authd",
            "Run as this user, when started as root. Otherwise authd runs as whoever started it."),
    OPTIONAL("default_domain", "example.org", "Completes a login that has no @."),

    SECTION("database."),
    DEFAULT("database.mode", "embedded",
            "embedded: a private PostgreSQL under state_dir. external: the server of url."),
    OPTIONAL(
        "database.url", "\"host=/run/postgresql dbname=authd user=authd_service\"",
        "libpq connection string, only with mode: external. A password belongs in a passfile."),
    OPTIONAL("database.owner_url", "\"host=/run/postgresql dbname=authd user=authd_owner\"",
             "The same for authd --migrate. Default: url with user=authd_owner."),
    DEFAULT("database.read_connections", "2", "Connections for logins, 1 to 32."),

    SECTION("listeners[]"),
    NEEDED("listeners[].protocol", "dovecot", "dovecot, saslauthd or http."),
    NEEDED("listeners[].path", "/var/spool/postfix/private/authd-auth",
           "Unix socket. Either this or address."),
    OPTIONAL("listeners[].address", "\"127.0.0.1:12345\"", "TCP; IPv6 as \"[::1]:12345\"."),
    OPTIONAL("listeners[].insecure_network", "true",
             "The address may be other than loopback. Passwords then cross the network in clear."),
    OPTIONAL("listeners[].owner", "postfix", "Owner of the socket, name or number."),
    OPTIONAL("listeners[].group", "postfix", "Its group."),
    DEFAULT("listeners[].mode", "0600", "Its permissions, octal."),
    OPTIONAL("listeners[].peers", "[postfix, root]",
             "Only processes of these users may connect. Default: whoever can open the socket."),
    DEFAULT(
        "listeners[].tempfail", "disconnect",
        "dovecot only. How \"try again later\" is said: disconnect, as Postfix and Exim need it, "
        "or reply, for clients that multiplex."),
    DEFAULT("listeners[].identity", "plain",
            "dovecot only. The user name in the answer: plain is alice@example.org, tagged is "
            "alice#p3@example.org, which also says by what alice logged in."),
    OPTIONAL("listeners[].admin", "peer",
             "http on a path only. peer: root and authd's own user are administrators there."),
    OPTIONAL("listeners[].trusted_proxies", "[127.0.0.1, \"2001:db8::/64\"]",
             "http on an address only. What these say about their clients (Forwarded, "
             "X-Forwarded-For) is believed."),
    SECTION("listeners[].tls."),
    OPTIONAL("listeners[].tls.certificate", "/etc/smtp-authd/tls.pem",
             "http on an address only. Certificate and chain, PEM; read again when it changes."),
    OPTIONAL("listeners[].tls.key", "/etc/smtp-authd/tls.key",
             "Its key, PEM. authd's user must be able to read it, others must not."),

    OPTIONAL("public_url", "https://auth.example.org",
             "Where browsers and other programs find the API; http only on loopback. Links in mail "
             "begin with it."),

    SECTION("submission."),
    OPTIONAL("submission.host", "mail.example.org", "What users enter in their mail program."),
    DEFAULT("submission.port", "587", "Its port."),

    SECTION("mail."),
    OPTIONAL("mail.from", "postmaster@example.org",
             "Sender of reset links. Without it none is sent."),
    DEFAULT("mail.server", "smtp://127.0.0.1:25",
            "The mail server on this machine that takes them."),

    SECTION("password."),
    DEFAULT("password.scheme", "argon2id", "Makes new hashes; the others are still checked."),
    DEFAULT("password.hash_memory", "46MiB", "Memory of one new hash, 19MiB to 1GiB."),
    DEFAULT("password.hash_passes", "1",
            "Its passes over that memory, 1 to 10; with less than 46MiB at least 2."),
    DEFAULT("password.max_memory", "256MiB", "A stored hash that needs more is not checked."),
    DEFAULT("password.max_time", "2s", "Nor one that needs about this much time; 100ms to 5s."),
    DEFAULT("password.min_length", "15", "Characters of a new password, 8 to 64."),
    DEFAULT("password.min_length_with_factor", "8",
            "The same, of users who have enrolled a second factor; not above min_length."),
    DEFAULT("password.min_score", "3",
            "How hard it must be to guess, 0 to 4: 2 is a million guesses, 3 a hundred million, 4 "
            "ten billion."),
    OPTIONAL("password.words", "[acme, rocket]",
             "What everybody here knows, so that no password is built from it."),

    DEFAULT("second_factor", "optional",
            "Who needs a code beside the main password: off, optional (whoever has enrolled) or "
            "required. Domains and users may be stricter."),
    DEFAULT("second_factor_inline", "true",
            "On mail sockets the code may follow the password, with a $ between them or not."),
    DEFAULT("second_factor_ahead", "false",
            "The code of the next 30 seconds is good as well, for phones that are fast."),

    SECTION("second_factor_grace."),
    OPTIONAL("second_factor_grace.for", "12h",
             "On mail sockets, after a code: how long the same password is good without one from "
             "the same network, 1m to 30d. Default: not at all."),
    OPTIONAL("second_factor_grace.uses", "200", "How often, 1 to 100000. Default: 200."),
    OPTIONAL("second_factor_grace.network", "\"/24,/64\"",
             "What the same network is: prefixes of IPv4 (16 to 32) and IPv6 (32 to 128). Default: "
             "/24,/64."),
    OPTIONAL("second_factor_grace.shared", "[198.51.100.0/24]",
             "Networks that too many share: no grace there."),

    OPTIONAL("plugin_dir", "/usr/lib/smtp-authd/plugins",
             "Default: next to the program, or in the install prefix."),
    DEFAULT("plugins", "[plain, login, argon2id, crypt, dovecot]", "Only these are loaded."),
    DEFAULT("workers", "0", "Threads that hash passwords, up to 256. 0: one per core."),

    SECTION("audit."),
    DEFAULT("audit.retain_changes", "730d", "How long changes are kept, at least 1d."),
    DEFAULT("audit.retain_logins", "90d", "How long logins are kept; no longer than changes."),

    SECTION("log."),
    DEFAULT("log.format", "kv", "kv: key=value; json: one object a line."),
    DEFAULT("log.level", "info", "error, warning, info or debug."),
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* The part before the last name, its dot included. */
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

/* The name of a key within its section, without what marks a section. */
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

/* Comments that are wider than a terminal go over several lines. */
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

/* A section of which nothing is set would have no value: it is a comment as a whole. */
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
          "# this file. authd --check-config says what is wrong with it.\n",
          out);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        print_key(out, &keys[i]);
    }
}
