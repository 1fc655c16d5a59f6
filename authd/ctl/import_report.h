/* What an import has to tell: of each sort of line what became of it, and which lines need a
 * person. */
#ifndef CTL_IMPORT_REPORT_H
#define CTL_IMPORT_REPORT_H

#include "ctl/import_file.h"
#include "ctl/session.h"

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

#define REPORT_SORTS_MAX    40
#define REPORT_SHOWN_MAX    100   /* lines on a terminal */
#define REPORT_PROBLEMS_MAX 10000 /* with --json */

struct report {
    const char *file;
    struct report_sort {
        char label[48];
        size_t count;
        size_t outcomes[IMPORT_OUTCOME_COUNT];
    } sorts[REPORT_SORTS_MAX];
    size_t sort_count;
    size_t totals[IMPORT_OUTCOME_COUNT];
    size_t passed;    /* lines that are no users */
    json_t *problems; /* {line, login, outcome, detail, hint} of lines that were refused or noted */
    size_t problem_count;
};

void report_init(struct report *report, const char *file);
void report_finish(struct report *report);

/* A sort of line, from now on by its number; the last one stands for all beyond the bound. */
size_t report_sort(struct report *report, const char *label);
void report_passed(struct report *report, size_t sort);
void report_outcome(struct report *report, size_t sort, enum import_outcome outcome);

struct report_line {
    size_t line;
    const char *login;   /* NULL: unknown */
    const char *outcome; /* "refused", or what was done */
    const char *detail;
    const char *hint; /* NULL: none */
};
void report_problem(struct report *report, const struct report_line *line);

/* The table and the lines; with --json the one value. */
void report_print(const struct report *report, const struct session *session, bool applied,
                  bool complete);

/* Of a word that authd answered; IMPORT_REFUSED if it is none. */
enum import_outcome import_outcome_of(const char *word);

/* "41,200" */
const char *report_number(size_t number, char out[static 32]);

#endif
