#include "ctl/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/program.h"
#include "base/secret.h"
#include "ctl/input_file.h"

#define ANSWER_MAX (16 * 1024 * 1024)
#define URL_MAX    (64 * 1024)
#define TOKEN_MAX  1024
#define TEXT_MAX   512

struct client {
    struct client_target target;
    struct buf base;          /* "https://auth.example.org"; a path is appended */
    struct buf authorization; /* the Authorization header; empty: send none */
    CURL *curl;
};

/* ---- the server ---------------------------------------------------------------------------- */

/* Plain HTTP is allowed to this machine only. On a network everybody on the way could read the
 * API key. */
static bool is_loopback(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    size_t len = strcspn(host, "/?#");

    if (host[0] == '[') {
        len = strcspn(host, "]") + 1;
    } else {
        len = strcspn(host, ":/?#");
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == len && strncasecmp(names[i], host, len) == 0) {
            return true;
        }
    }
    return false;
}

static bool take_url(struct client *client, struct err *err)
{
    const char *url = client->target.url;
    bool secure = strncasecmp(url, "https://", 8) == 0;
    const char *host = strstr(url, "://");

    if (host == NULL || (!secure && strncasecmp(url, "http://", 7) != 0) || host[3] == '\0') {
        return err_set(err, "--url takes a URL like https://auth.example.org");
    }
    host += 3;
    if (strpbrk(host, "?#@") != NULL || strpbrk(host, " \t\r\n") != NULL) {
        return err_set(err, "--url takes scheme, host and port only; the key belongs in "
                            "--token-file");
    }
    if (!secure && !is_loopback(host)) {
        return err_set(err, "--url must begin with https://: without TLS everybody on the way can "
                            "read the key");
    }
    buf_append_text(&client->base, url);
    while (client->base.len > 0 && client->base.data[client->base.len - 1] == '/') {
        client->base.len--;
    }
    return true;
}

/* Reads the API key, the only line of the file. */
static bool take_token(struct client *client, struct err *err)
{
    struct buf token;
    bool good;

    buf_init(&token, TOKEN_MAX);
    good = document_load(&token, client->target.token_file, err);
    while (good && token.len > 0 && strchr(" \t\r\n", token.data[token.len - 1]) != NULL) {
        token.len--;
    }
    for (size_t i = 0; good && i < token.len; i++) {
        if (token.data[i] < 0x20 || token.data[i] > 0x7e) {
            good = err_set(err, "%s holds more than one line of ASCII", client->target.token_file);
        }
    }
    if (good && token.len == 0) {
        good = err_set(err, "%s is empty", client->target.token_file);
    }
    if (good) {
        buf_append_text(&client->authorization, "Authorization: Bearer ");
        buf_append(&client->authorization, token.data, token.len);
        buf_append(&client->authorization, "", 1);
    }
    buf_finish(&token);
    return good;
}

struct client *client_create(const struct client_target *target, struct err *err)
{
    struct client *client = mem_new(struct client);

    client->target = *target;
    buf_init(&client->base, URL_MAX);
    buf_init(&client->authorization, TOKEN_MAX + 64);
    client->curl = curl_easy_init();
    if (client->curl == NULL) {
        abort(); /* no memory */
    }
    if (target->url == NULL) {
        buf_append_text(&client->base, "http://localhost");
    } else if (!take_url(client, err) || (target->token_file != NULL && !take_token(client, err))) {
        client_destroy(client);
        return NULL;
    }
    return client;
}

void client_destroy(struct client *client)
{
    if (client == NULL) {
        return;
    }
    curl_easy_cleanup(client->curl);
    buf_finish(&client->base);
    buf_finish(&client->authorization);
    free(client);
}

json_t *problem_create(const char *type, const char *title, const char *detail, const char *hint)
{
    json_t *problem = json_pack("{s:s, s:s}", "type", type, "title", title);

    /* The detail may quote $AUTHD_SOCKET, which may be in any encoding. */
    json_t *text = json_string(detail);

    json_object_set_new(problem, "detail", text != NULL ? text : json_string(title));
    if (hint != NULL) {
        json_object_set_new(problem, "hint", json_string(hint));
    }
    return problem;
}

/* ---- answers ------------------------------------------------------------------------------- */

static json_t *problem_socket(const char *socket, int error)
{
    char detail[TEXT_MAX];
    struct stat status;
    const char *hint = "Is authd running? Name its socket by --socket PATH or $AUTHD_SOCKET.";
    char rights[TEXT_MAX];
    size_t len = (size_t)snprintf(detail, sizeof(detail), "cannot reach authd at %s", socket);

    if (error != 0 && len < sizeof(detail)) {
        len += (size_t)snprintf(detail + len, sizeof(detail) - len, ": %s", strerror(error));
    }
    if (error == EACCES) {
        snprintf(rights, sizeof(rights),
                 "Run %s as root or as authd's own user, or use --url with --token-file.",
                 program_name());
        hint = rights;
        if (stat(socket, &status) == 0 && len < sizeof(detail)) {
            snprintf(detail + len, sizeof(detail) - len,
                     " (you are uid %ld; the socket is uid %ld's, mode %04o)", (long)geteuid(),
                     (long)status.st_uid, (unsigned)(status.st_mode & 07777));
        }
    } else if (strlen(socket) > 107) {
        hint = "The path of a socket has at most 107 octets.";
    }
    return problem_create("unreachable", "Cannot reach authd", detail, hint);
}

