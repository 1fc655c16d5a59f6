#include "ctl/import/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- logins of the file so far ------------------------------------------------------------- */

/* An entry holds a 64-bit hash of a login. A collision, which would refuse a user as a duplicate,
 * is too improbable to handle. */
struct seen {
    uint64_t number; /* the hash; 0: the entry is free */
    size_t line;
};

static uint64_t number_of(const char *login)
{
    uint64_t number = 0xcbf29ce484222325;

    for (const char *c = login; *c != '\0'; c++) {
        unsigned char lower = (unsigned char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);

        number = (number ^ lower) * 0x100000001b3;
    }
    return number != 0 ? number : 1;
}

static struct seen *seen_slot(const struct batch *batch, uint64_t number)
{
    size_t at = (size_t)(number % batch->seen_capacity);

    while (batch->seen[at].number != 0 && batch->seen[at].number != number) {
        at = (at + 1) % batch->seen_capacity;
    }
    return &batch->seen[at];
}

static void seen_grow(struct batch *batch)
{
    struct seen *old = batch->seen;
    size_t count = batch->seen_capacity;

    batch->seen_capacity = count == 0 ? 4096 : count * 2;
    batch->seen = mem_calloc(batch->seen_capacity, sizeof(*old));
    for (size_t i = 0; i < count; i++) {
        if (old[i].number != 0) {
            *seen_slot(batch, old[i].number) = old[i];
        }
    }
    free(old);
}

/* Returns the earlier line with the same login. Returns 0 if there is none, and records the login
 * for this line. */
