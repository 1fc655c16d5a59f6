/* Mistakes in the configuration: each leads to one line that names file, line, key and remedy. */
#include "from_file.h"

static void test_yaml_mistakes(void **state)
{
    (void)state;
    assert_mistake("user: nobody\nlisteners:\n\t- a\n", ":3: a tab; YAML is indented by blanks");
    assert_mistake(
        "user: 'nobody\n",
        ":2: is not YAML: found unexpected end of stream; check indentation, colons and quotes");
    assert_mistake(
        "user: nobody\nstate_dir: \xFF\n",
        ":2: invalid leading UTF-8 octet; the file must be UTF-8 without control characters");
    assert_mistake_octets("user: no\0body\n", 14,
                          ":1: control characters are not allowed; the file must be UTF-8 without "
                          "control characters");
    assert_mistake("user: \"no\\0body\"\n", ":1: a value with a NUL in it; remove it");
    assert_mistake("user:\n", ":1: user: has no value; write one, or leave the key out");
    assert_mistake("a: b\nstate_dir: ~\n",
                   ":2: state_dir: has no value; write one, or leave the key out");
    assert_mistake("listeners:\n", ":1: listeners: has no value; write one, or leave the key out");
    assert_mistake("? [a]\n: b\n", ":1: a key that is not a word; write key: value");
    assert_mistake("user: &u nobody\nstate_dir: *u\n",
                   ":2: state_dir: refers to another place (*); write the value itself");
}

static void test_key_mistakes(void **state)
{
    (void)state;
    assert_mistake(HEAD "defualt_domain: a\n" LISTENER,
                   ":3: defualt_domain: unknown key; did you mean \"default_domain\"?");
    assert_mistake(HEAD "listeners:\n  - protocol: dovecot\n    path: a\n  - protocol: dovecot\n"
                        "    path: b\n    pears: [a]\n",
                   ":8: listeners[2].pears: unknown key; did you mean \"peers\"?");
    assert_mistake(HEAD LISTENER "log:\n  colour: red\n",
                   ":5: log.colour: unknown key; known here: format level");
    assert_mistake(HEAD LISTENER "password: {has_memory: 46MiB}\n",
                   ":4: password.has_memory: unknown key; did you mean \"hash_memory\"?");
    assert_mistake(
        HEAD LISTENER "throttling: {}\n",
        ":4: throttling: unknown key; known here: state_dir key_dir user "
        "default_domain database "
        "listeners public_url submission mail password second_factor "
        "second_factor_inline second_factor_ahead second_factor_remember plugin_dir plugins "
        "workers audit log");
    assert_mistake(HEAD LISTENER "workers: 1\nlog: {level: info}\nworkers: 2\n",
                   ":6: workers: is a key that is listed twice; keep one");
    assert_mistake(HEAD "listeners:\n  - protocol: dovecot\n    path: a\n    path: b\n",
                   ":6: listeners[1].path: is a key that is listed twice; keep one");
    assert_mistake(
        HEAD, ":1: the key \"listeners\" is missing; smtp-authd --print-defaults shows an example");
    assert_mistake(
        HEAD "listeners:\n  - {protocol: http, path: a}\n  - path: b\n",
        ":5: listeners[2]: the key \"protocol\" is missing; smtp-authd --print-defaults shows an "
        "example");
    assert_mistake("- a\n", ":1: must hold keys with values; write key: value");
    assert_mistake(
        HEAD "listeners: dovecot\n",
        ":3: listeners: must be a list; write [a, b], or one line that begins with - for each");
    assert_mistake(HEAD "listeners: []\n",
                   ":3: listeners: is an empty list; give it an entry, or leave the key out");
    assert_mistake(HEAD "listeners: [dovecot]\n",
                   ":3: listeners[1]: must hold keys with values; write key: value");
    assert_mistake(HEAD LISTENER "workers: [1]\n",
                   ":4: workers: must be one value, not a list or a group of keys");
    assert_mistake(
        HEAD "listeners: [{protocol: dovecot, path: a, peers: []}]\n",
        ":3: listeners[1].peers: is an empty list; give it an entry, or leave the key out");
}

