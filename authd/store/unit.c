/* One call of a statement: its parameters, its result, and the meaning of its errors.
 *
 * The error classes decide whether a client hears "no" or "not now". Only an error that the
 * statement itself raised about its input is an answer; an error that the server reports about its
 * own condition never is.
 */
#include "store/unit.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"

const struct statement_info statement_table[STATEMENT_COUNT] = {
#define X(name_, lane_, kind_, parameters_, sql_)                                                  \
    [STATEMENT_##name_] = {.name = #name_,                                                         \
                           .lane = LANE_##lane_,                                                   \
                           .kind = KIND_##kind_,                                                   \
                           .parameters = parameters_,                                              \
                           .sql = sql_},
    STATEMENTS(X)
#undef X
};

#define X(name, lane, kind, parameters, sql)                                                       \
    static_assert(parameters <= UNIT_PARAMETERS_MAX, "raise UNIT_PARAMETERS_MAX");
STATEMENTS(X)
#undef X

/* The error of authd.dry_run(), which rolls a unit back. */
#define SQLSTATE_DRY_RUN "AU000"

/* ---- parameters --------------------------------------------------------------------------------
 */

struct db_unit *db_unit_create(enum statement statement)
{
    struct db_unit *unit = mem_new(struct db_unit);
    unit->statement = statement;
    return unit;
}

/* Takes over `value`. */
static void unit_add(struct db_unit *unit, char *value)
{
    assert(unit->count < statement_table[unit->statement].parameters);
    unit->values[unit->count++] = value;
}

void db_unit_text(struct db_unit *unit, const char *value)
{
    unit_add(unit, value == NULL ? NULL : mem_strdup(value));
}

void db_unit_int(struct db_unit *unit, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    unit_add(unit, mem_strdup(text));
}

/* Quotes every element, so that only the quote and the backslash have a meaning inside. */
void db_unit_text_array(struct db_unit *unit, const char *const *values, size_t count)
{
    size_t size = sizeof "{}";
    for (size_t i = 0; i < count; i++) {
        size += 2 * strlen(values[i]) + sizeof "\"\",";
    }
    char *text = mem_calloc(size, 1);
    char *at = text;
    *at++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            *at++ = ',';
        }
        *at++ = '"';
        for (const char *c = values[i]; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\') {
                *at++ = '\\';
            }
            *at++ = *c;
        }
        *at++ = '"';
    }
    *at = '}';
    unit_add(unit, text);
}

void db_unit_dry_run(struct db_unit *unit)
{
    unit->dry_run = true;
}

static void unit_free(struct db_unit *unit)
{
    for (unsigned i = 0; i < unit->count; i++) {
        if (unit->values[i] != NULL) {
            secret_wipe(unit->values[i], strlen(unit->values[i]));
            free(unit->values[i]);
        }
    }
    PQclear(unit->result);
    free(unit);
}

/* ---- results -----------------------------------------------------------------------------------
 */

/* The SQLSTATEs, by their first characters, that are no answer of the database to this call. */
static const struct {
    const char *prefix;
    struct unit_failure failure;
} cannot_tell[] = {
    {"08", {DB_DOWN, true, true}},         /* connection exception */
    {"0A000", {DB_DOWN, true, false}},     /* a prepared plan that a migration has outdated */
    {"25006", {DB_DOWN, true, false}},     /* read-only: the primary moved */
    {"26", {DB_DOWN, true, false}},        /* the connection's prepared statements are gone */
    {"3F000", {DB_DOWN, true, false}},     /* the schema is gone: a new connection says so */
    {"40", {DB_DOWN, false, false}},       /* serialization failure, deadlock */
    {"42883", {DB_DOWN, true, false}},     /* the function is gone: a new connection reports it */
    {"42", {DB_DOWN, false, false}},       /* the right to execute was taken away, or a bug */
    {"53", {DB_DOWN, false, false}},       /* out of memory, disk, connections */
    {"55P03", {DB_TIMEOUT, false, false}}, /* lock timeout */
    {"57014", {DB_TIMEOUT, false, false}}, /* statement timeout */
    {"57P", {DB_DOWN, true, true}},        /* shutting down, starting up, crashed */
    {"58", {DB_DOWN, false, false}},       /* input/output error */
    {"XX", {DB_DOWN, false, false}},       /* internal error, corruption */
};

struct unit_failure unit_failure_of(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof cannot_tell / sizeof cannot_tell[0]; i++) {
        if (strncmp(sqlstate, cannot_tell[i].prefix, strlen(cannot_tell[i].prefix)) == 0) {
            return cannot_tell[i].failure;
        }
    }
    return (struct unit_failure){.status = DB_REFUSED};
}

bool unit_take(struct db_unit *unit, PGresult *result)
{
    if (unit->result == NULL) {
        unit->result = result;
        return true;
    }
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (sqlstate == NULL) {
        PQclear(result);
        return false;
    }
    if (unit->dry_run && strcmp(sqlstate, SQLSTATE_DRY_RUN) == 0) {
        PQclear(result);
        return true;
    }
    PQclear(unit->result);
    unit->result = result;
    return true;
}

void unit_finish(struct db_unit *unit, enum db_status status)
{
    if (!unit->cancelled) {
        struct db_result result = {.status = status, .internal = unit->result};
        if (status == DB_OK) {
            result.rows = PQntuples(unit->result);
        }
        if (status != DB_OK && unit->result != NULL) {
            result.sqlstate = PQresultErrorField(unit->result, PG_DIAG_SQLSTATE);
            result.message = PQresultErrorField(unit->result, PG_DIAG_MESSAGE_PRIMARY);
            result.detail = PQresultErrorField(unit->result, PG_DIAG_MESSAGE_DETAIL);
            result.hint = PQresultErrorField(unit->result, PG_DIAG_MESSAGE_HINT);
        }
        unit->done(&result, unit->arg);
    }
    unit_free(unit);
}

void units_finish(struct unit_list *list)
{
    struct db_unit *unit;
    while ((unit = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, unit, link);
        unit_finish(unit, unit->status);
    }
}

void units_drop(struct unit_list *list)
{
    struct db_unit *unit;
    while ((unit = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, unit, link);
        unit_free(unit);
    }
}

const char *db_text(const struct db_result *result, int row, int column)
{
    return PQgetisnull(result->internal, row, column) ? NULL
                                                      : PQgetvalue(result->internal, row, column);
}

int64_t db_int(const struct db_result *result, int row, int column)
{
    const char *text = PQgetvalue(result->internal, row, column);
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0') {
        abort();
    }
    return value;
}

bool db_bool(const struct db_result *result, int row, int column)
{
    const char *text = PQgetvalue(result->internal, row, column);
    if (strcmp(text, "t") != 0 && strcmp(text, "f") != 0) {
        abort();
    }
    return text[0] == 't';
}
