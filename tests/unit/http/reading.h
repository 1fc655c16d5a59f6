/* A request as libmicrohttpd would show it, for tests of what reads and checks one. */
#ifndef TESTS_READING_H
#define TESTS_READING_H

#include <string.h>

#include "http/admission.h"

struct reading {
    struct http_listener listener; /* set before reading_begin(), as the client */
    struct http_client client;
    struct request request;
    struct admission admission;
};

/* `request`: "POST /v1/users HTTP/1.1\nHost: example.org\n"; each line ends with a newline. Reads
 * it up to the end of the headers, and finds its route. */
static inline const struct problem *reading_begin(struct reading *reading,
                                                  const struct http_route *routes,
                                                  const char *request, struct arena *arena)
{
    static const struct public_url public_url = {
        .text = "https://auth.example.org", .host = "auth.example.org", .port = 443, .tls = true};
    char *text = arena_copy(arena, span_of(request));
    char *next;
    const char *method = strtok_r(text, " ", &next);
    const char *target = strtok_r(NULL, " ", &next);
    char *line;

    reading->client.listener = &reading->listener;
    reading->request = (struct request){
        .arena = arena,
        .reference = "abcdefghij",
        .client = &reading->client,
        .names = client_names(&reading->client, &public_url),
    };
    request_target(&reading->request, target);
    strtok_r(NULL, "\n", &next); /* the version */
    while ((line = strtok_r(NULL, "\n", &next)) != NULL) {
        char *value = strstr(line, ": ");

        *value = '\0';
        request_header(&reading->request, span_of(line), span_of(value + 2));
    }
    router_match(&reading->request.match, routes, method, &reading->request.uri);
    return request_check(&reading->request);
}

/* The body is here, all of it kept. */
static inline void reading_body(struct reading *reading, const char *body)
{
    buf_init(&reading->request.body, strlen(body));
    buf_append(&reading->request.body, body, strlen(body));
    reading->request.body_length = strlen(body);
}

#endif