/* A mistake in the second listener: `keys` of that listener, and the error behind its name. */
static void assert_listener_mistake(const char *keys, const char *expected)
{
    char text[1024];
    char said[1024];
    snprintf(text, sizeof(text), HEAD "listeners:\n  - {protocol: http, path: first}\n  - {%s}\n",
             keys);
    snprintf(said, sizeof(said), ":5: listeners[2]%s", expected);
    assert_mistake(text, said);
}

#define DOVECOT   "protocol: dovecot, path: second, "
#define SASLAUTHD "protocol: saslauthd, path: second, "
#define TCP       "protocol: dovecot, "
#define HTTP      "protocol: http, "

static void test_listener_mistakes(void **state)
{
    (void)state;
    assert_listener_mistake("protocol: imap, path: a",
                            ".protocol: \"imap\" is unknown; write dovecot, saslauthd or http");
    assert_listener_mistake("protocol: policy, path: a",
                            ".protocol: \"policy\" is unknown; write dovecot, saslauthd or http");
    assert_listener_mistake("protocol: dovecot",
                            ": has neither path nor address; give it one of them");
    assert_listener_mistake(DOVECOT "address: \"127.0.0.1:1\"",
                            ": has both path and address; give it one of them");
    assert_listener_mistake("protocol: dovecot, path: first",
                            ".path: is also that of listeners[1]; give each listener its own");
    assert_listener_mistake("protocol: dovecot, path: \"\"", ".path: is empty; write a path");
    assert_listener_mistake(DOVECOT "mode: \"0999\"",
                            ".mode: \"0999\" is not an octal mode; write for example \"0660\"");
    assert_listener_mistake(DOVECOT "mode: 01777",
                            ".mode: \"01777\" is not an octal mode; write for example \"0660\"");
    assert_listener_mistake(DOVECOT "mode: rw",
                            ".mode: \"rw\" is not an octal mode; write for example \"0660\"");
    assert_listener_mistake(
        DOVECOT "owner: no-such-user",
        ".owner: \"no-such-user\" is not a user of this system; create it (adduser "
        "--system --group no-such-user) or install the package that creates it");
    assert_listener_mistake(
        DOVECOT "group: no-such-group",
        ".group: \"no-such-group\" is not a group of this system; create it (addgroup "
        "--system no-such-group) or install the package that creates it");
    assert_listener_mistake(
        DOVECOT "owner: 4294967295",
        ".owner: \"4294967295\" is not a user of this system; create it (adduser "
        "--system --group 4294967295) or install the package that creates it");
    assert_listener_mistake(
        DOVECOT "peers: [root, no-such-user]",
        ".peers[2]: \"no-such-user\" is not a user of this system; create it (adduser "
        "--system --group no-such-user) or install the package that creates it");
    assert_listener_mistake(DOVECOT "tempfail: later",
                            ".tempfail: \"later\" is unknown; write disconnect or reply");
    assert_listener_mistake(DOVECOT "identity: full",
                            ".identity: \"full\" is unknown; write plain or tagged");
    assert_listener_mistake(SASLAUTHD "identity: plain",
                            ".identity: applies only to protocol dovecot; remove it");
    assert_listener_mistake(SASLAUTHD "tempfail: reply",
                            ".tempfail: applies only to protocol dovecot; remove it");
    assert_listener_mistake(DOVECOT "admin: peer",
                            ".admin: applies only to protocol http; remove it");
    assert_listener_mistake("protocol: http, path: a, admin: all",
                            ".admin: \"all\" is unknown; write peer");
    assert_listener_mistake("protocol: http, address: \"127.0.0.1:1\", admin: peer",
                            ".admin: applies only to a unix socket; remove it, or use path");
    assert_listener_mistake(
        DOVECOT "insecure_network: true",
        ".insecure_network: applies only to a listener with an address; remove it");
    assert_listener_mistake(TCP "address: \"127.0.0.1:1\", mode: \"0600\"",
                            ".mode: applies only to a unix socket; remove it, or use path");
    assert_listener_mistake(TCP "address: \"127.0.0.1:1\", peers: [root]",
                            ".peers: the user of a TCP peer is not known; remove it, or use path");
    assert_listener_mistake(
        HTTP "address: \"127.0.0.1:1\", tls: {key: k}",
        ".tls: the key \"certificate\" is missing; TLS needs certificate and key");
    assert_listener_mistake(HTTP "address: \"127.0.0.1:1\", tls: {certificate: c}",
                            ".tls: the key \"key\" is missing; TLS needs certificate and key");
    assert_listener_mistake(HTTP "address: \"127.0.0.1:1\", tls: {certificate: \"\", key: k}",
                            ".tls.certificate: is empty; write a path");
    assert_listener_mistake(HTTP "path: a, tls: {certificate: c, key: k}",
                            ".tls: applies only to a listener with an address; remove it");
    assert_listener_mistake(TCP "address: \"127.0.0.1:1\", tls: {certificate: c, key: k}",
                            ".tls: applies only to protocol http; remove it");
    assert_listener_mistake(
        HTTP "address: \"192.0.2.1:25\"",
        ".address: \"192.0.2.1:25\" is not loopback, and passwords would cross "
        "the network in clear; use 127.0.0.1 or a path, or tls, or accept it by "
        "insecure_network: true");
    assert_listener_mistake(
        HTTP "path: a, trusted_proxies: [127.0.0.1]",
        ".trusted_proxies: applies only to a listener with an address; remove it");
    assert_listener_mistake(TCP "address: \"127.0.0.1:1\", trusted_proxies: [127.0.0.1]",
                            ".trusted_proxies: applies only to protocol http; remove it");
    assert_listener_mistake(
        HTTP "address: \"127.0.0.1:1\", trusted_proxies: [127.0.0.1, 10.1.0.0/8]",
        ".trusted_proxies[2]: \"10.1.0.0/8\" has bits set behind its prefix; write 10.0.0.0/8");
    assert_listener_mistake(HTTP "address: \"127.0.0.1:1\", trusted_proxies: [proxy]",
                            ".trusted_proxies[1]: \"proxy\" is not a network; write for example "
                            "192.0.2.0/24 or 2001:db8::/32");
    assert_listener_mistake(TCP "address: \"127.0.0.1:1\", insecure_network: yes",
                            ".insecure_network: \"yes\" is neither true nor false");
    assert_listener_mistake(
        TCP "address: \"192.0.2.1:25\"",
        ".address: \"192.0.2.1:25\" is not loopback, and passwords would cross the "
        "network in clear; use 127.0.0.1 or a path, or accept it by "
        "insecure_network: true");
    static const char *const bad[] = {
        "localhost:25",    "127.0.0.1",     "127.0.0.1:", "127.0.0.1:0",
        "127.0.0.1:65536", "::1:25",        "[::1]",      "[127.0.0.1]:25",
        "[::1:25",         "127.0.0.1:25x", ":25",        ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char keys[128];
        char said[256];
        snprintf(keys, sizeof(keys), TCP "address: \"%s\"", bad[i]);
        snprintf(said, sizeof(said),
                 ".address: \"%s\" is not an address with a port; write for example "
                 "\"127.0.0.1:12345\" or \"[::1]:12345\"",
                 bad[i]);
        assert_listener_mistake(keys, said);
    }
}

