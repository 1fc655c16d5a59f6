#include "audit/audit_anchor.h"

bool audit_anchor_parse(struct span text, struct audit_anchor *anchor)
{
    size_t at = 0;

    *anchor = (struct audit_anchor){0};
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9' && at < 18) {
        anchor->number = anchor->number * 10 + (text.ptr[at++] - '0');
    }
    if (at == 0 || anchor->number == 0 || text.len != at + 1 + AUDIT_MAC_HEX ||
        text.ptr[at] != ' ') {
        return false;
    }
    for (size_t i = 0; i < AUDIT_MAC_HEX; i++) {
        char c = text.ptr[at + 1 + i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
        anchor->mac[i] = c;
    }
    return true;
}
