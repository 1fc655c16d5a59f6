/* Reads Postfix's smtpd_sender_login_maps, the text that postmap(1) reads: an address, blanks, and
 * the logins that may send as this address. A line that begins with a blank continues the line
 * before. `@domain` is every address of the domain. Each login of an address becomes a row of its
 * own, which gives the address to an existing user. */
#include "ctl/import/reader.h"

#include <stdio.h>

/* Takes an entry with its continuation lines. The lines stay where they are in the text: the span
 * covers all of them, and their newlines count as blanks. */
static bool take_entry(struct import_reader *reader, struct import_record *record,
                       struct span *entry)
{
    if (!import_line(reader, record, entry) || import_is_ignored(*entry, record)) {
        return false;
    }

    size_t first = record->line;

    if (entry->ptr[0] == ' ' || entry->ptr[0] == '\t') {
        import_flawed(record, "Begin with an address.",
                      "the line goes on with nothing: it begins with a blank");
        return false;
    }
    while (reader->at < reader->text.len &&
           (reader->text.ptr[reader->at] == ' ' || reader->text.ptr[reader->at] == '\t')) {
        struct span more;

        if (!import_line(reader, record, &more)) {
            return false;
        }
        entry->len = (size_t)(more.ptr + more.len - entry->ptr);
        if (entry->len > IMPORT_FIELD_MAX) {
            import_flawed(record, "Write it as several entries of the same address.",
                          "the entry has more than %d octets", IMPORT_FIELD_MAX);
            return false;
        }
    }
    record->line = first;
    return true;
}

static bool take_address(struct import_reader *reader, struct import_record *record)
{
    struct span entry;

    if (!take_entry(reader, record, &entry)) {
        return false;
    }
    if (entry.ptr[0] == '/' || (entry.len > 2 && strncmp(entry.ptr, "if ", 3) == 0)) {
        import_flawed(record, "Write the addresses out, or *@domain as @domain.",
                      "this is a pattern, which has no counterpart");
        return false;
    }
    reader->sender_line = record->line;
    reader->senders = entry;
    (void)import_word(&reader->senders, "", &reader->sender);

    struct span rest = reader->senders;
    struct span login;

    if (!import_word(&rest, ",", &login)) {
        reader->senders = (struct span){0};
        import_flawed(record, "An entry is an address, blanks, and logins.",
                      "there is no login after the address");
        return false;
    }
    return true;
}

void import_sender_next(struct import_reader *reader, struct import_record *record)
{
    char address[IMPORT_FIELD_MAX + 2];
    struct span login;

    while (!import_word(&reader->senders, ",", &login)) {
        if (!take_address(reader, record)) {
            return;
        }
    }
    record->line = reader->sender_line;
    if (!import_user(reader, record, login)) {
        return;
    }

    struct span sender = reader->sender;
    bool domain = sender.ptr[0] == '@';
    int len = snprintf(address, sizeof(address), "%s%.*s", domain ? "*" : "", (int)sender.len,
                       sender.ptr);

    snprintf(record->label, sizeof(record->label), domain ? "whole domain" : "address");
    (void)import_append(record, "addresses", (struct span){address, (size_t)len});
}
