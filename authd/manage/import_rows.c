#include "manage/import_rows.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "core/name.h"
#include "credential/stored_hash.h"
#include "crypto/cleartext.h"
#include "crypto/key.h"
#include "scope/scope.h"

#define TEXT_MAX 2048

struct import {
    const struct core *core;
    uint8_t key[KEY_LENGTH]; /* derives salts */
    size_t addresses;        /* addresses and networks so far */
};

/* Marks the row as bad. Always returns false. */
static bool flaw(json_t *row, const char *text, const char *hint)
{
    json_object_set_new(row, "flaw", json_string(text));
    if (hint != NULL) {
        json_object_set_new(row, "hint", json_string(hint));
    }
    return false;
}

static void put_hash(json_t *row, const char *stored)
{
    json_t *old = json_object_get(row, "password_hash");
    json_t *new = stored != NULL ? json_string(stored) : NULL;

    if (json_is_string(old)) {
        secret_wipe((char *)json_string_value(old), json_string_length(old));
    }
    if (new != NULL) {
        json_object_set_new(row, "password_hash", new);
    } else {
        json_object_del(row, "password_hash");
    }
}

/* ---- types --------------------------------------------------------------------------------- */

enum type { TYPE_TEXT, TYPE_TEXTS, TYPE_NUMBER, TYPE_BOOLEAN };

static const struct {
    const char *name;
    enum type type;
} members[] = {
    {"line", TYPE_NUMBER},
    {"login", TYPE_TEXT},
    {"password_hash", TYPE_TEXT},
    {"display_name", TYPE_TEXT},
    {"recovery_address", TYPE_TEXT},
    {"addresses", TYPE_TEXTS},
    {"class", TYPE_TEXT},
    {"networks", TYPE_TEXTS},
    {"suspended", TYPE_BOOLEAN},
};

static bool is_text(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0 &&
           json_string_length(value) <= TEXT_MAX;
}

static bool is_texts(const json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) > 256) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!is_text(json_array_get(value, i))) {
            return false;
        }
    }
    return true;
}

static bool has_type(const json_t *value, enum type type)
{
    switch (type) {
    case TYPE_TEXT:
        return is_text(value);
    case TYPE_TEXTS:
        return is_texts(value);
    case TYPE_NUMBER:
        return json_is_integer(value) && json_integer_value(value) >= 0 &&
               json_integer_value(value) <= INT32_MAX;
    case TYPE_BOOLEAN:
        return json_is_boolean(value);
    }
    return false;
}

static const char *type_flaw(const char *name, const json_t *value, char text[static 128])
{
    static const char *const wants[] = {
        [TYPE_TEXT] = "a text of 1 to 2048 octets",
        [TYPE_TEXTS] = "a list of at most 256 such texts",
        [TYPE_NUMBER] = "a number",
        [TYPE_BOOLEAN] = "true or false",
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strcmp(members[i].name, name) == 0) {
            if (has_type(value, members[i].type)) {
                return NULL;
            }
            snprintf(text, 128, "%s is not %s", name, wants[members[i].type]);
            return text;
        }
    }
    return "the row has an unknown member";
}

/* A row with a wrong type or an unknown member keeps only its line and login. */
static bool check_members(json_t *row)
{
    char text[128];
    const char *found = NULL;
    const char *name;
    json_t *value;

    json_object_foreach(row, name, value)
    {
        found = found == NULL ? type_flaw(name, value, text) : found;
    }
    if (found == NULL) {
        return true;
    }

    json_t *line = json_incref(json_object_get(row, "line"));
    json_t *login = json_incref(json_object_get(row, "login"));

    put_hash(row, NULL);
    json_object_clear(row);
    if (has_type(line, TYPE_NUMBER)) {
        json_object_set(row, "line", line);
    }
    if (has_type(login, TYPE_TEXT)) {
        json_object_set(row, "login", login);
    }
    json_decref(line);
    json_decref(login);
    return flaw(row, found, NULL);
}

/* ---- passwords ----------------------------------------------------------------------------- */

/* Replaces a cleartext password by a digest. */
static bool digest(const struct import *import, json_t *row, struct span stored)
{
    char made[AUTHD_HASH_MAX + 1];
    char login[NAME_MAX_LENGTH + 1];
    const char *given = json_string_value(json_object_get(row, "login"));

    if (given == NULL ||
        name_login(span_of(given), import->core->default_domain, login) != NAME_OK) {
        put_hash(row, NULL);
        return true; /* arguments_prepare() reports the bad login later */
    }
    if (!cleartext_digest(stored, login, import->key, made)) {
        put_hash(row, NULL);
        return flaw(row, "its password is empty, too long, or not in the encoding that it names",
                    NULL);
    }
    put_hash(row, made);
    return true;
}

static bool is_lock_mark(struct span stored)
{
    return stored.ptr[0] == '!' || stored.ptr[0] == '*' || span_is(stored, "x");
}

static bool prepare_hash(const struct import *import, json_t *row)
{
    const json_t *given = json_object_get(row, "password_hash");

    if (given == NULL) {
        return true;
    }

    const char *text = json_string_value(given);
    struct span stored = {text, json_string_length(given)};

    if (strlen(text) != stored.len) {
        put_hash(row, NULL);
        return flaw(row, "its password hash has a NUL", NULL);
    }

    enum password_kind kind = password_kind_of(&import->core->schemes, text);

    /* Only a usable hash can be a cleartext password: {PLAIN}*, for example, is a lock. */
    if (cleartext_is(stored) && (stored.len > AUTHD_HASH_MAX || kind == PASSWORD_USABLE)) {
        return digest(import, row, stored);
    }
    switch (kind) {
    case PASSWORD_USABLE:
        return true;
    case PASSWORD_LOCKED:
        if (is_lock_mark(stored)) {
            put_hash(row, NULL);
            json_object_set_new(row, "note", json_string("it is locked, so it has no password"));
            return true;
        }
        break;
    case PASSWORD_NONE:
    case PASSWORD_UNREADABLE:
        break;
    }
    put_hash(row, NULL);
    return flaw(row, "authd cannot check its password hash within the configured limits",
                "Import the user without it, then send a reset link.");
}

