/* listen: which sockets it takes over, which it refuses, and which peers may connect. */
#include "until.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/listen.h"

struct fixture {
    struct loop *loop;
    char directory[64];
    char path[80];
    int accepted;
    int fd; /* of the last accepted connection */
    struct peer peer;
    struct err err;
};

static int setup(void **state)
{
    struct fixture *fixture = mem_new(struct fixture);
    fixture->loop = loop_create();
    fixture->fd = -1;
    strcpy(fixture->directory, P_tmpdir "/authd-test-listen-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof(fixture->path), "%s/socket", fixture->directory);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->fd >= 0) {
        close(fixture->fd);
    }
    unlink(fixture->path);
    int left = rmdir(fixture->directory); /* fails if another file was left behind */
    loop_destroy(fixture->loop);
    free(fixture);
    return left;
}

static struct listener *listen_at(struct fixture *fixture)
{
    return listen_create(
        &(struct listen_options){
            .path = fixture->path, .owner = (uid_t)-1, .group = (gid_t)-1, .mode = 0600},
        &fixture->err);
}

static struct listener *listen_to(struct fixture *fixture, const char *address, bool insecure)
{
    return listen_create(&(struct listen_options){.address = address, .insecure_network = insecure},
                         &fixture->err);
}

static void accepted(void *arg, int fd, const struct peer *peer)
{
    struct fixture *fixture = arg;
    if (fixture->fd >= 0) {
        close(fixture->fd);
    }
    fixture->fd = fd;
    fixture->peer = *peer;
    fixture->accepted++;
}