static void test_long_path(void **state)
{
    (void)state;
    char path[100 + 1];
    char text[512];
    char said[512];
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    path[100] = '\0';
    snprintf(text, sizeof(text), HEAD "listeners: [{protocol: http, path: %s}]\n", path);
    snprintf(said, sizeof(said),
             ":3: listeners[1].path: \"%s\" is too long for a socket: 100 octets, at "
             "most 99; use a shorter directory",
             path);
    assert_mistake(text, said);

    path[99] = '\0';
    snprintf(text, sizeof(text), HEAD "listeners: [{protocol: http, path: %s}]\n", path);
    config_destroy(load(text));
}

static void test_value_mistakes(void **state)
{
    (void)state;
    assert_mistake(
        "user: nobody\n" LISTENER,
        ":1: state_dir: is missing, and the embedded database lives there; write for example "
        "/var/lib/smtp-authd");
    assert_mistake("user: nobody\ndatabase: {mode: external, url: host=h}\n" LISTENER,
                   ":1: state_dir: is missing, and the key files live there; write for example "
                   "/var/lib/smtp-authd");
    assert_mistake("user: root\n" LISTENER,
                   ":1: user: authd never runs as root; name another user");
    assert_mistake(
        "user: no-such-user\n" LISTENER,
        ":1: user: \"no-such-user\" is not a user of this system; create it (adduser --system "
        "--group no-such-user) or install the package that creates it");
    assert_mistake(
        HEAD "default_domain: exa_mple\n" LISTENER,
        ":3: default_domain: \"exa_mple\" has a domain that is no host name; write for example "
        "example.org");
    assert_mistake(HEAD LISTENER "database: {mode: internal}\n",
                   ":4: database.mode: \"internal\" is unknown; write embedded or external");
    assert_mistake(HEAD LISTENER "database: {mode: external}\n",
                   ":4: database: the key \"url\" is missing; mode: external needs it, for example "
                   "\"host=/run/postgresql dbname=authd user=authd_service\"");
    assert_mistake(
        HEAD LISTENER "database: {url: host=h}\n",
        ":4: database.url: an embedded database has no url; remove it, or write mode: external");
    assert_mistake(HEAD LISTENER "database: {read_connections: 33}\n",
                   ":4: database.read_connections: \"33\" is not a whole number from 1 to 32");
    assert_mistake(
        HEAD LISTENER "password: {hash_memory: 46}\n",
        ":4: password.hash_memory: \"46\" is not a size: a whole number with the unit KiB, MiB or "
        "GiB, for example 46MiB");
    assert_mistake(HEAD LISTENER "password: {hash_memory: 46MB}\n",
                   ":4: password.hash_memory: \"46MB\" is not a size: a whole number with the unit "
                   "KiB, MiB or "
                   "GiB, for example 46MiB");
    assert_mistake(
        HEAD LISTENER "password: {hash_memory: 18MiB, hash_passes: 9}\n",
        ":4: password.hash_memory: \"18MiB\" is outside of 19MiB to 1GiB; 46MiB is a good value");
    assert_mistake(
        HEAD LISTENER "password: {hash_memory: 2GiB}\n",
        ":4: password.hash_memory: \"2GiB\" is outside of 19MiB to 1GiB; 46MiB is a good value");
    assert_mistake(
        HEAD LISTENER "password: {hash_memory: 45MiB}\n",
        ":4: password.hash_memory: \"45MiB\" in one pass is too cheap to guess; write 46MiB, or "
        "hash_passes: 2");
    assert_mistake(HEAD LISTENER "password: {hash_passes: 0}\n",
                   ":4: password.hash_passes: \"0\" is not a whole number from 1 to 10");
    assert_mistake(
        HEAD LISTENER "password: {max_memory: 45MiB}\n",
        ":4: password.max_memory: must lie between hash_memory and 4GiB, or authd could not check "
        "its own hashes");
    assert_mistake(HEAD LISTENER "password: {min_length_with_factor: 7}\n",
                   ":4: password.min_length_with_factor: \"7\" is not a whole number from 8 to 64");
    assert_mistake(HEAD LISTENER "password: {min_length: 9, min_length_with_factor: 10}\n",
                   ":4: password.min_length_with_factor: 10 is above password.min_length, which "
                   "is 9");
    assert_mistake(HEAD LISTENER "password: {min_length: 7}\n",
                   ":4: password.min_length: \"7\" is not a whole number from 8 to 64");
    assert_mistake(HEAD LISTENER "password: {min_score: 5}\n",
                   ":4: password.min_score: \"5\" is not a whole number from 0 to 4");
    assert_mistake(HEAD LISTENER "password: {words: [acme, ab]}\n",
                   ":4: password.words[2]: \"ab\" is too short or too long: 3 characters to 64 "
                   "octets");
    assert_mistake(HEAD LISTENER "submission: {host: a b}\n",
                   ":4: submission.host: \"a b\" has a control character or a blank; write for "
                   "example mail.example.org");
    assert_mistake(HEAD LISTENER "submission: {port: 65536}\n",
                   ":4: submission.port: \"65536\" is not a port; write for example 587");
    assert_mistake(HEAD LISTENER "mail: {from: nobody}\n",
                   ":4: mail.from: \"nobody\" has no @ and a domain after it; write for example "
                   "postmaster@example.org");
    assert_mistake(
        HEAD LISTENER "mail: {from: \"*@example.org\"}\n",
        ":4: mail.from: \"*@example.org\" has a forbidden character, or one that maps to a "
        "forbidden one; write for example postmaster@example.org");
    assert_mistake(HEAD LISTENER "mail: {server: 127.0.0.1:25}\n",
                   ":4: mail.server: \"127.0.0.1:25\" is not a mail server; write for example "
                   "smtp://127.0.0.1:25");
    assert_mistake(HEAD LISTENER "mail: {server: smtp://192.0.2.1:25}\n",
                   ":4: mail.server: \"smtp://192.0.2.1:25\" is not this machine, and reset links "
                   "would cross the network in clear; let a mail server on 127.0.0.1 forward them");
    assert_mistake(HEAD LISTENER "password: {max_time: 2}\n",
                   ":4: password.max_time: \"2\" is not a duration: a whole number with the unit "
                   "ms, s, m, h or "
                   "d, for example 30s");
    assert_mistake(HEAD LISTENER "password: {max_time: 1m}\n",
                   ":4: password.max_time: \"1m\" is outside of 100ms to 5s: Postfix waits no "
                   "longer than 10s");
    assert_mistake(HEAD LISTENER "plugins: [plain, ../evil]\n",
                   ":4: plugins[2]: \"../evil\" is not the name of a plugin; write it without "
                   "directory and .so, for "
                   "example plain");
    assert_mistake(HEAD LISTENER "plugins:\n  - plain\n  - plain\n",
                   ":6: plugins[2]: \"plain\" is listed twice; remove one");
    assert_mistake(HEAD LISTENER "workers: -1\n",
                   ":4: workers: \"-1\" is not a whole number up to 256");
    assert_mistake(HEAD LISTENER "audit: {retain_logins: 5h}\n",
                   ":4: audit.retain_logins: \"5h\" is outside of 1d to 3653d");
    assert_mistake(HEAD LISTENER "audit: {retain_changes: forever}\n",
                   ":4: audit.retain_changes: \"forever\" is not a duration: a whole number with "
                   "the unit ms, s, m, h or d, for example 30s");
    assert_mistake(HEAD LISTENER "audit: {retain_changes: 89d}\n",
                   ":4: audit.retain_logins: is longer than retain_changes: keep changes at least "
                   "as long, they explain the logins");
    assert_mistake(HEAD LISTENER "workers: 257\n",
                   ":4: workers: \"257\" is not a whole number up to 256");
    assert_mistake(HEAD LISTENER "log: {level: loud}\n",
                   ":4: log.level: \"loud\" is unknown; write error, warning, info or debug");
    assert_mistake(HEAD LISTENER "log: {format: xml}\n",
                   ":4: log.format: \"xml\" is unknown; write kv or json");
    assert_mistake("user: nobody\ndatabase: {mode: external, url: \"service=authd\"}\n" LISTENER,
                   ":2: database.url: names a service; write its host and dbname here instead");
}

