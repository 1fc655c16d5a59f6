/* The report of an import: a table with the results for each sort of line, and the lines that an
 * administrator should look at. */
#ifndef CTL_IMPORT_REPORT_H
#define CTL_IMPORT_REPORT_H

#include "ctl/context.h"
#include "ctl/import/file.h"

/* X(NAME, word) */
#define IMPORT_OUTCOMES(X)                                                                         \
    X(ADDED, "added")                                                                              \
    X(UPDATED, "updated")                                                                          \
    X(UNCHANGED, "unchanged")                                                                      \
    X(SKIPPED, "skipped")                                                                          \
    X(REFUSED, "refused")

enum import_outcome {
#define X(name, word) IMPORT_##name,
    IMPORT_OUTCOMES(X)
#undef X
        IMPORT_OUTCOME_COUNT
};

#define REPORT_SORTS_MAX     40
#define REPORT_DISPLAYED_MAX 100   /* the most lines that a terminal shows */
#define REPORT_PROBLEMS_MAX  10000 /* the most lines that --json lists */

struct report {
    const char *file;
    struct report_sort {
        char label[48];
        size_t count;
        size_t outcomes[IMPORT_OUTCOME_COUNT];
    } sorts[REPORT_SORTS_MAX];
    size_t sort_count;
    size_t totals[IMPORT_OUTCOME_COUNT];
    size_t passed;    /* the number of lines that hold no user */
    json_t *problems; /* an array of {line, login, outcome, detail, hint} */
    size_t problem_count;
};

void report_init(struct report *report, const char *file);
void report_finish(struct report *report);

/* Returns the number of a sort of line. When the table is full, its last row stands for all further
 * sorts. */
size_t report_sort(struct report *report, const char *label);
void report_passed(struct report *report, size_t sort);
void report_outcome(struct report *report, size_t sort, enum import_outcome outcome);

struct report_line {
    size_t line;
    const char *login;   /* the login of the line; NULL: unknown */
    const char *outcome; /* "refused", or what authd did */
    const char *detail;
    const char *hint; /* what to do about it; NULL: nothing */
};
void report_problem(struct report *report, const struct report_line *line);

/* Prints the table and the lines or, with --json, the report as one JSON value. */
void report_print(const struct report *report, const struct context *context, bool applied,
                  bool complete);

/* Returns the outcome for a word that authd answered, or IMPORT_REFUSED for any other word. */
enum import_outcome import_outcome_of(const char *word);

/* Prints a number as "41,200". */
const char *report_number(size_t number, char out[static 32]);

#endif