static json_t *problem_url(const struct client *client, CURLcode code, const char *why)
{
    char detail[TEXT_MAX];
    const char *hint = "Check the URL, and that authd listens there.";

    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        hint = "Name the authority that signed its certificate by --cacert FILE.";
    } else if (code == CURLE_SSL_CACERT_BADFILE) {
        hint = "--cacert takes a file of PEM certificates.";
    }
    snprintf(detail, sizeof(detail), "cannot reach authd at %s: %s", client->target.url,
             why[0] != '\0' ? why : curl_easy_strerror(code));
    return problem_create("unreachable", "Cannot reach authd", detail, hint);
}

static json_t *problem_no_answer(const struct client *client, CURLcode code, bool changes)
{
    char detail[TEXT_MAX];
    const char *unknown = changes ? "; it is unknown whether the change was made" : "";

    if (code == CURLE_OPERATION_TIMEDOUT) {
        snprintf(detail, sizeof(detail), "authd did not answer within %ld s%s",
                 client->target.timeout, unknown);
    } else {
        snprintf(detail, sizeof(detail), "no answer from authd: %s%s", curl_easy_strerror(code),
                 unknown);
    }
    return problem_create("no-answer", "No answer from authd", detail,
                          changes ? "Check whether the change was made, then try again."
                                  : "Try again.");
}

static enum exit_status exit_of(long status)
{
    if (status >= 200 && status < 300) {
        return EXIT_DONE;
    }
    return status >= 400 && status < 500 && status != 408 && status != 429 ? EXIT_REFUSED
                                                                           : EXIT_TEMPORARY;
}

/* True for what authd answers: an object or, with a refusal, a problem. Another program on the way
 * may refuse with an object of its own. */
static bool is_authds(long status, const json_t *json)
{
    return json_is_object(json) &&
           (exit_of(status) == EXIT_DONE || (json_is_string(json_object_get(json, "type")) &&
                                             json_is_string(json_object_get(json, "title"))));
}

static struct answer answer_of(long status, const struct buf *text)
{
    json_t *json =
        json_loadb(text->len > 0 ? text->data : "", text->len, JSON_REJECT_DUPLICATES, NULL);
    char detail[TEXT_MAX];

    if (is_authds(status, json)) {
        return (struct answer){.exit = exit_of(status), .json = json, .status = status};
    }
    json_decref(json);
    snprintf(detail, sizeof(detail),
             "the answer is not from authd, or from another version of authd (status %ld)", status);
    return (struct answer){
        .exit = exit_of(status) == EXIT_DONE ? EXIT_TEMPORARY : exit_of(status),
        .json = problem_create("unexpected-answer", "Unexpected answer", detail,
                               "Is this authd's HTTP socket?"),
        .status = status,
    };
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
    if (client->target.url == NULL) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->target.socket);
    } else if (client->target.cacert != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->target.cacert);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https"); /* take_url() checked the scheme */
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, client->target.timeout);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "smtp-authctl/" AUTHD_VERSION);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
}

/* True if no request was sent: there was no connection, or the wrong server answered. */
static bool is_unreachable(CURLcode code)
{
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
           code == CURLE_SSL_CACERT_BADFILE || code == CURLE_URL_MALFORMAT ||
           code == CURLE_SSL_ISSUER_ERROR;
}

static struct answer perform(struct client *client, bool changes, const struct buf *text)
{
    char why[CURL_ERROR_SIZE] = "";
    long status = 0;
    long error = 0;

    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, why);

    CURLcode code = curl_easy_perform(client->curl);

    if (is_unreachable(code) && client->target.url == NULL) {
        curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &error);
        return (struct answer){.exit = EXIT_TEMPORARY,
                               .json = problem_socket(client->target.socket, (int)error)};
    }
    if (is_unreachable(code)) {
        return (struct answer){.exit = EXIT_TEMPORARY, .json = problem_url(client, code, why)};
    }
    if (code != CURLE_OK) {
        return (struct answer){.exit = EXIT_TEMPORARY,
                               .json = problem_no_answer(client, code, changes)};
    }
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    return answer_of(status, text);
}

static void add_header(struct curl_slist **headers, const char *header)
{
    struct curl_slist *more = curl_slist_append(*headers, header);

    if (more == NULL) {
        abort(); /* no memory */
    }
    *headers = more;
}

static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *each = headers; each != NULL; each = each->next) {
        secret_wipe(each->data, strlen(each->data));
    }
    curl_slist_free_all(headers);
}

struct answer client_call(struct client *client, const char *method, const char *path,
                          const json_t *body)
{
    struct curl_slist *headers = NULL;
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    struct buf url;
    struct buf answer_text;

    add_header(&headers, "Accept: application/json");
    if (client->authorization.len > 0) {
        add_header(&headers, client->authorization.data);
    }
    buf_init(&url, URL_MAX);
    buf_append(&url, client->base.data, client->base.len);
    buf_append_text(&url, path);
    buf_append(&url, "", 1);
    buf_init(&answer_text, ANSWER_MAX);
    prepare(client, method, url.overflow ? "" : url.data, &answer_text);
    if (text != NULL) {
        add_header(&headers, "Content-Type: application/json");
        add_header(&headers, "Expect:");
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, text);
    }
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);

    struct answer answer = perform(client, strcmp(method, "GET") != 0, &answer_text);

    curl_easy_getinfo(client->curl, CURLINFO_TOTAL_TIME, &answer.seconds);
    curl_easy_reset(client->curl); /* drops the references to the body and the headers */
    if (text != NULL) {
        secret_wipe(text, strlen(text));
        free(text);
    }
    free_headers(headers);
    buf_finish(&url);
    buf_finish(&answer_text);
    return answer;
}
