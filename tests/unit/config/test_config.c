/* The configuration: a file becomes a struct config. */
#include "from_file.h"

#include "config/public_url.h"

static void assert_in_directory(const char *path, const char *name)
{
    assert_memory_equal(path, directory, strlen(directory));
    assert_int_equal(path[strlen(directory)], '/');
    assert_string_equal(path + strlen(directory) + 1, name);
}

static void test_smallest(void **state)
{
    (void)state;
    struct config *config = load(HEAD LISTENER);
    const struct passwd *nobody = getpwnam("nobody");

    assert_in_directory(config->state_dir, "state");
    assert_in_directory(config->key_dir, "state/keys");
    assert_string_equal(config->user, "nobody");
    assert_int_equal(config->uid, nobody->pw_uid);
    assert_int_equal(config->gid, nobody->pw_gid);
    assert_null(config->default_domain);
    assert_true(config->embedded);
    assert_null(config->url);
    assert_null(config->owner_url);
    assert_int_equal(config->read_connections, 2);
    assert_int_equal(config->listener_count, 1);

    const struct config_listener *listener = &config->listeners[0];
    assert_int_equal(listener->protocol, CONFIG_DOVECOT);
    assert_in_directory(listener->path, "sock");
    assert_null(listener->address);
    assert_int_equal(listener->owner, geteuid() == 0 ? config->uid : (uid_t)-1);
    assert_int_equal(listener->group, geteuid() == 0 ? config->gid : (gid_t)-1);
    assert_int_equal(listener->mode, 0600);
    assert_int_equal(listener->peer_count, 0);
    assert_false(listener->insecure_network);
    assert_false(listener->tempfail_reply);
    assert_false(listener->tagged);
    assert_false(listener->admin_by_peer);

    assert_string_equal(config->scheme, "argon2id");
    assert_int_equal(config->hash_memory, 46 * 1024 * 1024);
    assert_int_equal(config->hash_passes, 1);
    assert_int_equal(config->max_memory, 256 * 1024 * 1024);
    assert_int_equal(config->max_time_ms, 2000);
    assert_int_equal(config->password_rules.min_length, 15);
    assert_int_equal(config->password_rules.min_length_with_factor, 8);
    assert_int_equal(config->password_rules.min_score, 3);
    assert_int_equal(config->password_rules.word_count, 0);
    assert_int_equal(config->factor_rules.policy, FACTOR_OPTIONAL);
    assert_true(config->factor_rules.inline_codes);
    assert_false(config->factor_rules.ahead);
    assert_int_equal(config->factor_rules.remember.seconds, 0);
    assert_null(config->public_url.text);
    assert_null(config->submission_host);
    assert_int_equal(config->submission_port, 587);
    assert_null(config->mail_from);
    assert_string_equal(config->mail_server, "smtp://127.0.0.1:25");
    assert_null(config->plugin_dir);
    assert_int_equal(config->plugin_count, 5);
    assert_string_equal(config->plugins[0], "plain");
    assert_string_equal(config->plugins[3], "crypt");
    assert_string_equal(config->plugins[4], "dovecot");
    assert_int_equal(config->workers, 0);
    assert_int_equal(config->log_level, LOG_INFO);
    assert_int_equal(config->log_format, LOG_KV);
    config_destroy(config);
    config_destroy(NULL);
}