static size_t seen_before(struct batch *batch, const char *login, size_t line)
{
    uint64_t number = number_of(login);

    if (2 * batch->seen_count >= batch->seen_capacity) {
        seen_grow(batch);
    }

    struct seen *slot = seen_slot(batch, number);

    if (slot->number != 0) {
        return slot->line;
    }
    *slot = (struct seen){number, line};
    batch->seen_count++;
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

void batch_init(struct batch *batch)
{
    batch->rows = json_array();
    batch->places = json_object();
    batch->line = 1;
}

static void batch_clear(struct batch *batch)
{
    size_t index;
    json_t *row;

    json_array_foreach(batch->rows, index, row)
    {
        import_row_destroy(json_incref(row));
    }
    json_array_clear(batch->rows);
    json_object_clear(batch->places);
    batch->line_count = 0;
    batch->octets = 0;
    batch->addresses = 0;
}

void batch_finish(struct batch *batch)
{
    batch_clear(batch);
    json_decref(batch->rows);
    json_decref(batch->places);
    free(batch->seen);
}

static void refuse_line(struct batch *batch, const struct import_record *record)
{
    report_outcome(batch->report, report_sort(batch->report, record->label), IMPORT_REFUSED);
    report_problem(batch->report, &(struct report_line){.line = record->line,
                                                        .outcome = "refused",
                                                        .detail = record->flaw,
                                                        .hint = record->remedy});
}

static void refuse_twice(struct batch *batch, const struct import_record *record, size_t first)
{
    char detail[64];

    snprintf(detail, sizeof(detail), "the login stands on line %zu already", first);
    report_outcome(batch->report, report_sort(batch->report, record->label), IMPORT_REFUSED);
    report_problem(batch->report,
                   &(struct report_line){
                       .line = record->line,
                       .login = json_string_value(json_object_get(record->row, "login")),
                       .outcome = "refused",
                       .detail = detail,
                       .hint = "Keep one of the two.",
                   });
}

/* Adds the addresses of `row` to the row of the same login in the batch. Returns false if there is
 * no such row, or it is full. */
static bool merge_row(struct batch *batch, const char *login, const json_t *row, size_t *place)
{
    const json_t *found = json_object_get(batch->places, login);

    if (!batch->merges || found == NULL) {
        return false;
    }
    *place = (size_t)json_integer_value(found);

    json_t *addresses = json_object_get(json_array_get(batch->rows, *place), "addresses");

    if (json_array_size(addresses) >= 256) {
        return false;
    }
    json_array_extend(addresses, json_object_get(row, "addresses"));
    return true;
}

static void add_user(struct batch *batch, struct import_record *record)
{
    const char *login = json_string_value(json_object_get(record->row, "login"));
    size_t first = batch->merges ? 0 : seen_before(batch, login, record->line);
    size_t place = json_array_size(batch->rows);

    if (first != 0) {
        refuse_twice(batch, record, first);
        import_row_destroy(record->row);
        return;
    }
    batch->addresses += json_array_size(json_object_get(record->row, "addresses")) +
                        json_array_size(json_object_get(record->row, "networks"));
    batch->octets += json_dumpb(record->row, NULL, 0, JSON_COMPACT);
    if (merge_row(batch, login, record->row, &place)) {
        import_row_destroy(record->row);
    } else {
        json_object_set_new(batch->places, login, json_integer((json_int_t)place));
        json_array_append_new(batch->rows, record->row);
    }
    batch->lines[batch->line_count++] = (struct batch_line){
        .line = record->line,
        .sort = report_sort(batch->report, record->label),
        .row = place,
        .note = record->note,
    };
}

static bool is_full(const struct batch *batch)
{
    return json_array_size(batch->rows) >= BATCH_ROWS_MAX || batch->line_count >= BATCH_LINES_MAX ||
           batch->addresses >= BATCH_ADDRESSES_MAX || batch->octets >= BATCH_OCTETS_MAX;
}

bool batch_read(struct batch *batch, struct import_reader *reader)
{
    struct import_record record;

    while (!is_full(batch)) {
        import_next(reader, &record);
        switch (record.kind) {
        case IMPORT_END:
            return false;
        case IMPORT_USER:
            add_user(batch, &record);
            break;
        case IMPORT_PASSED:
            report_passed(batch->report, report_sort(batch->report, record.label));
            break;
        case IMPORT_FLAWED:
        case IMPORT_HOPELESS:
            refuse_line(batch, &record);
            break;
        }
    }
    return true;
}

/* ---- sending ------------------------------------------------------------------------------- */

static void tell(struct batch *batch, const struct batch_line *line, const json_t *result)
{
    const char *word = json_string_value(json_object_get(result, "outcome"));
    const char *detail = json_string_value(json_object_get(result, "detail"));
    enum import_outcome outcome = import_outcome_of(word);

    report_outcome(batch->report, line->sort, outcome);
    batch->changed =
        batch->changed || (batch->apply && (outcome == IMPORT_ADDED || outcome == IMPORT_UPDATED));
    if (detail == NULL && (outcome == IMPORT_ADDED || outcome == IMPORT_UPDATED)) {
        detail = line->note;
    }
    if (detail == NULL && outcome != IMPORT_REFUSED) {
        return;
    }
    report_problem(batch->report,
                   &(struct report_line){
                       .line = line->line,
                       .login = json_string_value(json_object_get(result, "login")),
                       .outcome = word != NULL ? word : "refused",
                       .detail = detail != NULL ? detail : "authd did not say what became of it",
                       .hint = json_string_value(json_object_get(result, "hint")),
                   });
}

static json_t *body_of(const struct batch *batch)
{
    json_t *body = json_pack("{s:O}", "rows", batch->rows);

    if (batch->merges) {
        json_object_set_new(body, "existing", json_string("update"));
        json_object_set_new(body, "create", json_false());
    } else if (batch->existing != NULL) {
        json_object_set_new(body, "existing", json_string(batch->existing));
    }
    return body;
}

bool batch_send(struct batch *batch, struct answer *failure)
{
    if (batch->line_count == 0) {
        return true;
    }
    batch->line = batch->lines[0].line;

    json_t *body = body_of(batch);
    struct answer answer =
        client_call(batch->context->client, "POST",
                    batch->apply ? "/v1/import" : "/v1/import?dry_run=true", body);

    json_decref(body);
    if (answer.exit != EXIT_DONE) {
        *failure = answer;
        return false;
    }

    const json_t *results = json_object_get(answer.json, "results");

    for (size_t i = 0; i < batch->line_count; i++) {
        tell(batch, &batch->lines[i], json_array_get(results, batch->lines[i].row));
    }
    batch->line = batch->lines[batch->line_count - 1].line + 1;
    json_decref(answer.json);
    batch_clear(batch);
    return true;
}
