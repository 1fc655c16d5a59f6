#include "daemon/migration.h"

#include <stdio.h>

#include "base/log.h"
#include "store/migrate.h"

/* `idle`: also if there was nothing to do. */
static void log_migrated(const struct migrate_report *report, bool idle)
{
    const struct function_changes *functions = &report->functions;

    if (report->newer) {
        log_message(LOG_INFO, "migrated",
                    "nothing was changed: the database has function set %d, this authd has %d",
                    report->function_set, program_schema.function_set);
    } else if (report->migrations > 0 || report->function_set != report->function_set_before) {
        log_message(LOG_INFO, "migrated",
                    "migrations applied: %d; function set %d to %d: %u new, %u changed, %u dropped",
                    report->migrations, report->function_set_before, report->function_set,
                    functions->made, functions->changed, functions->dropped);
    } else if (idle) {
        log_message(LOG_INFO, "migrated", "there was nothing to do: migration %d, function set %d",
                    program_schema.migration_count, report->function_set);
    }
}

bool migration_run(const char *owner_url, bool idle, struct err *err)
{
    const struct migrate_options options = {.schema = &program_schema};
    struct migrate_report report;
    bool done = migrate_run(owner_url, &options, &report, err);

    if (done) {
        log_migrated(&report, idle);
    }
    return done;
}

static void print_line(const char *line, void *arg)
{
    (void)arg;
    puts(line);
}

bool migration_plan(const char *owner_url, struct err *err)
{
    const struct migrate_options options = {
        .schema = &program_schema, .dry_run = true, .note = print_line};
    struct migrate_report report;

    if (!migrate_run(owner_url, &options, &report, err)) {
        return false;
    }
    if (report.newer) {
        printf("nothing to do: the database has function set %d, this authd has %d\n",
               report.function_set, program_schema.function_set);
    } else if (report.migrations == 0 && report.function_set == report.function_set_before) {
        printf("nothing to do: migration %d, function set %d\n", program_schema.migration_count,
               report.function_set);
    } else {
        printf("function set %d to %d\nnothing was changed: this was a dry run\n",
               report.function_set_before, report.function_set);
    }
    return true;
}