static void test_everything(void **state)
{
    (void)state;
    struct config *config = load(
        "state_dir: /var/lib/smtp-authd/\n"
        "user: \"65534\"\n"
        "default_domain: B\xC3\xBC\x63her.Example.\n"
        "database:\n"
        "  mode: external\n"
        "  url: host=a,b dbname='my authd' user=authd_service passfile=/etc/p\n"
        "  read_connections: 5\n"
        "listeners:\n"
        "  - protocol: dovecot\n"
        "    path: /run/authd/dovecot\n"
        "    owner: root\n"
        "    group: 7\n"
        "    mode: 0660\n"
        "    peers: [root, nobody, 4711]\n"
        "    tempfail: reply\n"
        "    identity: tagged\n"
        "  - {protocol: dovecot, address: \"127.0.0.1:12345\"}\n"
        "  - {protocol: saslauthd, address: \"[::1]:12345\"}\n"
        "  - {protocol: saslauthd, address: \"192.0.2.1:25\", insecure_network: true}\n"
        "  - {protocol: http, path: admin/http, mode: \"0600\", admin: peer}\n"
        "  - protocol: http\n"
        "    address: \"192.0.2.1:443\"\n"
        "    tls: {certificate: tls.pem, key: /etc/tls.key}\n"
        "    trusted_proxies: [10.0.0.0/8, \"2001:db8::1\"]\n"
        "submission: {host: Mail.Example.org, port: 465}\n"
        "mail: {from: Postmaster@Example.org, server: \"smtp://[::1]:2525\"}\n"
        "password: {scheme: crypt, hash_memory: 19MiB, hash_passes: 2, max_memory: 1GiB, "
        "max_time: 500ms, min_length: 12, min_length_with_factor: 10, min_score: 4, words: [ACME, "
        "Gr\xC3\x9C\xC3\x9F\x65]}\n"
        "plugin_dir: ./plugins\n"
        "plugins: [plain, my-scheme_2]\n"
        "workers: 3\n"
        "second_factor: required\n"
        "second_factor_inline: false\n"
        "second_factor_ahead: true\n"
        "second_factor_remember: {for: 12h, uses: 50, network: \"/16,/48\", shared: [192.0.2.0/24, "
        "\"2001:db8::/32\"]}\n"
        "audit: {retain_changes: 400d, retain_logins: 30d}\n"
        "log: {format: json, level: debug}\n");

    assert_string_equal(config->state_dir, "/var/lib/smtp-authd");
    assert_string_equal(config->user, "nobody");
    assert_string_equal(config->default_domain, "xn--bcher-kva.example");
    assert_false(config->embedded);
    assert_string_equal(config->url,
                        "host=a,b dbname='my authd' user=authd_service passfile=/etc/p");
    assert_string_equal(config->owner_url,
                        "passfile='/etc/p' dbname='my authd' host='a,b' user='authd_owner'");
    assert_int_equal(config->read_connections, 5);
    assert_int_equal(config->listener_count, 6);
    const struct config_listener *listener = config->listeners;
    assert_string_equal(listener[0].path, "/run/authd/dovecot");
    assert_int_equal(listener[0].owner, 0);
    assert_int_equal(listener[0].group, 7);
    assert_int_equal(listener[0].mode, 0660);
    assert_int_equal(listener[0].peer_count, 3);
    assert_int_equal(listener[0].peers[0], 0);
    assert_int_equal(listener[0].peers[1], getpwnam("nobody")->pw_uid);
    assert_int_equal(listener[0].peers[2], 4711);
    assert_true(listener[0].tempfail_reply);
    assert_true(listener[0].tagged);
    assert_string_equal(listener[1].address, "127.0.0.1:12345");
    assert_null(listener[1].path);
    assert_int_equal(listener[2].protocol, CONFIG_SASLAUTHD);
    assert_string_equal(listener[2].address, "[::1]:12345");
    assert_true(listener[3].insecure_network);
    assert_int_equal(listener[4].protocol, CONFIG_HTTP);
    assert_in_directory(listener[4].path, "admin/http");
    assert_true(listener[4].admin_by_peer);
    assert_null(listener[4].certificate);
    assert_int_equal(listener[4].trusted_proxy_count, 0);
    assert_in_directory(listener[5].certificate, "tls.pem");
    assert_string_equal(listener[5].key, "/etc/tls.key");
    assert_false(listener[5].insecure_network);
    assert_int_equal(listener[5].trusted_proxy_count, 2);
    assert_int_equal(listener[5].trusted_proxies[0].bits, 104);
    assert_int_equal(listener[5].trusted_proxies[1].bits, 128);
    assert_string_equal(config->submission_host, "mail.example.org");
    assert_int_equal(config->submission_port, 465);
    assert_string_equal(config->mail_from, "postmaster@example.org");
    assert_string_equal(config->mail_server, "smtp://[::1]:2525");
    assert_int_equal(config->password_rules.min_length, 12);
    assert_int_equal(config->password_rules.min_length_with_factor, 10);
    assert_int_equal(config->password_rules.min_score, 4);
    assert_int_equal(config->password_rules.word_count, 2);
    assert_string_equal(config->words[0], "acme");
    assert_string_equal(config->words[1], "gr\xC3\xBCsse");
    assert_string_equal(config->scheme, "crypt");
    assert_int_equal(config->hash_memory, 19 * 1024 * 1024);
    assert_int_equal(config->hash_passes, 2);
    assert_int_equal(config->max_memory, 1024 * 1024 * 1024);
    assert_int_equal(config->max_time_ms, 500);
    assert_in_directory(config->plugin_dir, "./plugins");
    assert_int_equal(config->plugin_count, 2);
    assert_string_equal(config->plugins[1], "my-scheme_2");
    assert_int_equal(config->workers, 3);

    const struct factor_rules rules = *config_site(config).factor_rules;

    assert_int_equal(rules.policy, FACTOR_REQUIRED);
    assert_false(rules.inline_codes);
    assert_true(rules.ahead);
    assert_int_equal(rules.remember.seconds, 12 * 3600);
    assert_int_equal(rules.remember.uses, 50);
    assert_int_equal(rules.remember.bits4, 16);
    assert_int_equal(rules.remember.bits6, 48);
    assert_int_equal(rules.remember.shared_count, 2);
    assert_int_equal(rules.remember.shared[0].bits, 120);
    assert_int_equal(rules.remember.shared[1].bits, 32);
    assert_int_equal(config->retain_changes_ms / 86400000, 400);
    assert_int_equal(config->retain_logins_ms / 86400000, 30);
    assert_int_equal(config->log_level, LOG_DEBUG);
    assert_int_equal(config->log_format, LOG_JSON);
    config_destroy(config);
}