static void test_factor_mistakes(void **state)
{
    (void)state;
    assert_mistake(HEAD LISTENER "second_factor: always\n",
                   ":4: second_factor: \"always\" is unknown; write off, optional or required");
    assert_mistake(HEAD LISTENER "second_factor_inline: yes\n",
                   ":4: second_factor_inline: \"yes\" is neither true nor false");
    assert_mistake(HEAD LISTENER "second_factor_ahead: 1\n",
                   ":4: second_factor_ahead: \"1\" is neither true nor false");
    assert_mistake(HEAD LISTENER "second_factor_remember: {uses: 5}\n",
                   ":4: second_factor_remember: the key \"for\" is missing; add for: 12h, or "
                   "remove the section");
    assert_mistake(HEAD LISTENER "second_factor_remember: {for: 59s}\n",
                   ":4: second_factor_remember.for: \"59s\" is outside of 1m to 30d");
    assert_mistake(HEAD LISTENER "second_factor_remember: {for: 31d}\n",
                   ":4: second_factor_remember.for: \"31d\" is outside of 1m to 30d");
    assert_mistake(
        HEAD LISTENER "second_factor_remember: {for: 12}\n",
        ":4: second_factor_remember.for: \"12\" is not a duration: a whole number with the "
        "unit ms, s, m, h or d, for example 30s");
    assert_mistake(HEAD LISTENER "second_factor_remember: {for: 1h, uses: 0}\n",
                   ":4: second_factor_remember.uses: \"0\" is not a whole number from 1 to 100000");
    assert_mistake(
        HEAD LISTENER "second_factor_remember: {for: 1h, addresses: 3}\n",
        ":4: second_factor_remember.addresses: unknown key; known here: for uses network shared");
    assert_mistake(HEAD LISTENER "second_factor_remember: {for: 1h, shared: [192.0.2.1/24]}\n",
                   ":4: second_factor_remember.shared[1]: \"192.0.2.1/24\" has bits set behind its "
                   "prefix; write 192.0.2.0/24");
    assert_mistake(
        HEAD LISTENER "second_factor_remember: {for: 1h, shared: [192.0.2.0/24, here]}\n",
        ":4: second_factor_remember.shared[2]: \"here\" is not a network; write for example "
        "192.0.2.0/24 or 2001:db8::/32");
    static const char *const networks[] = {"/24",      "/24/64",   "/15,/64",  "/33,/64",
                                           "/24,/31",  "/24,/129", "/24, /64", "/24,/64 ",
                                           "/024,/64", "24,64"};
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        char text[256], expected[256];
        snprintf(text, sizeof(text),
                 HEAD LISTENER "second_factor_remember: {for: 1h, network: \"%s\"}\n", networks[i]);
        snprintf(
            expected, sizeof(expected),
            ":4: second_factor_remember.network: \"%s\" is not a prefix of IPv4 (16 to 32) and one "
            "of IPv6 (32 to 128); write for example /24,/64",
            networks[i]);
        assert_mistake(text, expected);
    }
}

