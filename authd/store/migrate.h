/* Brings a database to the schema of schema/, which is compiled into the program, as the owner
 * role. Blocking: runs before the loop does. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "base/err.h"
#include "store/function_changes.h"
#include "store/migrations.h"

/* What was done to a database; in a dry run, what would be done. */
struct migrate_report {
    bool newer;                        /* the database has a newer schema, which was not changed */
    int migrations;                    /* how many numbered migrations were applied */
    int function_set_before;           /* before the migration; 0: there was no schema */
    int function_set;                  /* after the migration */
    struct function_changes functions; /* how many functions were made, changed and dropped */
};

/* One line of what is done: "migration 0001_tables" or "function authd.now(): new". */
typedef void migrate_note_f(const char *line, void *arg);

struct migrate_options {
    const struct schema *schema; /* &program_schema, but for tests */
    bool dry_run;                /* everything is done, then rolled back */
    migrate_note_f *note;        /* may be NULL */
    void *note_arg;
};

/* All in one transaction: the numbered migrations that are missing, then the function set, then the
 * functions that are in no set are dropped. Nothing to do is success, and so is a newer schema that
 * this program can run with. Two programs at a time wait for each other. False: `err` has the
 * remedy, and the database is as it was. */
bool migrate_run(const char *owner_url, const struct migrate_options *options,
                 struct migrate_report *report, struct err *err);

/* Creates what migrate_run() needs and only a superuser can give: the roles of schema/roles.sql,
 * and the database `authd`. What is there already stays. */
bool migrate_prepare(const char *superuser_url, struct err *err);

#endif
