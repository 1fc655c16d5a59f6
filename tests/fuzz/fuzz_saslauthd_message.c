/* Any octets as a saslauthd request: no octet beyond the input is read, and a request in any pieces
 * is the same request. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "front/saslauthd_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_inside(struct span part, struct span whole)
{
    check(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
    check(part.len == 0 || !memchr(part.ptr, '\0', part.len));
}

static void check_complete(const struct saslauthd_message *frame, struct span input)
{
    struct buf login;
    check_inside(frame->login, input);
    check_inside(frame->password, input);
    check_inside(frame->service, input);
    check_inside(frame->realm, input);
    check_inside(frame->client, input);
    check(frame->password.len <= SASLAUTHD_PASSWORD_MAX);
    buf_init(&login, SASLAUTHD_LOGIN_MAX);
    saslauthd_login_append(&login, frame);
    check(!login.overflow);
    buf_finish(&login);
}

/* A part is either incomplete or has the same fields as the whole, except for the client. */
static void check_part(const struct saslauthd_message *whole, struct span part)
{
    struct saslauthd_message frame;
    char *copy = mem_calloc(1, part.len + 1);
    memcpy(copy, part.ptr, part.len);
    saslauthd_message_parse((struct span){copy, part.len}, &frame);
    if (frame.state != SASLAUTHD_INCOMPLETE) {
        check(frame.state == whole->state);
        check(frame.state != SASLAUTHD_MALFORMED || frame.why == whole->why);
        check(span_equal(frame.login, whole->login));
        check(span_equal(frame.password, whole->password));
        check(span_equal(frame.service, whole->service));
        check(span_equal(frame.realm, whole->realm));
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = {(const char *)data, size};
    struct saslauthd_message frame;
    saslauthd_message_parse(input, &frame);
    check((frame.state == SASLAUTHD_MALFORMED) == (frame.why != NULL));
    check(frame.state != SASLAUTHD_INCOMPLETE || size < SASLAUTHD_MESSAGE_MAX);
    if (frame.state == SASLAUTHD_COMPLETE) {
        check_complete(&frame, input);
    }
    for (size_t length = 0; length < size; length += 1 + length / 8) {
        check_part(&frame, (struct span){input.ptr, length});
    }
    return 0;
}
