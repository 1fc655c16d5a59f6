/* The SQL of schema/, compiled in by schema/embed.py. */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

struct migration {
    int number; /* from 1, without gaps */
    const char *name;
    int oldest_compatible; /* the lowest schema version that a program on this schema may have */
    const char *sql;
};

extern const struct migration migrations[];
extern const int migration_count;

extern const char roles_sql[];

#endif
