/* Threats: a client sends any octets as a name (octets that are not UTF-8 become U+FFFD, and every
 * character that could end a JSON string is escaped); a flood of logins fills the batch (further
 * logins are counted). */
#include "audit/audit_batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistr.h>

#include "base/mem.h"

#define LOGIN_MAX   320 /* octets, as long as a canonical name can be */
#define TEXT_MAX    256
#define TABLE_SIZE  (2 * AUDIT_BATCH_MAX)
#define REPLACEMENT "\xef\xbf\xbd"

enum {
    TEXT_LOGIN,
    TEXT_CREDENTIAL,
    TEXT_CLIENT,
    TEXT_PEER,
    TEXT_SERVICE,
    TEXT_MECHANISM,
    TEXT_FRONT,
    TEXT_REFERENCE, // not compared, so the last one
    TEXTS
};

static const char *const text_names[TEXTS] = {
    [TEXT_LOGIN] = "user",  [TEXT_CREDENTIAL] = "credential", [TEXT_CLIENT] = "client",
    [TEXT_PEER] = "peer",   [TEXT_SERVICE] = "service",       [TEXT_MECHANISM] = "mechanism",
    [TEXT_FRONT] = "front", [TEXT_REFERENCE] = "reference",
};

struct audit_record {
    int64_t at; // clock_ms() of the first login
    int64_t account;
    int count;
    enum outcome outcome;
    enum reason reason;
    bool tls;
    uint16_t lengths[TEXTS];
    uint16_t compared; // octets of `text` that are compared: all but the reference
    char text[];       // the texts one after the other, without NULs
};

/* ---- adding -------------------------------------------------------------------------------- */

static struct span bounded(struct span span, size_t max)
{
    return (struct span){span.ptr, span.len < max ? span.len : max};
}

static struct audit_record *record_create(const struct audit_login *login, int64_t now)
{
    const struct span texts[TEXTS] = {
        [TEXT_LOGIN] = bounded(login->login, LOGIN_MAX),
        [TEXT_CREDENTIAL] = bounded(span_of(login->credential), TEXT_MAX),
        [TEXT_CLIENT] = bounded(span_of(login->client), TEXT_MAX),
        [TEXT_PEER] = bounded(span_of(login->peer), TEXT_MAX),
        [TEXT_SERVICE] = bounded(span_of(login->service), TEXT_MAX),
        [TEXT_MECHANISM] = bounded(span_of(login->mechanism), TEXT_MAX),
        [TEXT_FRONT] = bounded(span_of(login->front), TEXT_MAX),
        [TEXT_REFERENCE] =
            bounded(span_of(login->reference != NULL ? login->reference : ""), TEXT_MAX),
    };
    size_t total = 0;

    for (size_t i = 0; i < TEXTS; i++) {
        total += texts[i].len;
    }
    struct audit_record *record = mem_calloc(1, sizeof(*record) + total);
    char *at = record->text;

    record->at = now;
    record->account = login->account;
    record->count = 1;
    record->outcome = login->outcome;
    record->reason = login->reason;
    record->tls = login->tls;
    record->compared = (uint16_t)(total - texts[TEXT_REFERENCE].len);
    for (size_t i = 0; i < TEXTS; i++) {
        record->lengths[i] = (uint16_t)texts[i].len;
        if (texts[i].len > 0) {
            memcpy(at, texts[i].ptr, texts[i].len);
        }
        at += texts[i].len;
    }
    return record;
}

static bool record_alike(const struct audit_record *a, const struct audit_record *b)
{
    return a->reason == b->reason && a->tls == b->tls && a->compared == b->compared &&
           memcmp(a->lengths, b->lengths, TEXT_REFERENCE * sizeof(a->lengths[0])) == 0 &&
           memcmp(a->text, b->text, a->compared) == 0;
}

/* The table's place of an equal record, or the free place for this one. Linear probing finds a free
 * place because the table is at most half full. */
