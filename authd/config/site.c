/* The settings about the world outside authd: where users and programs reach the API and the mail
 * servers, and who sends mail to users.
 *
 * Threats: a URL in a mail or in a comparison with an Origin leads to another host than its
 * administrator thinks, so a URL is brought into its one canonical form or refused; a reset link
 * crosses a network in clear, so mail is handed only to a server on this machine.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/public_url.h"
#include "config/reader.h"
#include "config/value.h"
#include "core/name.h"

static bool read_public_url(const struct reader *reader, const char *text, struct config *config)
{
    struct err problem;

    if (text == NULL) {
        return true;
    }
    return public_url_read(text, &config->public_url, &problem) ||
           reader_fail_value(reader, "public_url", text, problem.text);
}

static bool read_submission(const struct reader *reader, const struct raw_submission *raw,
                            struct config *config)
{
    const char *port = reader_default(raw->port, "submission.port");
    char host[NAME_MAX_LENGTH + 1];
    struct err problem;
    uint64_t number;

    if (!config_value_number(port, UINT16_MAX, &number, &problem) || number == 0) {
        return reader_fail_value(reader, "submission.port", port,
                                 "is not a port; write for example 587");
    }
    config->submission_port = (uint16_t)number;
    if (raw->host == NULL) {
        return true;
    }
    enum name_error error = name_domain(span_of(raw->host), host);

    if (error != NAME_OK) {
        return reader_fail(reader, "submission.host",
                           "\"%.100s\" %s; write for example mail.example.org", raw->host,
                           name_error_text(error));
    }
    config->submission_host = mem_strdup(host);
    return true;
}

static bool read_mail_from(const struct reader *reader, const char *text, struct config *config)
{
    char address[NAME_MAX_LENGTH + 1];

    if (text == NULL) {
        return true;
    }
    enum name_error error = text[0] == '*' ? NAME_RESERVED : name_address(span_of(text), address);

    if (error != NAME_OK) {
        return reader_fail(reader, "mail.from", "\"%.100s\" %s; write for example %s", text,
                           name_error_text(error), "postmaster@example.org");
    }
    config->mail_from = mem_strdup(address);
    return true;
}

static bool read_mail_server(const struct reader *reader, const char *value, struct config *config)
{
    static const char scheme[] = "smtp://";
    const char *text = reader_default(value, "mail.server");
    bool loopback = false;
    struct err problem;

    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0 ||
        !config_value_address(text + sizeof(scheme) - 1, &loopback, &problem)) {
        return reader_fail_value(reader, "mail.server", text,
                                 "is not a mail server; write for example smtp://127.0.0.1:25");
    }
    if (!loopback) {
        return reader_fail_value(reader, "mail.server", text,
                                 "is not this machine, and reset links would cross the network in "
                                 "clear; let a mail server on 127.0.0.1 forward them");
    }
    config->mail_server = mem_strdup(text);
    return true;
}

bool config_read_site(const struct reader *reader, const struct raw_config *raw,
                      struct config *config)
{
    return read_public_url(reader, raw->public_url, config) &&
           read_submission(reader, &raw->submission, config) &&
           read_mail_from(reader, raw->mail.from, config) &&
           read_mail_server(reader, raw->mail.server, config);
}
