/* The command line of authctl: one table of nouns, verbs, arguments and options drives parsing,
 * suggestions, requests, help, completion and the manual page. A verb of the usual shape is a row
 * of it and no code: see run_command(). Pure. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <jansson.h>
#include <stdio.h>

#include "base/err.h"
#include "ctl/option.h"

#define WORDS_MAX 64
#define GIVEN_MAX 320 /* options in one command line */

struct session;
struct kind;

/* ---- the table ----------------------------------------------------------------------------- */

/* What becomes of an option: a member of the body, or of the query of a GET. */
enum shape {
    SHAPE_OWN, /* the verb itself looks at it */
    SHAPE_TEXT,
    SHAPE_TEXTS, /* repeatable: a list */
    SHAPE_FLAG,
    SHAPE_NUMBER,   /* a whole one */
    SHAPE_SECONDS,  /* 30s 5m 12h 90d */
    SHAPE_DAYS,     /* 90d: whole days */
    SHAPE_EXPIRY,   /* 90d: expires_in; a time or "never": expires_at */
    SHAPE_DOCUMENT, /* a file of JSON */
    SHAPE_SECRET,   /* a flag: one line of standard input */
};

enum {
    INPUT_REQUIRED = 1u << 0, /* a secret: asked for on a terminal */
    INPUT_ONCE = 1u << 1,     /* a secret that is not asked for twice */
};

struct input {
    enum option option;
    enum shape shape;
    const char *member; /* an expiry has its own */
    unsigned flags;
};

#define INPUTS(...) ((const struct input[]){__VA_ARGS__, {OPTION_NONE, SHAPE_OWN, NULL, 0}})

/* How the answer looks on stdout. */
enum result {
    RESULT_OBJECT,   /* the object, a line for each member */
    RESULT_CHANGE,   /* its name and what is now true */
    RESULT_LIST,     /* a table, all pages */
    RESULT_DOCUMENT, /* what a file could hold */
    RESULT_SECRET,   /* the object's secret, shown once */
    RESULT_CODES,    /* nothing but what `after` shows */
};

/* How much is lost when it was a mistake. */
enum severity {
    SEVERITY_MILD,
    SEVERITY_MODERATE, /* says what would go, asks */
    SEVERITY_SEVERE,   /* the name must be typed */
};

struct command {
    const char *verb;
    const char *arguments; /* as help shows them */
    size_t min;            /* how many */
    size_t max;            /* 0: as many as min */
    bool empty;            /* an argument may be */
    const struct input *inputs;
    const char *summary;
    const char *example;
    int (*run)(struct session *session); /* an exit status; NULL: run_command */

    /* The call of run_command. */
    const char *method;
    const char *path;   /* "/v1/users/{1}": argument 1, encoded; {2#}: an id, "k7" is 7 too;
                           {1@}: the path of a scope's level */
    const char *member; /* of the body: the last argument; "": that file is the body */
    const char *keys;   /* KEY=VALUE after the first argument: those there are; KEY[]: a list */
    const struct kind *kind; /* of the answer; NULL: the noun's */
    enum result result;
    enum severity severity;
    const char *loses; /* what would go besides what the answer counts; NULL: nothing */
    const char *done;  /* RESULT_CHANGE: what is now true; {2}: argument 2 */
    void (*after)(struct session *session, const json_t *answer); /* talk about a success */
};

struct noun {
    const char *name;
    const char *summary;
    const struct kind *kind;        /* of its objects; NULL: none */
    const struct command *commands; /* ends with a NULL verb */
};

extern const struct noun *const nouns[]; /* ends with NULL */

const struct noun *noun_find(const char *name);
const struct command *noun_command(const struct noun *noun, const char *verb);
/* The option's row in the command; NULL: the command does not have it. */
const struct input *command_input(const struct command *command, enum option option);
size_t command_max(const struct command *command);

/* ---- a command line ------------------------------------------------------------------------ */

/* Taken apart. Texts point into argv. */
struct invocation {
    const struct noun *noun;
    const struct command *command; /* NULL: `words` ask for help */
    const char *words[WORDS_MAX];  /* with a command: its arguments, without noun and verb */
    size_t count;
    struct {
        enum option option;
        const char *value; /* NULL: it has none */
    } given[GIVEN_MAX];
    size_t given_count;
    long timeout; /* seconds */
};

/* `argv` ends with a NULL. False: a usage error; `err` says what, and what would have been right.
 * `given` is set as far as it was understood, --json wherever it stands. */
bool command_parse(struct invocation *invocation, int argc, char **argv, struct err *err);

bool option_given(const struct invocation *invocation, enum option option);
const char *option_value(const struct invocation *invocation, enum option option);

/* What was meant, if something close was; `next(arg, i)` gives the i-th candidate, at last NULL. */
const char *suggest(const char *word, const char *(*next)(const void *arg, size_t i),
                    const void *arg);

#endif
