/* An anchor: a seal by its number and MAC, kept outside the database, against which the end of the
 * chain is compared. Pure. */
#ifndef AUDIT_AUDIT_ANCHOR_H
#define AUDIT_AUDIT_ANCHOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "crypto/audit_mac.h"

/* Number 0: no seal. */
struct audit_anchor {
    int64_t number;
    char mac[AUDIT_MAC_HEX + 1];
};

/* False: the text is not exactly "NUMBER MAC". */
bool audit_anchor_parse(struct span text, struct audit_anchor *anchor);

#endif
