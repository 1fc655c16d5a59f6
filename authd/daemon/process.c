#include "daemon/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

/* Opens standard descriptors that are closed: otherwise a socket could get the number of stdout,
 * and output would go to it. */
static void keep_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void clean_environment(void)
{
    /* libpq takes these variables for settings that database.url leaves out, and would look up a
     * host name in them on the loop. */
    static const char *const unwanted[] = {"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE"};

    for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++) {
        unsetenv(unwanted[i]);
    }
}

void process_prepare(void)
{
    keep_standard_descriptors();
    raise_descriptor_limit();
    clean_environment();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    process_deliver_stop(false);
    umask(0077);
}

void process_deliver_stop(bool deliver)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(deliver ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

/* Sends one datagram to $NOTIFY_SOCKET (sd_notify(3)). Errors are ignored: a service manager is
 * optional. */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path != NULL ? strlen(path) : 0;
    int fd;

    if (length < 2 || length >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') { // the abstract namespace
        address.sun_path[0] = '\0';
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

/* Polls first: writing to a full pipe would hold up the loop. */
void process_ready(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0) {
        (void)!write(STDOUT_FILENO, "ready\n", 6);
    }
    notify("READY=1");
}

void process_stopping(void)
{
    notify("STOPPING=1");
}

char *process_plugin_dir(const char *configured)
{
    static const char beside[] = "/../plugins";
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof(beside));
    char *slash;

    if (configured != NULL) {
        return mem_strdup(configured);
    }
    if (length > 0) {
        path[length] = '\0';
        slash = strrchr(path, '/');
        memcpy(slash, beside, sizeof(beside));
        if (access(path, X_OK) == 0) {
            return mem_strdup(path);
        }
    }
    return mem_strdup(AUTHD_PLUGIN_DIR);
}
