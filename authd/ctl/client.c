#include "ctl/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"

#define ANSWER_MAX (16 * 1024 * 1024)
#define URL_MAX    (64 * 1024)
#define TEXT_MAX   512

struct client {
    const char *socket;
    long timeout; /* seconds */
    CURL *curl;
};

struct client *client_create(const char *socket, long timeout_seconds)
{
    struct client *client = mem_new(struct client);

    client->socket = socket;
    client->timeout = timeout_seconds;
    client->curl = curl_easy_init();
    if (client->curl == NULL) {
        abort(); /* no memory */
    }
    return client;
}

void client_destroy(struct client *client)
{
    if (client == NULL) {
        return;
    }
    curl_easy_cleanup(client->curl);
    free(client);
}

void client_encode(struct buf *path, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                     (*c >= 'A' && *c <= 'Z') || strchr("-._~", *c) != NULL;

        if (plain) {
            buf_append(path, c, 1);
        } else {
            buf_printf(path, "%%%02X", *c);
        }
    }
}

json_t *problem_create(const char *type, const char *title, const char *detail, const char *hint)
{
    json_t *problem = json_pack("{s:s, s:s}", "type", type, "title", title);

    /* $AUTHD_SOCKET may be in it, in whatever encoding. */
    json_t *text = json_string(detail);

    json_object_set_new(problem, "detail", text != NULL ? text : json_string(title));
    if (hint != NULL) {
        json_object_set_new(problem, "hint", json_string(hint));
    }
    return problem;
}

/* ---- what came back ------------------------------------------------------------------------ */

static struct answer answer_unreachable(const struct client *client, int error)
{
    char detail[TEXT_MAX];
    struct stat status;
    const char *hint = "Is authd running? Name its socket by --socket PATH or $AUTHD_SOCKET.";
    size_t len =
        (size_t)snprintf(detail, sizeof(detail), "cannot reach authd at %s", client->socket);

    if (error != 0 && len < sizeof(detail)) {
        len += (size_t)snprintf(detail + len, sizeof(detail) - len, ": %s", strerror(error));
    }
    if (error == EACCES) {
        hint = "Run authctl as root or as authd's own user.";
        if (stat(client->socket, &status) == 0 && len < sizeof(detail)) {
            snprintf(detail + len, sizeof(detail) - len,
                     " (you are uid %ld; the socket is uid %ld's, mode %04o)", (long)geteuid(),
                     (long)status.st_uid, (unsigned)(status.st_mode & 07777));
        }
    } else if (strlen(client->socket) > 107) {
        hint = "The path of a socket has at most 107 octets.";
    }
    return (struct answer){EXIT_TEMPORARY,
                           problem_create("unreachable", "Cannot reach authd", detail, hint)};
}

static struct answer answer_broken(const struct client *client, CURLcode code, bool changes)
{
    char detail[TEXT_MAX];
    const char *unknown = changes ? "; whether the change was made is unknown" : "";

    if (code == CURLE_OPERATION_TIMEDOUT) {
        snprintf(detail, sizeof(detail), "authd did not answer within %ld s%s", client->timeout,
                 unknown);
    } else {
        snprintf(detail, sizeof(detail), "no answer from authd: %s%s", curl_easy_strerror(code),
                 unknown);
    }
    return (struct answer){
        EXIT_TEMPORARY,
        problem_create("no-answer", "No answer from authd", detail,
                       changes ? "Look at the user, then try again." : "Try again.")};
}

static enum exit_status exit_of(long status)
{
    if (status >= 200 && status < 300) {
        return EXIT_DONE;
    }
    return status >= 400 && status < 500 && status != 408 && status != 429 ? EXIT_REFUSED
                                                                           : EXIT_TEMPORARY;
}

static struct answer answer_of(long status, const struct buf *text)
{
    json_t *json =
        json_loadb(text->len > 0 ? text->data : "", text->len, JSON_REJECT_DUPLICATES, NULL);
    char detail[TEXT_MAX];

    if (json_is_object(json)) {
        return (struct answer){exit_of(status), json};
    }
    json_decref(json);
    snprintf(detail, sizeof(detail), "what answers is not authd, or not this version (status %ld)",
             status);
    return (struct answer){exit_of(status) == EXIT_DONE ? EXIT_TEMPORARY : exit_of(status),
                           problem_create("unexpected-answer", "Unexpected answer", detail,
                                          "Is this authd's HTTP socket?")};
}

/* ---- the call ------------------------------------------------------------------------------ */

static size_t receive(char *data, size_t size, size_t count, void *arg)
{
    struct buf *answer = arg;

    buf_append(answer, data, size * count);
    return answer->overflow ? 0 : size * count; /* 0 ends the transfer */
}

static void prepare(struct client *client, const char *method, const char *url, struct buf *answer)
{
    CURL *curl = client->curl;

    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, client->timeout);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "authctl/" AUTHD_VERSION);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
}

static struct answer perform(struct client *client, bool changes, const struct buf *text)
{
    CURLcode code = curl_easy_perform(client->curl);
    long status = 0;
    long error = 0;

    if (code == CURLE_COULDNT_CONNECT) {
        curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &error);
        return answer_unreachable(client, (int)error);
    }
    if (code != CURLE_OK) {
        return answer_broken(client, code, changes);
    }
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    return answer_of(status, text);
}

struct answer client_call(struct client *client, const char *method, const char *path,
                          const json_t *body)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    struct buf url;
    struct buf answer_text;

    buf_init(&url, URL_MAX);
    buf_printf(&url, "http://localhost%s", path);
    buf_append(&url, "", 1);
    buf_init(&answer_text, ANSWER_MAX);
    prepare(client, method, url.overflow ? "" : url.data, &answer_text);
    if (text != NULL) {
        headers = curl_slist_append(headers, "Content-Type: application/json");
        headers = curl_slist_append(headers, "Expect:");
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, text);
    }
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);

    struct answer answer = perform(client, strcmp(method, "GET") != 0, &answer_text);

    curl_easy_reset(client->curl); /* forgets the body and the headers */
    if (text != NULL) {
        secret_wipe(text, strlen(text));
        free(text);
    }
    curl_slist_free_all(headers);
    buf_finish(&url);
    buf_finish(&answer_text);
    return answer;
}
