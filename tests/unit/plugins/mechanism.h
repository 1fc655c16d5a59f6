/* Drives a mechanism as the core does, with zeroed state. Each input is an allocation of its exact
 * size, so that a sanitizer notices a read beyond the input. */
#ifndef TEST_MECHANISM_H
#define TEST_MECHANISM_H

#include <authd/plugin.h>
#include <stdlib.h>
#include <string.h>

/* An absent response; an empty response has a pointer. */
#define ABSENT ((struct authd_bytes){NULL, 0})
#define OCTETS(literal)                                                                            \
    ((struct authd_bytes){(const unsigned char *)(literal), sizeof(literal) - 1})

struct exchange {
    const struct authd_mechanism *mechanism;
    void *state;
    unsigned char *input;
    struct authd_step_out out;
};

static inline void exchange_begin(struct exchange *exchange, const struct authd_plugin *plugin)
{
    *exchange = (struct exchange){.mechanism = plugin->mechanisms[0]};
    exchange->state = calloc(1, exchange->mechanism->state_size);
}

static inline void exchange_step(struct exchange *exchange, struct authd_bytes response)
{
    struct authd_step_in in = {.kind = AUTHD_RESPONSE, .present = response.ptr != NULL};
    free(exchange->input);
    exchange->input = NULL;
    if (in.present) {
        exchange->input = malloc(response.len);
        memcpy(exchange->input, response.ptr, response.len);
        in.bytes = (struct authd_bytes){exchange->input, response.len};
    }
    exchange->out = (struct authd_step_out){0};
    exchange->mechanism->step(exchange->state, &in, &exchange->out);
}

static inline void exchange_end(struct exchange *exchange)
{
    free(exchange->state);
    free(exchange->input);
}

static inline int same_octets(struct authd_bytes a, struct authd_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

#endif