/* An error never has the password, nor libpq's message, which could quote it. */
static void test_passwords_in_urls(void **state)
{
    (void)state;
    static const char *const urls[] = {"host=h password=canary", "postgresql://u:canary@h/d",
                                       "host=h user='u' password = 'canary'", "canary",
                                       "host=h sslpassword=canary"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        for (int owner = 0; owner < 2; owner++) {
            struct err err = {.text = ""};
            char text[512];
            snprintf(text, sizeof(text),
                     "user: nobody\ndatabase: {mode: external, %s: \"%s\"}\n" LISTENER,
                     owner ? "url: host=h, owner_url" : "url", urls[i]);
            write_file(text, strlen(text));
            assert_null(config_load(file, &err));
            assert_null(strstr(err.text, "canary"));
            assert_non_null(
                strstr(err.text, owner ? ":2: database.owner_url: " : ":2: database.url: "));
            assert_non_null(
                strstr(err.text, i == 3 ? "is not a libpq connection string" : "passfile=FILE"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml_mistakes),     cmocka_unit_test(test_key_mistakes),
        cmocka_unit_test(test_listener_mistakes), cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_value_mistakes),    cmocka_unit_test(test_factor_mistakes),
        cmocka_unit_test(test_passwords_in_urls),
    };
    return cmocka_run_group_tests_name("config mistakes", tests, setup, teardown);
}
