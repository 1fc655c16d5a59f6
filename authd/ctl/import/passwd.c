/* Reads the files with colons: Dovecot's passwd-file, Apache's htpasswd, and shadow(5).
 *
 * A line of a passwd-file
 * (https://doc.dovecot.org/2.3/configuration_manual/authentication/passwd_file/) is
 * user:password:uid:gid:gecos:home:shell:extra fields. The extra fields are the rest of the line,
 * separated by blanks. A password without {SCHEME} is a hash of crypt(3). */
#include "ctl/import/reader.h"

#include <stdio.h>
#include <strings.h>

/* ---- Dovecot ------------------------------------------------------------------------------- */

/* Reads allow_nets. Networks and addresses are accepted; Dovecot's other values have no counterpart
 * in authd. */
static bool put_networks(struct import_record *record, struct span value)
{
    struct span network;

    while (import_word(&value, ",", &network)) {
        if (span_is(network, "local")) {
            import_flawed(record, "Name the networks.",
                          "allow_nets=local is a host's own addresses");
            return false;
        }
        if (!import_append(record, "networks", network)) {
            return false;
        }
    }
    if (json_object_get(record->row, "networks") == NULL) {
        import_flawed(record, "Remove the field, or name networks.",
                      "allow_nets is empty: nobody may sign in");
        return false;
    }
    return true;
}

/* Refuses an extra field that changes who may sign in and that authd cannot honour. */
static bool refuse_extra(struct import_record *record, struct span name)
{
    static const struct {
        const char *name;
        const char *meaning;
        const char *remedy;
    } refused[] = {
        {"nopassword", "nopassword lets anybody in", "Give the user a password, or none."},
        {"deny", "deny refuses the user", "Leave the line out, or suspend the user."},
        {"user", "user= renames the user after sign-in", "Write the name that authd should store."},
        {"username", "username= renames the user after sign-in",
         "Write the name that authd should store."},
        {"domain", "domain= renames the user after sign-in",
         "Write the name that authd should store."},
        {"password", "password= is a second password", "Keep one."},
        {"proxy", "proxy leaves the check to another server", "Import that server's file."},
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (name.len == strlen(refused[i].name) &&
            strncasecmp(name.ptr, refused[i].name, name.len) == 0) {
            import_flawed(record, refused[i].remedy, "%s", refused[i].meaning);
            return true;
        }
    }
    return false;
}

static bool put_extra(struct import_record *record, struct span field)
{
    const char *sign = memchr(field.ptr, '=', field.len);
    struct span name = {field.ptr, sign != NULL ? (size_t)(sign - field.ptr) : field.len};

    if (refuse_extra(record, name)) {
        return false;
    }
    if (span_is(name, "allow_nets")) {
        struct span value = {name.ptr + name.len, 0};

        if (sign != NULL) {
            value = (struct span){sign + 1, field.len - name.len - 1};
        }
        return put_networks(record, value);
    }
    if (span_is(name, "nologin")) {
        json_object_set_new(record->row, "suspended", json_true());
        record->note = "it is marked nologin: suspended";
        return true;
    }
    if (name.len < 7 || strncasecmp(name.ptr, "userdb_", 7) != 0) {
        record->note = "some of its extra fields have no counterpart and are left out";
    }
    return true;
}

void import_dovecot_next(struct import_reader *reader, struct import_record *record)
{
    struct span fields[8] = {0};
    struct span line;
    struct span extra;

    if (!import_line(reader, record, &line) || import_is_ignored(line, record)) {
        return;
    }
    if (line.ptr[0] == ':') {
        import_passed(record, "comment"); /* Dovecot, too, takes such a line for a comment */
        return;
    }

    size_t count = import_split(line, ':', fields, 8);

    if (count < 2) {
        import_flawed(record, "A line is user:password:uid:gid::home::extra.",
                      "there is no colon after the login");
        return;
    }
    if (!import_user(reader, record, fields[0]) || !import_hash(record, fields[1])) {
        return;
    }
    while (import_word(&fields[7], "", &extra)) {
        if (!put_extra(record, extra)) {
            return;
        }
    }
}