static void test_owner_url_of_a_uri(void **state)
{
    (void)state;
    struct config *config = load("user: nobody\nkey_dir: k\ndatabase: {mode: external, url: "
                                 "\"postgresql://me@h:5433/it%27s\"}\n" LISTENER);
    assert_string_equal(config->owner_url,
                        "dbname='it\\'s' host='h' port='5433' user='authd_owner'");
    assert_null(config->state_dir);
    config_destroy(config);

    config = load("user: nobody\nkey_dir: /k/\n"
                  "database: {mode: external, url: host=h, owner_url: host=i}\n" LISTENER);
    assert_string_equal(config->key_dir, "/k");
    assert_string_equal(config->owner_url, "host=i");
    config_destroy(config);
}

static void test_json_is_yaml(void **state)
{
    (void)state;
    struct config *config =
        load("{\n  \"state_dir\": \"s\",\n  \"user\": \"nobody\",\n  \"listeners\": [\n    {\n"
             "      \"protocol\": \"http\", \"path\": \"p\"}]}\n");
    config_destroy(config);
}

static void test_defaults_load(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    config_print_defaults(out);
    fclose(out);

    char *user = strstr(text, "user: smtp-authd\n"); /* may be missing on this machine */
    assert_non_null(user);
    memcpy(user, "user: \"65534\"   \n", strlen("user: smtp-authd\n"));
    for (char *line = strtok(mem_strdup(text), "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_in_range(strlen(line), 1, 120);
    }
    struct config *printed = load(text);
    struct config *unset = load(HEAD LISTENER);
    assert_int_equal(printed->read_connections, unset->read_connections);
    assert_int_equal(printed->hash_memory, unset->hash_memory);
    assert_int_equal(printed->max_memory, unset->max_memory);
    assert_int_equal(printed->max_time_ms, unset->max_time_ms);
    assert_int_equal(printed->plugin_count, unset->plugin_count);
    assert_int_equal(printed->factor_rules.policy, unset->factor_rules.policy);
    assert_int_equal(printed->factor_rules.remember.seconds, 0);
    assert_int_equal(printed->log_level, unset->log_level);
    config_destroy(printed);
    config_destroy(unset);
    free(text);
}

static void test_files(void **state)
{
    (void)state;
    struct err err;
    assert_null(config_load("/nonexistent/authd.yaml", &err));
    assert_string_equal(err.text, "/nonexistent/authd.yaml: cannot open it: No such file or "
                                  "directory; give another with -c FILE");
    assert_null(config_load(directory, &err));
    assert_non_null(strstr(err.text, ": is not a file; give one with -c FILE"));

    assert_mistake("", ": is empty; smtp-authd --print-defaults prints one to begin with");
    assert_mistake("# nothing\n---\n", ":3: must hold keys with values; write key: value");
    assert_mistake(HEAD LISTENER "---\nuser: a\n", ":5: a second document (---); keep one");

    const size_t large = 1024 * 1024 + 1;
    char *text = mem_calloc(1, large);
    memset(text, '#', large);
    assert_mistake_octets(text, large, ": is larger than 1 MiB: this is no configuration of authd");
    free(text);

    write_file(HEAD LISTENER, strlen(HEAD LISTENER));
    chmod(file, 0666);
    assert_null(config_load(file, &err));
    assert_non_null(strstr(err.text, ": every user may change it; chmod o-w "));
    chmod(file, 0600);
    if (geteuid() != 0) { /* root reads everything */
        chmod(file, 0);
        assert_null(config_load(file, &err));
        assert_non_null(strstr(err.text, ": cannot open it: Permission denied"));
        chmod(file, 0600);
    }
}

/* Values of public_url, and the loaded URLs; NULL: a mistake. */
static void test_public_url(void **state)
{
    static const struct {
        const char *text;
        const char *url;
    } table[] = {
        {"https://auth.example.org", "https://auth.example.org"},
        {"HTTPS://Auth.B\xC3\xBC\x63her.example/", "https://auth.xn--bcher-kva.example"},
        {"https://auth.example.org:443", "https://auth.example.org"},
        {"https://auth.example.org:80", "https://auth.example.org:80"},
        {"https://auth.example.org:8443/", "https://auth.example.org:8443"},
        {"https://192.0.2.1", "https://192.0.2.1"},
        {"https://[2001:DB8:0::1]:1", "https://[2001:db8::1]:1"},
        {"https://[::1]/", "https://[::1]"},
        {"http://127.0.0.1:8587", "http://127.0.0.1:8587"},
        {"http://[::1]:80", "http://[::1]"},
        {"http://LocalHost:8587", "http://localhost:8587"},
        {"http://auth.example.org", NULL},
        {"http://192.0.2.1", NULL},
        {"http://localhost.example.org", NULL},
        {"https://auth.example.org/authd", NULL},
        {"https://auth.example.org//", NULL},
        {"https://auth.example.org/.", NULL},
        {"https://auth.example.org/?", NULL},
        {"https://auth.example.org/#", NULL},
        {"https:/auth.example.org", NULL},
        {"https:/[::1]", NULL},
        {"https:///auth.example.org", NULL},
        {"https:auth.example.org", NULL},
        {"https://%61uth.example.org", NULL},
        {"https://auth.example.org:0443", NULL},
        {"https://auth.example.org:+1", NULL},
        {"https://0x7f.0.0.1", NULL},
        {"https://127.1", NULL},
        {"https://2130706433", NULL},
        {"https://[fe80::1%25eth0]", NULL},
        {"https://[::1]x", NULL},
        {"https://[192.0.2.1]", NULL},
        {"https://:1", NULL},
        {"https://@auth.example.org", NULL},
        {"https:// auth.example.org", NULL},
        {"https://auth.example.org?", NULL},
        {"https://auth.example.org#", NULL},
        {"https://user@auth.example.org", NULL},
        {"https://auth.example.org:0", NULL},
        {"https://auth.example.org:65536", NULL},
        {"https://auth.example.org:", NULL},
        {"https://999.1.1.1", NULL},
        {"https://[::1", NULL},
        {"https://", NULL},
        {"auth.example.org", NULL},
        {"ftp://auth.example.org", NULL},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char text[256];
        struct err err;

        snprintf(text, sizeof(text), HEAD LISTENER "public_url: \"%s\"\n", table[i].text);
        write_file(text, strlen(text));
        struct config *config = config_load(file, &err);
        const struct public_url none = {0};
        const struct public_url *url = config != NULL ? &config->public_url : &none;

        if (table[i].url == NULL ? config != NULL
                                 : url->text == NULL || strcmp(url->text, table[i].url) != 0) {
            fail_msg("%s became %s", table[i].text, url->text);
        }
        config_destroy(config);
    }
}

static void test_parts_of_public_url(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        unsigned port;
        bool tls;
    } table[] = {
        {"https://Auth.Example.Org", "auth.example.org", 443, true},
        {"https://auth.example.org:80", "auth.example.org", 80, true},
        {"https://192.0.2.1:8443/", "192.0.2.1", 8443, true},
        {"https://[2001:DB8::1]", "[2001:db8::1]", 443, true},
        {"http://[::1]:8587", "[::1]", 8587, false},
        {"http://localhost", "localhost", 80, false},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct public_url url;
        struct err err;

        assert_true(public_url_read(table[i].text, &url, &err));
        assert_string_equal(url.host, table[i].host);
        assert_int_equal(url.port, table[i].port);
        assert_int_equal(url.tls, table[i].tls);
        public_url_finish(&url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest),           cmocka_unit_test(test_everything),
        cmocka_unit_test(test_owner_url_of_a_uri), cmocka_unit_test(test_json_is_yaml),
        cmocka_unit_test(test_defaults_load),      cmocka_unit_test(test_files),
        cmocka_unit_test(test_public_url),         cmocka_unit_test(test_parts_of_public_url),
    };
    return cmocka_run_group_tests_name("config", tests, setup, teardown);
}
