#include "audit/audit_read.h"

/* The columns of authd.audit_seals(), authd.audit_rows() and authd.audit_waiting(). */
enum { NUMBER, PREVIOUS, CLASS, AT, COUNT, LIST, KEY, MAC, DRAINED, ROWS, WHOLE, SINCE };
enum { ROW_SEAL, ROW_ID, ROW_DIGEST, ROW_FACTS };
enum { WAITING_QUEUE, WAITING_ENTRY, WAITING_ID, WAITING_FACTS };
/* The columns of authd.audit_facts(), which follow those of the other functions. */
enum {
    CONTENT,
    TIME,
    ACTION,
    ROW_CLASS,
    ROW_AT,
    OPERATION,
    WAITED,
    CALL,
    TAG,
    NONCE,
    SUBJECT,
    ACTOR
};

static void copy_hex(char out[AUDIT_MAC_HEX + 1], const char *hex)
{
    span_text(span_of(hex), out, AUDIT_MAC_HEX + 1);
}

int64_t audit_read_seal(const struct db_result *result, int i, struct audit_chain_seal *seal)
{
    *seal = (struct audit_chain_seal){
        .number = db_int(result, i, NUMBER),
        .at = db_int(result, i, AT),
        .count = db_int(result, i, COUNT),
        .drained = db_int(result, i, DRAINED),
        .since = db_text(result, i, SINCE) != NULL ? db_int(result, i, SINCE) : INT64_MIN,
        .kept = db_text(result, i, ROWS) != NULL,
        .whole = db_bool(result, i, WHOLE),
    };
    copy_hex(seal->previous, db_text(result, i, PREVIOUS));
    copy_hex(seal->list, db_text(result, i, LIST));
    copy_hex(seal->mac, db_text(result, i, MAC));
    span_text(span_of(db_text(result, i, CLASS)), seal->class_word, sizeof(seal->class_word));
    span_text(span_of(db_text(result, i, KEY)), seal->key, sizeof(seal->key));
    return seal->kept ? db_int(result, i, ROWS) : 0;
}

void audit_read_unsealed(const struct db_result *result, int i, int from,
                         struct audit_chain_row *item)
{
    item->content = db_text(result, i, from + CONTENT);
    if (item->content == NULL) {
        return;
    }
    item->time = db_text(result, i, from + TIME);
    item->row = (struct audit_row){
        .action = db_text(result, i, from + ACTION),
        .class_word = db_text(result, i, from + ROW_CLASS),
        .at = db_int(result, i, from + ROW_AT),
        .operation = db_text(result, i, from + OPERATION),
        .waited = db_int(result, i, from + WAITED),
        .call = db_text(result, i, from + CALL),
        .tag = db_text(result, i, from + TAG),
        .nonce = db_text(result, i, from + NONCE),
    };
}

static void read_facts(const struct db_result *result, int i, int from,
                       struct audit_chain_row *item)
{
    audit_read_unsealed(result, i, from, item);
    if (item->content != NULL) {
        item->subject = db_text(result, i, from + SUBJECT);
        item->actor = db_text(result, i, from + ACTOR);
    }
}

int64_t audit_read_row_seal(const struct db_result *result, int i)
{
    return db_int(result, i, ROW_SEAL);
}

void audit_read_row(const struct db_result *result, int i, struct audit_chain_row *item)
{
    *item = (struct audit_chain_row){
        .id = db_int(result, i, ROW_ID),
        .digest = db_text(result, i, ROW_DIGEST),
    };
    read_facts(result, i, ROW_FACTS, item);
}

const char *audit_read_waiting(const struct db_result *result, int i, int64_t *queue,
                               struct audit_chain_row *item)
{
    bool named = db_text(result, i, WAITING_QUEUE) != NULL;

    *queue = named ? db_int(result, i, WAITING_QUEUE) : INT64_MIN;
    *item = (struct audit_chain_row){.id = db_int(result, i, WAITING_ID)};
    read_facts(result, i, WAITING_FACTS, item);
    return db_text(result, i, WAITING_ENTRY);
}
