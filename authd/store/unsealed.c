/* Threat: a hash that stays in clear. What a batch has read is locked until it is written, rows
 * that are sealed are not read again, and a batch that stops in the middle leaves no trace; so
 * whoever comes later goes on where it ended. */
#include "store/unsealed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/owner.h"

#define BATCH     500
#define ARRAYS    4
#define ARRAY_MAX (BATCH * (UNSEALED_TEXT_MAX + 1) + 2)

/* The columns of what is read. */
enum { COLUMN_ID, COLUMN_OWNER, COLUMN_SEAL, COLUMN_HASH, COLUMN_IMPORTED };

/* What is written of each row, as texts of arrays. */
enum { ARRAY_ID, ARRAY_SEAL, ARRAY_SEALED, ARRAY_IMPORTED };

static const struct {
    const char *read;
    const char *write;
} queries[] = {
    [UNSEALED_PASSWORD] = {"SELECT * FROM authd.unsealed_passwords($1, $2)",
                           "SELECT authd.unsealed_passwords_put($1, $2, $3, $4)"},
    [UNSEALED_APP_PASSWORD] = {"SELECT * FROM authd.unsealed_app_passwords($1, $2)",
                               "SELECT authd.unsealed_app_passwords_put($1, $2, $3, $4)"},
};

struct batch {
    PGconn *pg;
    enum unsealed_kind kind;
    unsealed_seal_f *seal;
    void *arg;
    size_t *count;
    char after[24]; /* the id of the last row */
};

static PGresult *ask(PGconn *pg, const char *sql, int count, const char *const *values,
                     struct err *err)
{
    PGresult *result = PQexecParams(pg, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        return result;
    }
    err_set(err, "cannot seal the password hashes: %s", PQerrorMessage(pg));
    PQclear(result);
    return NULL;
}

static const char *value(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? NULL : PQgetvalue(rows, row, column);
}

static void array_put(struct buf *array, int place, const char *text)
{
    buf_printf(array, "%s%s", place == 0 ? "{" : ",", text != NULL ? text : "NULL");
}

static void row_put(const struct batch *batch, const PGresult *rows, int row,
                    struct buf arrays[static ARRAYS])
{
    const char *seal = value(rows, row, COLUMN_SEAL);
    const struct unsealed_row unsealed = {
        .kind = batch->kind,
        .id = strtoll(PQgetvalue(rows, row, COLUMN_ID), NULL, 10),
        .owner = strtoll(PQgetvalue(rows, row, COLUMN_OWNER), NULL, 10),
        .seal = seal != NULL ? strtoll(seal, NULL, 10) : 0,
        .hash = value(rows, row, COLUMN_HASH),
        .imported = value(rows, row, COLUMN_IMPORTED),
    };
    struct unsealed_texts texts;

    batch->seal(&unsealed, &texts, batch->arg);
    array_put(&arrays[ARRAY_ID], row, PQgetvalue(rows, row, COLUMN_ID));
    array_put(&arrays[ARRAY_SEAL], row, seal);
    array_put(&arrays[ARRAY_SEALED], row, unsealed.hash != NULL ? texts.sealed : NULL);
    array_put(&arrays[ARRAY_IMPORTED], row, unsealed.imported != NULL ? texts.imported : NULL);
}

static bool rows_write(const struct batch *batch, const PGresult *rows, struct err *err)
{
    struct buf arrays[ARRAYS];
    const char *values[ARRAYS];
    PGresult *result;

    for (size_t i = 0; i < ARRAYS; i++) {
        buf_init(&arrays[i], ARRAY_MAX);
    }
    for (int row = 0; row < PQntuples(rows); row++) {
        row_put(batch, rows, row, arrays);
    }
    for (size_t i = 0; i < ARRAYS; i++) {
        buf_append(&arrays[i], "}", 2); /* with its NUL */
        values[i] = arrays[i].data;
    }
    result = ask(batch->pg, queries[batch->kind].write, ARRAYS, values, err);
    for (size_t i = 0; i < ARRAYS; i++) {
        buf_finish(&arrays[i]);
    }
    PQclear(result);
    return result != NULL;
}

/* -1: see `err`; else how many rows there were. */
static int batch_run(struct batch *batch, struct err *err)
{
    char limit[16];
    const char *const values[] = {batch->after, limit};
    int count = -1;

    snprintf(limit, sizeof(limit), "%d", BATCH);
    if (!owner_execute(batch->pg, "cannot seal the password hashes", "BEGIN", err)) {
        return -1;
    }
    PGresult *rows = ask(batch->pg, queries[batch->kind].read, 2, values, err);

    if (rows != NULL && (PQntuples(rows) == 0 || rows_write(batch, rows, err)) &&
        owner_execute(batch->pg, "cannot seal the password hashes", "COMMIT", err)) {
        count = PQntuples(rows);
    }
    if (count > 0) {
        snprintf(batch->after, sizeof(batch->after), "%s", PQgetvalue(rows, count - 1, COLUMN_ID));
    }
    PQclear(rows);
    return count;
}

static bool batches_run(struct batch *batch, struct err *err)
{
    int count;

    strcpy(batch->after, "0");
    do {
        count = batch_run(batch, err);
        *batch->count += count > 0 ? (size_t)count : 0;
    } while (count == BATCH);
    return count >= 0;
}

bool unsealed_seal_all(const char *owner_url, unsealed_seal_f *seal, void *arg, size_t *count,
                       struct err *err)
{
    struct batch batch = {.seal = seal, .arg = arg, .count = count};
    bool done;

    *count = 0;
    batch.pg = owner_connect(owner_url, err);
    done = batch.pg != NULL && owner_execute(batch.pg, "cannot act as the role authd_owner",
                                             "SET ROLE authd_owner", err);
    for (batch.kind = UNSEALED_PASSWORD; done && batch.kind <= UNSEALED_APP_PASSWORD;
         batch.kind++) {
        done = batches_run(&batch, err);
    }
    /* Its statistics have samples of what was there, also if somebody else has sealed the last. */
    done = done && owner_execute(batch.pg, "cannot forget the password hashes",
                                 "ANALYZE authd.account, authd.app_password", err);
    PQfinish(batch.pg);
    return done;
}
