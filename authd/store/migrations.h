/* The SQL of schema/, compiled in by schema/embed.py. */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

struct migration {
    int number; /* from 1, without gaps */
    const char *name;
    const char *sha256; /* of the text of all migrations up to this one */
    const char *sql;
};

struct function_file {
    const char *name;
    const char *sql;
};

struct schema {
    const struct migration *migrations;
    int migration_count;
    const struct function_file *functions; /* the function set, in the order of their use */
    int function_count;
    const char *signatures; /* of all functions of migrations and set, one a line */
    int function_set;       /* the number of the set; it rises with every change */
    const char *function_set_sha256;
    int oldest_compatible; /* the lowest function set of a program that can run with this one */
    const char *begin;     /* the statements before all of these */
    const char *record;    /* the statement after them, which writes schema_info */
};

extern const struct schema program_schema;
extern const char roles_sql[];

#endif
