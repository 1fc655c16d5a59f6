/* The command line of authctl: one table of nouns, verbs, arguments and options drives parsing,
 * suggestions, requests, help, completion and the manual page. A verb of the usual shape is a row
 * of the table and needs no code: see run_command(). These functions are pure. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <jansson.h>
#include <stdio.h>

#include "base/err.h"
#include "ctl/option.h"

#define WORDS_MAX 64
#define GIVEN_MAX 320 /* the most options in one command line */

struct context;
struct columns;

/* ---- the table ----------------------------------------------------------------------------- */

/* How an option becomes a member of the request's body, or of the query of a GET. */
enum shape {
    SHAPE_OWN, /* the verb's own code reads the option */
    SHAPE_TEXT,
    SHAPE_TEXTS, /* the option may be repeated; the member is a list */
    SHAPE_FLAG,
    SHAPE_NUMBER,   /* a whole number */
    SHAPE_SECONDS,  /* a duration such as 30s, 5m, 12h or 90d, in seconds */
    SHAPE_DAYS,     /* a duration of whole days such as 90d, in days */
    SHAPE_EXPIRY,   /* a duration sets expires_in; a time or "never" sets expires_at */
    SHAPE_DOCUMENT, /* the name of a file that holds a JSON object, or "none" */
    SHAPE_SECRET,   /* a flag; the value is one line of standard input */
};

enum {
    INPUT_REQUIRED = 1u << 0, /* the verb needs the option, or asks for the secret */
    INPUT_ONCE = 1u << 1,     /* the verb asks for the secret once, not twice */
};

struct input {
    enum option option;
    enum shape shape;
    const char *member; /* NULL: the shape has its own member names, or none */
    unsigned flags;
};

#define INPUTS(...) ((const struct input[]){__VA_ARGS__, {OPTION_NONE, SHAPE_OWN, NULL, 0}})

/* How authd's answer looks on stdout. */
enum output {
    OUTPUT_OBJECT,   /* one line for each member of the object */
    OUTPUT_CHANGE,   /* the object's name and what is now true of the object */
    OUTPUT_LIST,     /* a table of the items of all pages */
    OUTPUT_DOCUMENT, /* the document alone, as a file would hold it */
    OUTPUT_SECRET,   /* the object's secret, which authd answers only once */
    OUTPUT_CODES,    /* only what `after` prints */
};

/* How much is lost when the command was a mistake. */
enum severity {
    SEVERITY_MILD,
    SEVERITY_MODERATE, /* authctl says what would be lost, and asks */
    SEVERITY_SEVERE,   /* the administrator must type the object's name */
};

struct command {
    const char *verb;
    const char *arguments; /* the arguments' names, as help shows them */
    size_t min;            /* the least number of arguments */
    size_t max;            /* the greatest number; 0: equal to min */
    bool empty;            /* an argument may be an empty text */
    const struct input *inputs;
    const char *summary;
    const char *example;                 /* a command line without the name of the program */
    int (*run)(struct context *context); /* an exit status; NULL: run_command() does it */
    bool streams;                        /* --json prints one value on each line, not one value */

    /* The HTTP call that run_command() makes. */
    const char *method;
    const char *path; /* "/v1/users/{1}": {1} is argument 1, percent-encoded; {2#} is an id, without
                         the k of "k7"; {1@} is the path of a scope's level */
    const char *member; /* the body's member for the last argument; "": a file is the body */
    const char *keys;   /* the keys that KEY=VALUE may set; KEY[] takes a list; or NULL */
    const struct columns *columns; /* of the object that authd answers; NULL: the noun's */
    enum output output;
    enum severity severity;
    const char *loses; /* what is lost besides what authd's answer counts; NULL: nothing */
    const char *done;  /* for OUTPUT_CHANGE: what is now true of the object; {2} is argument 2 */
    void (*after)(struct context *context, const json_t *answer); /* prints more on success */
};

struct noun {
    const char *name;
    const char *summary;
    const struct columns *columns;  /* of its objects; NULL: the noun has no objects */
    const struct command *commands; /* an array that ends with a NULL verb */
};

extern const struct noun *const nouns[]; /* an array that ends with NULL */

const struct noun *noun_find(const char *name);
const struct command *noun_command(const struct noun *noun, const char *verb);
/* Returns the option's row in the command, or NULL if the command does not take the option. */
const struct input *command_input(const struct command *command, enum option option);
size_t command_max(const struct command *command);

/* ---- a command line ------------------------------------------------------------------------ */

/* A command line after parsing. Its texts point into argv. */
struct invocation {
    const struct noun *noun;
    const struct command *command; /* NULL: the command line asks for help */
    const char *words[WORDS_MAX];  /* the arguments, or the words that help is asked for */
    size_t count;
    struct {
        enum option option;
        const char *value; /* NULL: the option takes no value */
    } given[GIVEN_MAX];
    size_t given_count;
    long timeout; /* seconds */
};

/* Parses `argv`, which ends with NULL. Returns false on a usage error: `err` says what is wrong and
 * what would be right, and `given` holds the options before the mistake, and --json wherever it
 * stands. */
bool command_parse(struct invocation *invocation, int argc, char **argv, struct err *err);

/* How the answer is displayed; NULL: the command answers no object. */
const struct columns *command_columns(const struct invocation *invocation);

bool option_given(const struct invocation *invocation, enum option option);
const char *option_value(const struct invocation *invocation, enum option option);

/* Returns the candidate that `word` was probably meant to be, or NULL. `next(arg, i)` returns the
 * i-th candidate, and NULL after the last. */
const char *suggest(const char *word, const char *(*next)(const void *arg, size_t i),
                    const void *arg);

#endif
