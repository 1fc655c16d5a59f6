#include "front/saslauthd_message.h"

#include <arpa/inet.h>
#include <strings.h>

struct field {
    size_t max;
    const char *too_long;
    const char *has_nul;
};

enum { LOGIN, PASSWORD, SERVICE, REALM, CLIENT, FIELDS };

#define FIELD(name, limit)                                                                         \
    {                                                                                              \
        (limit), name " too long", "NUL in " name                                                  \
    }
static const struct field FIELD_RULES[FIELDS] = {
    [LOGIN] = FIELD("login", SASLAUTHD_NAME_MAX),
    [PASSWORD] = FIELD("password", SASLAUTHD_PASSWORD_MAX),
    [SERVICE] = FIELD("service", SASLAUTHD_NAME_MAX),
    [REALM] = FIELD("realm", SASLAUTHD_NAME_MAX),
    [CLIENT] = FIELD("client", SASLAUTHD_NAME_MAX),
};
#undef FIELD

/* Takes one string from the front of `rest`. A length beyond the limit is refused before its octets
 * arrive. */
static enum saslauthd_message_state field_take(struct span *rest, const struct field *rule,
                                               struct span *value, const char **why)
{
    if (rest->len < 2) {
        return SASLAUTHD_INCOMPLETE;
    }
    const unsigned char *octets = (const unsigned char *)rest->ptr;
    size_t length = (size_t)octets[0] << 8 | octets[1];
    if (length > rule->max) {
        *why = rule->too_long;
        return SASLAUTHD_MALFORMED;
    }
    if (length > rest->len - 2) {
        return SASLAUTHD_INCOMPLETE;
    }
    *value = (struct span){rest->ptr + 2, length};
    *rest = (struct span){rest->ptr + 2 + length, rest->len - 2 - length};
    if (memchr(value->ptr, '\0', value->len)) {
        *why = rule->has_nul;
        return SASLAUTHD_MALFORMED;
    }
    return SASLAUTHD_COMPLETE;
}

/* The address of "192.0.2.1;587", without the port; empty if the text is not an IP address. */
static struct span client_address(struct span client)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char octets[sizeof(struct in6_addr)];
    const char *semicolon = client.len > 0 ? memchr(client.ptr, ';', client.len) : NULL;
    if (semicolon) {
        client.len = (size_t)(semicolon - client.ptr);
    }
    if (client.len == 0 || client.len >= sizeof(text)) {
        return (struct span){0};
    }
    memcpy(text, client.ptr, client.len);
    text[client.len] = '\0';
    bool valid = inet_pton(AF_INET, text, octets) == 1 || inet_pton(AF_INET6, text, octets) == 1;
    return valid ? client : (struct span){0};
}

void saslauthd_message_parse(struct span input, struct saslauthd_message *request)
{
    struct span fields[FIELDS] = {0};
    *request = (struct saslauthd_message){.state = SASLAUTHD_COMPLETE};
    for (int i = LOGIN; i <= REALM && request->state == SASLAUTHD_COMPLETE; i++) {
        request->state = field_take(&input, &FIELD_RULES[i], &fields[i], &request->why);
    }
    if (request->state != SASLAUTHD_COMPLETE) {
        return;
    }
    const char *ignored;
    if (field_take(&input, &FIELD_RULES[CLIENT], &fields[CLIENT], &ignored) == SASLAUTHD_COMPLETE) {
        request->client = client_address(fields[CLIENT]);
    }
    request->login = fields[LOGIN];
    request->password = fields[PASSWORD];
    request->service = fields[SERVICE];
    request->realm = fields[REALM];
}

/* Whether the domain of the login is the realm; letters are compared without their case. */
static bool login_ends_in(struct span login, struct span realm)
{
    if (login.len <= realm.len) {
        return false;
    }
    const char *at = login.ptr + login.len - realm.len - 1;
    return *at == '@' && strncasecmp(at + 1, realm.ptr, realm.len) == 0;
}

void saslauthd_login_append(struct buf *buf, const struct saslauthd_message *request)
{
    buf_append(buf, request->login.ptr, request->login.len);
    if (request->login.len == 0 || request->realm.len == 0 ||
        login_ends_in(request->login, request->realm)) {
        return;
    }
    buf_append_text(buf, "@");
    buf_append(buf, request->realm.ptr, request->realm.len);
}

void saslauthd_answer_append(struct buf *buf, bool ok, const char *reference)
{
    size_t length = ok ? 2 : 3 + strlen(reference);
    buf_append(buf, (char[]){(char)(length >> 8), (char)length}, 2);
    buf_append_text(buf, ok ? "OK" : "NO ");
    buf_append_text(buf, ok ? "" : reference);
}
