#include "credential/enrolment_ticket.h"

#include "base/secret.h"

void enrolment_ticket_make(char out[static ENROLMENT_TICKET_PRINTABLE_SIZE])
{
    char octets[ENROLMENT_TICKET_OCTETS];
    char letters[ENROLMENT_TICKET_LENGTH + 1];

    secret_random(octets, sizeof(octets));
    base32_encode((struct span){octets, sizeof(octets)}, BASE32_LOWER, letters);
    base32_printable((struct span){letters, ENROLMENT_TICKET_LENGTH}, out);
    secret_wipe(octets, sizeof(octets));
    secret_wipe(letters, sizeof(letters));
}

void enrolment_ticket_digest(const struct core *core, struct span text,
                             char out[static SUBKEY_HEX_SIZE])
{
    char letters[ENROLMENT_TICKET_LENGTH +
                 1]; /* one octet more, so that a longer text is no ticket */
    struct span part = {letters, 0};

    for (size_t i = 0; i < text.len && part.len < sizeof(letters); i++) {
        char c = text.ptr[i];

        if (c != ' ' && c != '-') {
            letters[part.len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        }
    }
    subkey_digest(core, "ticket", &part, 1, out);
    secret_wipe(letters, sizeof(letters));
}
