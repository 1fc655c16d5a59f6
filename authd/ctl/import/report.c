#include "ctl/import/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/table.h"

static const char *const words[IMPORT_OUTCOME_COUNT] = {
#define X(name, word) [IMPORT_##name] = (word),
    IMPORT_OUTCOMES(X)
#undef X
};

void report_init(struct report *report, const char *file)
{
    *report = (struct report){.file = file, .problems = json_array()};
}

void report_finish(struct report *report)
{
    json_decref(report->problems);
}

enum import_outcome import_outcome_of(const char *word)
{
    for (unsigned i = 0; i < IMPORT_OUTCOME_COUNT; i++) {
        if (word != NULL && strcmp(words[i], word) == 0) {
            return (enum import_outcome)i;
        }
    }
    return IMPORT_REFUSED;
}

size_t report_sort(struct report *report, const char *label)
{
    for (size_t i = 0; i < report->sort_count; i++) {
        if (strcmp(report->sorts[i].label, label) == 0) {
            return i;
        }
    }
    if (report->sort_count == REPORT_SORTS_MAX) {
        snprintf(report->sorts[REPORT_SORTS_MAX - 1].label, sizeof(report->sorts[0].label),
                 "other");
        return REPORT_SORTS_MAX - 1;
    }
    snprintf(report->sorts[report->sort_count].label, sizeof(report->sorts[0].label), "%s", label);
    return report->sort_count++;
}

void report_passed(struct report *report, size_t sort)
{
    report->sorts[sort].count++;
    report->passed++;
}

void report_outcome(struct report *report, size_t sort, enum import_outcome outcome)
{
    report->sorts[sort].count++;
    report->sorts[sort].outcomes[outcome]++;
    report->totals[outcome]++;
}

static void set_text(json_t *object, const char *name, const char *text)
{
    json_t *value = text != NULL ? json_string(text) : json_null();

    json_object_set_new(object, name, value != NULL ? value : json_null());
}

/* A flaw may quote octets of the file that are not UTF-8. */
static void set_detail(json_t *object, const char *text)
{
    json_t *value = json_string(text);
    struct buf escaped;

    if (value == NULL) {
        buf_init(&escaped, 4096);
        print_escape(&escaped, text);
        value = json_stringn(escaped.data, escaped.len);
        buf_finish(&escaped);
    }
    json_object_set_new(object, "detail", value != NULL ? value : json_string("not UTF-8"));
}

void report_problem(struct report *report, const struct report_line *line)
{
    report->problem_count++;
    if (json_array_size(report->problems) >= REPORT_PROBLEMS_MAX) {
        return;
    }

    json_t *problem = json_object();

    json_object_set_new(problem, "line", json_integer((json_int_t)line->line));
    set_text(problem, "login", line->login);
    set_text(problem, "outcome", line->outcome);
    set_detail(problem, line->detail);
    set_text(problem, "hint", line->hint);
    json_array_append_new(report->problems, problem);
}

const char *report_number(size_t number, char out[static 32])
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%zu", number);
    size_t at = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

/* ---- the report for people ----------------------------------------------------------------- */

static void print_table(const struct report *report, const struct context *context)
{
    static const char *const headings[] = {"LINES",     "COUNT",   "ADDED",  "UPDATED",
                                           "UNCHANGED", "SKIPPED", "REFUSED"};
    struct table *table = table_create(headings, 2 + IMPORT_OUTCOME_COUNT);

    for (size_t i = 0; i < report->sort_count; i++) {
        const struct report_sort *sort = &report->sorts[i];
        char numbers[1 + IMPORT_OUTCOME_COUNT][32];
        const char *cells[2 + IMPORT_OUTCOME_COUNT] = {sort->label,
                                                       report_number(sort->count, numbers[0])};

        for (size_t j = 0; j < IMPORT_OUTCOME_COUNT; j++) {
            cells[2 + j] =
                sort->outcomes[j] > 0 ? report_number(sort->outcomes[j], numbers[1 + j]) : NULL;
        }
        table_row(table, cells);
    }
    table_print(table, stdout, context->width);
    table_destroy(table);
}

/* Names a line as FILE:LINE:, like a compiler, so that an editor can jump there. */
static void say_problems(const struct report *report, const struct context *context)
{
    size_t index;
    json_t *problem;

    fflush(stdout);
    json_array_foreach(report->problems, index, problem)
    {
        const char *login = json_string_value(json_object_get(problem, "login"));
        const char *hint = json_string_value(json_object_get(problem, "hint"));

        if (index == REPORT_DISPLAYED_MAX) {
            context_say(context, "and %zu more lines: --json lists them",
                        report->problem_count - REPORT_DISPLAYED_MAX);
            return;
        }
        context_say(context, "%s:%" JSON_INTEGER_FORMAT ": %s%s%s%s%s", report->file,
                    json_integer_value(json_object_get(problem, "line")),
                    login != NULL ? login : "", login != NULL ? ": " : "",
                    json_string_value(json_object_get(problem, "detail")), hint != NULL ? "; " : "",
                    hint != NULL ? hint : "");
    }
}

/* ---- the report for programs --------------------------------------------------------------- */

static json_t *counts_of(const size_t *outcomes)
{
    json_t *counts = json_object();

    for (size_t i = 0; i < IMPORT_OUTCOME_COUNT; i++) {
        json_object_set_new(counts, words[i], json_integer((json_int_t)outcomes[i]));
    }
    return counts;
}

static void print_value(const struct report *report, bool applied, bool complete)
{
    json_t *lines = json_array();
    json_t *value;

    for (size_t i = 0; i < report->sort_count; i++) {
        json_t *sort = counts_of(report->sorts[i].outcomes);

        json_object_set_new(sort, "sort", json_string(report->sorts[i].label));
        json_object_set_new(sort, "count", json_integer((json_int_t)report->sorts[i].count));
        json_array_append_new(lines, sort);
    }
    value = json_pack("{s:b, s:b, s:o, s:o, s:I, s:O}", "applied", applied, "complete", complete,
                      "counts", counts_of(report->totals), "lines", lines, "problem_count",
                      (json_int_t)report->problem_count, "problems", report->problems);
    print_json(stdout, value);
    json_decref(value);
}

static int by_line(const void *a, const void *b)
{
    json_int_t one = json_integer_value(json_object_get(*(json_t *const *)a, "line"));
    json_int_t two = json_integer_value(json_object_get(*(json_t *const *)b, "line"));

    return (one > two) - (one < two);
}

/* Sorts the problems by line. Their order so far is another one: authd's refusals of a batch come
 * after the flaws of all its lines. */
static void sort_problems(json_t *problems)
{
    size_t count = json_array_size(problems);
    json_t **sorted = mem_calloc(count + 1, sizeof(*sorted));

    for (size_t i = 0; i < count; i++) {
        sorted[i] = json_incref(json_array_get(problems, i));
    }
    qsort(sorted, count, sizeof(*sorted), by_line);
    json_array_clear(problems);
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(problems, sorted[i]);
    }
    free(sorted);
}

void report_print(const struct report *report, const struct context *context, bool applied,
                  bool complete)
{
    sort_problems(report->problems);
    if (context->json) {
        print_value(report, applied, complete);
        return;
    }
    print_table(report, context);
    say_problems(report, context);
}