static uint16_t *batch_place(struct audit_batch *batch, const struct audit_record *record)
{
    uint64_t number = span_hash((struct span){record->text, record->compared});

    for (size_t i = (size_t)(number % TABLE_SIZE);; i = (i + 1) % TABLE_SIZE) {
        uint16_t held = batch->alike[i];

        if (held == 0 || record_alike(batch->records[held - 1], record)) {
            return &batch->alike[i];
        }
    }
}

void audit_batch_add(struct audit_batch *batch, const struct audit_login *login, int64_t now)
{
    bool good = login->outcome == OUTCOME_ALLOW;

    if (batch->count == AUDIT_BATCH_MAX && !good) {
        batch->lost++;
        return;
    }
    struct audit_record *record = record_create(login, now);
    uint16_t *place = good ? batch_place(batch, record) : NULL;

    if (good && *place != 0 && batch->count >= AUDIT_FOLD_FROM) {
        batch->records[*place - 1]->count++;
        free(record);
    } else if (batch->count == AUDIT_BATCH_MAX) {
        batch->lost++;
        free(record);
    } else {
        batch->records[batch->count++] = record;
        if (good) {
            *place = (uint16_t)batch->count;
        }
    }
}

int64_t audit_batch_logins(const struct audit_batch *batch)
{
    int64_t logins = batch->lost;

    for (unsigned i = 0; i < batch->count; i++) {
        logins += batch->records[i]->count;
    }
    return logins;
}

/* Logins are added in the order of time. */
int64_t audit_batch_age(const struct audit_batch *batch, int64_t now)
{
    return batch->count > 0 ? now - batch->records[0]->at : 0;
}

void audit_batch_clear(struct audit_batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++) {
        free(batch->records[i]);
    }
    *batch = (struct audit_batch){0};
}

/* ---- printing ------------------------------------------------------------------------------ */

/* Prints a character that is_plain() refused. Returns how many octets of `text` it took. */
static size_t print_character(struct buf *out, const char *text, size_t len)
{
    ucs4_t c;
    int length = u8_mbtoucr(&c, (const uint8_t *)text, len);

    if (length <= 0 || c == 0) { /* PostgreSQL has no NUL in texts */
        buf_append(out, REPLACEMENT, sizeof(REPLACEMENT) - 1);
        return 1;
    }
    if (c < 0x20 || c == '"' || c == '\\') {
        buf_printf(out, "\\u%04x", (unsigned)c);
    } else {
        buf_append(out, text, (size_t)length);
    }
    return (size_t)length;
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void print_string(struct buf *out, const char *text, size_t len)
{
    size_t done = 0;

    buf_append(out, "\"", 1);
    while (done < len) {
        size_t end = done;

        while (end < len && is_plain(text[end])) {
            end++;
        }
        buf_append(out, text + done, end - done);
        done = end < len ? end + print_character(out, text + end, len - end) : end;
    }
    buf_append(out, "\"", 1);
}

static void print_record(struct buf *out, const struct audit_record *record, int64_t now)
{
    const char *at = record->text;

    buf_printf(out,
               "{\"age\":%" PRId64 ",\"outcome\":\"%s\",\"reason\":\"%s\",\"account\":%" PRId64
               ",\"count\":%d,\"tls\":%s",
               now - record->at, outcome_word(record->outcome), reason_word(record->reason),
               record->account, record->count, record->tls ? "true" : "false");
    for (size_t i = 0; i < TEXTS; i++) {
        if (record->lengths[i] > 0) {
            buf_printf(out, ",\"%s\":", text_names[i]);
            print_string(out, at, record->lengths[i]);
        }
        at += record->lengths[i];
    }
    buf_append(out, "}", 1);
}

void audit_batch_print(const struct audit_batch *batch, const struct audit_batch_name *name,
                       int64_t now, struct buf *out)
{
    buf_printf(out, "{\"node\":\"%s\",\"number\":%" PRId64 ",\"lost\":%" PRId64 ",\"logins\":[",
               name->node, name->number, batch->lost);
    for (unsigned i = 0; i < batch->count; i++) {
        if (i > 0) {
            buf_append(out, ",", 1);
        }
        print_record(out, batch->records[i], now);
    }
    buf_append_text(out, "]}");
}