/* ---- networks ------------------------------------------------------------------------------ */

static bool prepare_networks(json_t *row)
{
    json_t *networks = json_object_get(row, "networks");
    struct scope_flaw found;

    if (networks == NULL) {
        return true;
    }

    json_t *document = json_pack("{s:i, s:{s:O}}", "v", 1, "networks", "allow", networks);
    struct scope *scope = scope_parse(document, &found);
    bool good = scope != NULL;

    if (good) {
        char *canonical = scope_canonical(document);

        json_object_set_new(row, "scope", json_string(canonical));
        free(canonical);
    } else {
        char text[512];

        snprintf(text, sizeof(text), "its networks: %s %s", found.pointer, found.text);
        flaw(row, text, NULL);
    }
    scope_destroy(scope);
    json_decref(document);
    json_object_del(row, "networks");
    return good;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void prepare_row(struct import *import, json_t *row)
{
    bool good = check_members(row);

    import->addresses += json_array_size(json_object_get(row, "addresses")) +
                         json_array_size(json_object_get(row, "networks"));
    if (import->addresses > IMPORT_ADDRESSES_MAX) {
        json_object_del(row, "addresses");
        json_object_del(row, "networks");
        good = flaw(row, "the request has too many addresses and networks",
                    "Send fewer rows at once.");
    }
    if (!good || !prepare_hash(import, row) || !prepare_networks(row)) {
        put_hash(row, NULL);
    }
}

void import_prepare(const struct core *core, json_t *rows)
{
    struct import import = {.core = core};
    size_t index;
    json_t *row;

    key_derive(core->keys, "import", import.key);
    json_array_foreach(rows, index, row)
    {
        if (json_is_object(row)) {
            prepare_row(&import, row);
        }
    }
    secret_wipe(import.key, sizeof(import.key));
}

/* ---- encrypting ---------------------------------------------------------------------------- */

/* The row's hash; NULL: none. Removes the hash of a row without a login or with a flaw. */
static const char *hash_of(json_t *row)
{
    const char *hash = json_string_value(json_object_get(row, "password_hash"));

    if (hash != NULL &&
        (!json_is_string(json_object_get(row, "login")) || json_object_get(row, "flaw") != NULL)) {
        put_hash(row, NULL);
        hash = NULL;
    }
    return hash;
}

json_t *import_logins(json_t *rows)
{
    json_t *logins = json_array();
    size_t index;
    json_t *row;

    json_array_foreach(rows, index, row)
    {
        if (hash_of(row) != NULL) {
            json_array_append(logins, json_object_get(row, "login"));
        }
    }
    return logins;
}

void import_rows_digest(const struct key *key, int64_t account,
                        const uint8_t hash[IMPORT_HASH_LENGTH],
                        uint8_t out[static KEYED_HASH_LENGTH])
{
    const struct keyed_input input = {
        .kind = "import",
        .owner = account,
        .secret = {(const char *)hash, IMPORT_HASH_LENGTH},
    };

    keyed_hash(key, &input, out);
}

static json_t *digests_of(const struct core *core, int64_t account, const char *stored)
{
    const struct key_set *peppers = &core->keys->peppers;
    json_t *digests = json_array();
    uint8_t hash[IMPORT_HASH_LENGTH];

    crypto_hash_sha256(hash, (const uint8_t *)stored, strlen(stored));
    for (size_t i = 0; i < peppers->count; i++) {
        uint8_t octets[KEYED_HASH_LENGTH];
        char hex[KEYED_HASH_HEX_SIZE];

        import_rows_digest(&peppers->keys[i], account, hash, octets);
        sodium_bin2hex(hex, sizeof(hex), octets, sizeof(octets));
        json_array_append_new(digests, json_string(hex));
    }
    secret_wipe(hash, sizeof(hash));
    return digests;
}

static void encrypt_row(const struct core *core, json_t *row, const json_t *whose)
{
    int64_t account = json_integer_value(json_object_get(whose, "account"));
    int64_t cipher_version = json_integer_value(json_object_get(whose, "cipher_version"));
    const char *hash = hash_of(row);
    char encrypted[AEAD_MAX + 1];

    json_object_set_new(row, "imported", digests_of(core, account, hash));
    stored_hash_encrypt_password(core, account, cipher_version, hash, encrypted);
    put_hash(row, encrypted);
    json_object_set_new(row, "account_id", json_integer(account));
    json_object_set(row, "account_new", json_object_get(whose, "new"));
    json_object_set_new(row, "password_cipher_version", json_integer(cipher_version));
}

bool import_rows_encrypt(const struct core *core, json_t *rows, const json_t *accounts)
{
    size_t next = 0;
    size_t index;
    json_t *row;

    json_array_foreach(rows, index, row)
    {
        if (hash_of(row) != NULL) {
            json_t *whose = json_array_get(accounts, next++);

            if (whose == NULL) {
                return false;
            }
            encrypt_row(core, row, whose);
        }
    }
    return next == json_array_size(accounts);
}
