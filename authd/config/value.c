/* Scalars of the configuration. A size or a duration needs its unit; a bare number is refused
 * instead of guessing a unit. */
#include "config/value.h"

#include <arpa/inet.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"

/* Parses up to 12 decimal digits; returns the text after them, NULL if there is no such number. */
static const char *number_parse(const char *text, uint64_t *number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 12) {
        return NULL;
    }
    *number = strtoull(text, NULL, 10);
    return text + digits;
}

bool config_value_size(const char *text, uint64_t *bytes, struct err *err)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};
    uint64_t number;
    const char *rest = number_parse(text, &number);

    for (size_t i = 0; rest != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(rest, units[i].name) == 0 && number <= UINT64_MAX / units[i].bytes) {
            *bytes = number * units[i].bytes;
            return true;
        }
    }
    return err_set(err, "is not a size: a whole number with the unit KiB, MiB or GiB, "
                        "for example 46MiB");
}

bool config_value_duration(const char *text, uint64_t *ms, struct err *err)
{
    int64_t parsed = 0;

    if (!duration_parse_ms(span_of(text), &parsed)) {
        return err_set(err, "is not a duration: a whole number with the unit ms, s, m, h or d, "
                            "for example 30s");
    }
    *ms = (uint64_t)parsed;
    return true;
}

bool config_value_number(const char *text, uint64_t max, uint64_t *number, struct err *err)
{
    const char *rest = number_parse(text, number);
    if (rest == NULL || *rest != '\0' || *number > max) {
        return err_set(err, "is not a whole number up to %llu", (unsigned long long)max);
    }
    return true;
}

bool config_value_bool(const char *text, bool *truth, struct err *err)
{
    *truth = strcmp(text, "true") == 0;
    return *truth || strcmp(text, "false") == 0 || err_set(err, "is neither true nor false");
}

bool config_value_mode(const char *text, mode_t *mode, struct err *err)
{
    size_t len = strlen(text);
    if (len < 3 || len > 4 || strspn(text, "01234567") != len || (len == 4 && text[0] != '0')) {
        return err_set(err, "is not an octal mode; write for example \"0660\"");
    }
    *mode = (mode_t)strtoul(text, NULL, 8);
    return true;
}

bool config_value_choice(const char *text, const char *const *choices, unsigned *index,
                         struct err *err)
{
    char known[160] = "";
    size_t used = 0;
    for (unsigned i = 0; choices[i] != NULL; i++) {
        if (strcmp(text, choices[i]) == 0) {
            *index = i;
            return true;
        }
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
                                 i == 0                   ? ""
                                 : choices[i + 1] == NULL ? " or "
                                                          : ", ",
                                 choices[i]);
    }
    return err_set(err, "is unknown; write %s", known);
}

bool config_value_user(const char *text, uid_t *uid, struct err *err)
{
    uint64_t number;
    const char *rest = number_parse(text, &number);
    if (rest != NULL && *rest == '\0' && number < (uid_t)-1) {
        *uid = (uid_t)number;
        return true;
    }
    const struct passwd *entry = getpwnam(text);
    if (entry == NULL) {
        return err_set(err,
                       "is not a user of this system; create it (adduser --system --group %s) "
                       "or install the package that creates it",
                       text);
    }
    *uid = entry->pw_uid;
    return true;
}

bool config_value_group(const char *text, gid_t *gid, struct err *err)
{
    uint64_t number;
    const char *rest = number_parse(text, &number);
    if (rest != NULL && *rest == '\0' && number < (gid_t)-1) {
        *gid = (gid_t)number;
        return true;
    }
    const struct group *entry = getgrnam(text);
    if (entry == NULL) {
        return err_set(err,
                       "is not a group of this system; create it (addgroup --system %s) "
                       "or install the package that creates it",
                       text);
    }
    *gid = entry->gr_gid;
    return true;
}

bool config_value_address(const char *text, bool *loopback, struct err *err)
{
    char host[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    uint64_t port;
    bool bracket = text[0] == '[';
    const char *start = text + bracket;
    size_t len = strcspn(start, bracket ? "]" : ":");
    const char *colon = start + len + (bracket && start[len] == ']');
    const char *end = *colon == ':' ? number_parse(colon + 1, &port) : NULL;

    if (end != NULL && *end == '\0' && port >= 1 && port <= 65535 && len < sizeof(host)) {
        memcpy(host, start, len);
        host[len] = '\0';
        if (!bracket && inet_pton(AF_INET, host, &v4) == 1) {
            *loopback = ntohl(v4.s_addr) >> 24 == 127;
            return true;
        }
        if (bracket && inet_pton(AF_INET6, host, &v6) == 1) {
            *loopback = IN6_IS_ADDR_LOOPBACK(&v6);
            return true;
        }
    }
    return err_set(err, "is not an address with a port; write for example \"127.0.0.1:12345\" or "
                        "\"[::1]:12345\"");
}