/* ---- htpasswd ------------------------------------------------------------------------------ */

/* Says why no plugin of authd can check a hash that Apache accepts, or returns NULL if a plugin
 * can. */
static const char *htpasswd_unknown(struct span field)
{
    static const char crypt_letters[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                                        "qrstuvwxyz";
    size_t letters = 0;

    if (field.len >= 6 && strncmp(field.ptr, "$apr1$", 6) == 0) {
        return "$apr1$ hashes (htpasswd -m) cannot be checked by authd";
    }
    while (letters < field.len && strchr(crypt_letters, field.ptr[letters]) != NULL) {
        letters++;
    }
    if (field.len == 13 && letters == 13) {
        return "DES hashes (htpasswd -d) cannot be checked by authd";
    }
    if (field.len > 0 && field.ptr[0] != '$' && field.ptr[0] != '{' && field.ptr[0] != '!' &&
        field.ptr[0] != '*') {
        return "what follows the colon is no hash; is it a password in clear?";
    }
    return NULL;
}

void import_htpasswd_next(struct import_reader *reader, struct import_record *record)
{
    struct span fields[3] = {0};
    struct span line;

    if (!import_line(reader, record, &line) || import_is_ignored(line, record)) {
        return;
    }

    size_t count = import_split(line, ':', fields, 3);
    const char *unknown = count > 1 ? htpasswd_unknown(fields[1]) : NULL;

    if (count != 2) {
        import_flawed(record, "A line is user:hash.", "the line has %zu colons", count - 1);
    } else if (unknown != NULL) {
        import_flawed(record, "Add the user without a password and send a reset link.", "%s",
                      unknown);
    } else if (import_user(reader, record, fields[0])) {
        (void)import_hash(record, fields[1]);
    }
}

/* ---- shadow -------------------------------------------------------------------------------- */

/* Reads a number of days since 1970. An empty field is 0. Returns false if the field is no
 * number. */
static bool read_days(struct span field, int64_t *days)
{
    *days = 0;
    for (size_t i = 0; i < field.len; i++) {
        if (field.ptr[i] < '0' || field.ptr[i] > '9' || *days > 10000000) {
            return false;
        }
        *days = *days * 10 + (field.ptr[i] - '0');
    }
    return true;
}

/* True for an account that never had a password: a system account, or the unfinished account of a
 * person. */
static bool is_system_account(struct span field)
{
    static const char *const marks[] = {"*", "!", "!!", "!*", "!x", "x", "NP", "*LK*"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (span_is(field, marks[i])) {
            return true;
        }
    }
    return false;
}

void import_shadow_next(struct import_reader *reader, struct import_record *record)
{
    struct span fields[IMPORT_FIELDS_MAX] = {0};
    struct span line;
    int64_t expires;

    if (!import_line(reader, record, &line) || import_is_ignored(line, record)) {
        return;
    }

    size_t count = import_split(line, ':', fields, IMPORT_FIELDS_MAX);

    if (count != IMPORT_FIELDS_MAX || !read_days(fields[7], &expires)) {
        import_flawed(record, "A line of shadow(5) has nine fields: is this that file?",
                      "the line has %zu fields, or a date that is not a number", count);
        return;
    }
    if (is_system_account(fields[1])) {
        import_passed(record, "account without a password");
        return;
    }
    if (span_is(fields[0], "root")) {
        import_passed(record, "root");
        return;
    }
    if (!import_user(reader, record, fields[0]) || !import_hash(record, fields[1])) {
        return;
    }
    if (fields[7].len > 0 && expires <= reader->today) {
        json_object_set_new(record->row, "suspended", json_true());
        record->note = "it has expired: suspended";
    }
}