static int unix_socket(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    strcpy(address->sun_path, path);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int client_connect(const char *path)
{
    struct sockaddr_un address;
    int fd = unix_socket(path, &address);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void stale_socket(const char *path)
{
    struct sockaddr_un address;
    int fd = unix_socket(path, &address);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static void assert_mentions(const struct fixture *fixture, const char *text)
{
    if (!strstr(fixture->err.text, text)) {
        fail_msg("\"%s\" does not mention \"%s\"", fixture->err.text, text);
    }
}

/* ---- unix -------------------------------------------------------------------------- */

static void test_accepts_and_tells_who(void **state)
{
    struct fixture *fixture = *state;
    struct listener *listener = listen_at(fixture);
    assert_non_null(listener);
    assert_string_equal(listen_name(listener), fixture->path);
    listen_start(listener, fixture->loop, accepted, fixture);
    int client = client_connect(fixture->path);
    loop_turns(fixture->loop, 2);
    assert_int_equal(fixture->accepted, 1);
    assert_true(fixture->peer.local);
    assert_int_equal(fixture->peer.uid, getuid());
    assert_int_equal(fixture->peer.gid, getgid());
    assert_int_equal(fixture->peer.pid, getpid());
    char text[32];
    snprintf(text, sizeof(text), "unix:%u", getuid());
    assert_string_equal(fixture->peer.text, text);
    assert_true(fcntl(fixture->fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fixture->fd, F_GETFD) & FD_CLOEXEC);
    close(client);
    listen_destroy(listener);
    assert_int_equal(access(fixture->path, F_OK), -1);
}

static void test_a_stale_socket_is_taken_over(void **state)
{
    struct fixture *fixture = *state;
    stale_socket(fixture->path);
    struct listener *listener = listen_at(fixture);
    assert_non_null(listener);
    close(client_connect(fixture->path));
    listen_destroy(listener);
}

static void test_a_live_socket_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct listener *listener = listen_at(fixture);
    assert_null(listen_at(fixture));
    assert_mentions(fixture, fixture->path);
    assert_mentions(fixture, "another program is listening");
    close(client_connect(fixture->path)); /* the other program's socket still works */
    listen_destroy(listener);
}

static void test_a_live_socket_with_a_full_backlog_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_un address;
    int busy = unix_socket(fixture->path, &address);
    assert_int_equal(bind(busy, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(busy, 0), 0);
    int clients[8];
    int count = 0;
    do {
        clients[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    } while (connect(clients[count++], (struct sockaddr *)&address, sizeof(address)) == 0 &&
             count < 8);
    assert_int_equal(errno, EAGAIN);
    assert_null(listen_at(fixture));
    assert_mentions(fixture, "another program is listening");
    while (count > 0) {
        close(clients[--count]);
    }
    close(busy);
}

static void test_a_file_is_refused_and_kept(void **state)
{
    struct fixture *fixture = *state;
    close(open(fixture->path, O_CREAT | O_WRONLY, 0600));
    assert_null(listen_at(fixture));
    assert_mentions(fixture, "not a socket");
    struct stat status;
    assert_int_equal(lstat(fixture->path, &status), 0);
    assert_true(S_ISREG(status.st_mode));
}

static void test_a_symbolic_link_is_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(symlink("/nonexistent", fixture->path), 0);
    assert_null(listen_at(fixture));
    assert_mentions(fixture, "not a socket");
}

static void test_mode_is_exact_whatever_the_umask(void **state)
{
    struct fixture *fixture = *state;
    mode_t mask = umask(077);
    struct listener *listener = listen_create(
        &(struct listen_options){
            .path = fixture->path, .owner = (uid_t)-1, .group = (gid_t)-1, .mode = 0662},
        &fixture->err);
    mode_t after = umask(mask);
    assert_non_null(listener);
    assert_int_equal(after, 077);
    struct stat status;
    assert_int_equal(lstat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0662);
    listen_destroy(listener);
}

static void test_owner_and_group(void **state)
{
    struct fixture *fixture = *state;
    bool root = geteuid() == 0; /* without root, the connection can only be refused */
    struct listener *listener = listen_create(
        &(struct listen_options){
            .path = fixture->path, .owner = 65533, .group = 65532, .mode = 0660},
        &fixture->err);
    if (!root) {
        assert_null(listener);
        assert_mentions(fixture, "start authd as root");
        return;
    }
    assert_non_null(listener);
    struct stat status;
    assert_int_equal(lstat(fixture->path, &status), 0);
    assert_int_equal(status.st_uid, 65533);
    assert_int_equal(status.st_gid, 65532);
    assert_int_equal(status.st_mode & 07777, 0660);
    listen_destroy(listener);
}

static void peers_case(struct fixture *fixture, const uid_t *peers, unsigned count, int expected)
{
    struct listener *listener = listen_create(&(struct listen_options){.path = fixture->path,
                                                                       .owner = (uid_t)-1,
                                                                       .group = (gid_t)-1,
                                                                       .mode = 0600,
                                                                       .peers = peers,
                                                                       .peer_count = count},
                                              &fixture->err);
    assert_non_null(listener);
    listen_start(listener, fixture->loop, accepted, fixture);
    fixture->accepted = 0;
    int client = client_connect(fixture->path);
    loop_turns(fixture->loop, 2);
    assert_int_equal(fixture->accepted, expected);
    char octet;
    assert_int_equal(recv(client, &octet, 1, 0), expected ? -1 : 0); /* closed at once */
    close(client);
    listen_destroy(listener);
}

static void test_only_listed_peers_are_served(void **state)
{
    struct fixture *fixture = *state;
    peers_case(fixture, (const uid_t[]){getuid() + 1, getuid()}, 2, 1);
    peers_case(fixture, (const uid_t[]){getuid() + 1, getuid() + 2}, 2, 0);
}

static void test_destroy_leaves_another_ones_socket(void **state)
{
    struct fixture *fixture = *state;
    struct listener *first = listen_at(fixture);
    unlink(fixture->path);
    struct listener *second = listen_at(fixture);
    assert_non_null(second);
    listen_destroy(first);
    close(client_connect(fixture->path));
    listen_destroy(second);
}

static void test_bad_paths(void **state)
{
    struct fixture *fixture = *state;
    strcpy(fixture->path, "relative/socket");
    assert_null(listen_at(fixture));
    assert_mentions(fixture, "absolute");
    snprintf(fixture->path, sizeof(fixture->path), "%s/missing/socket", fixture->directory);
    assert_null(listen_at(fixture));
    assert_mentions(fixture, "directory must exist");
}

static void test_the_longest_path(void **state)
{
    struct fixture *fixture = *state;
    char path[LISTEN_PATH_MAX + 2];
    memset(path, 'x', sizeof(path));
    memcpy(path, fixture->directory, strlen(fixture->directory));
    path[strlen(fixture->directory)] = '/';
    path[LISTEN_PATH_MAX] = '\0';
    struct listen_options options = {
        .path = path, .owner = (uid_t)-1, .group = (gid_t)-1, .mode = 0600};
    struct listener *listener = listen_create(&options, &fixture->err);
    assert_non_null(listener);
    close(client_connect(path));
    listen_destroy(listener);

    char longest[120];
    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[119] = '\0';
    options.path = longest;
    assert_null(listen_create(&options, &fixture->err));
    assert_mentions(fixture, "too long");
}

/* ---- running out of descriptors ---------------------------------------------------- */

static bool has_accepted(void *arg)
{
    return ((struct fixture *)arg)->accepted > 0;
}

static void test_without_descriptors_it_waits_and_recovers(void **state)
{
    struct fixture *fixture = *state;
    struct listener *listener = listen_at(fixture);
    listen_start(listener, fixture->loop, accepted, fixture);
    int client = client_connect(fixture->path);
    struct rlimit old;
    getrlimit(RLIMIT_NOFILE, &old);
    struct rlimit none = {.rlim_cur = (rlim_t)client + 1, .rlim_max = old.rlim_max};
    int filler[64];
    int fillers = 0;
    setrlimit(RLIMIT_NOFILE, &none);
    while (fillers < 64 && (filler[fillers] = dup(client)) >= 0) {
        fillers++; /* takes the free descriptors below the limit */
    }
    loop_turns(fixture->loop, 3);
    assert_int_equal(fixture->accepted, 0);

    setrlimit(RLIMIT_NOFILE, &old);
    while (fillers > 0) {
        close(filler[--fillers]);
    }
    loop_turns(fixture->loop, 1);
    assert_int_equal(fixture->accepted, 0); /* the listener pauses before it tries again */
    loop_run_until(fixture->loop, has_accepted, fixture);
    close(client);
    listen_destroy(listener);
}

static void test_one_event_accepts_a_bounded_number(void **state)
{
    struct fixture *fixture = *state;
    struct listener *listener = listen_at(fixture);
    listen_start(listener, fixture->loop, accepted, fixture);
    int clients[200];
    for (int i = 0; i < 200; i++) {
        clients[i] = client_connect(fixture->path);
    }
    loop_turns(fixture->loop, 1);
    assert_in_range(fixture->accepted, 1, 199);
    loop_turns(fixture->loop, 10);
    assert_int_equal(fixture->accepted, 200);
    for (int i = 0; i < 200; i++) {
        close(clients[i]);
    }
    listen_destroy(listener);
}

/* ---- TCP --------------------------------------------------------------------------- */

static void test_tcp_accepts_and_tells_who(void **state)
{
    struct fixture *fixture = *state;
    struct listener *listener = listen_to(fixture, "127.0.0.1:0", false);
    assert_non_null(listener);
    int port;
    assert_int_equal(sscanf(listen_name(listener), "127.0.0.1:%d", &port), 1);
    assert_in_range(port, 1, 65535);
    listen_start(listener, fixture->loop, accepted, fixture);

    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
    loop_run_until(fixture->loop, has_accepted, fixture);
    socklen_t length = sizeof(address);
    getsockname(client, (struct sockaddr *)&address, &length);
    char text[32];
    snprintf(text, sizeof(text), "127.0.0.1:%d", ntohs(address.sin_port));
    assert_string_equal(fixture->peer.text, text);
    assert_false(fixture->peer.local);

    assert_null(listen_to(fixture, listen_name(listener), false));
    assert_mentions(fixture, "another program is listening");
    close(client);
    listen_destroy(listener);
}

static void test_tcp_v6(void **state)
{
    struct fixture *fixture = *state;
    struct listener *listener = listen_to(fixture, "[::1]:0", false);
    if (!listener) {
        assert_mentions(fixture, "assign"); /* a machine without IPv6 */
        return;
    }
    assert_memory_equal(listen_name(listener), "[::1]:", 6);
    listen_destroy(listener);
}

static void test_only_loopback_unless_said(void **state)
{
    struct fixture *fixture = *state;
    static const char *const open[] = {"0.0.0.0:0", "[::]:0", "192.0.2.1:25", "[2001:db8::1]:25",
                                       "128.0.0.1:0"};
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_null(listen_to(fixture, open[i], false));
        assert_mentions(fixture, open[i]);
        assert_mentions(fixture, "insecure_network");
    }
    struct listener *listener = listen_to(fixture, "127.9.9.9:0", false);
    assert_non_null(listener);
    listen_destroy(listener);
    listener = listen_to(fixture, "0.0.0.0:0", true);
    assert_non_null(listener);
    listen_destroy(listener);
}

static void test_bad_addresses(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bad[] = {
        "",
        ":",
        "127.0.0.1",
        "127.0.0.1:",
        ":25",
        "localhost:25",
        "127.0.0.1:smtp",
        "::1:25",
        "[::1]",
        "[127.0.0.1]:25",
        "[::1:25",
        "127.0.0.1:70000",
        "127.0.0.1:-1",
        "[]:25",
        "127.0.0.256:1",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:25",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fixture->err.text[0] = '\0';
        struct listener *listener = listen_to(fixture, bad[i], true);
        if (listener) {
            fail_msg("%s was taken", bad[i]);
        }
        assert_mentions(fixture, "not an IP address and a port");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_accepts_and_tells_who),
        TEST(test_a_stale_socket_is_taken_over),
        TEST(test_a_live_socket_is_refused),
        TEST(test_a_live_socket_with_a_full_backlog_is_refused),
        TEST(test_a_file_is_refused_and_kept),
        TEST(test_a_symbolic_link_is_refused),
        TEST(test_mode_is_exact_whatever_the_umask),
        TEST(test_owner_and_group),
        TEST(test_only_listed_peers_are_served),
        TEST(test_destroy_leaves_another_ones_socket),
        TEST(test_bad_paths),
        TEST(test_the_longest_path),
        TEST(test_without_descriptors_it_waits_and_recovers),
        TEST(test_one_event_accepts_a_bounded_number),
        TEST(test_tcp_accepts_and_tells_who),
        TEST(test_tcp_v6),
        TEST(test_only_loopback_unless_said),
        TEST(test_bad_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
