/* A batch of an import: reads lines of the file, sends their users to authd in one call, and
 * reports the result of each line. */
#ifndef CTL_IMPORT_BATCH_H
#define CTL_IMPORT_BATCH_H

#include "ctl/import/report.h"

/* Bounds of one call. authd answers a call of this size in a fraction of a second. */
#define BATCH_ROWS_MAX  500
#define BATCH_LINES_MAX 2000
#define BATCH_ADDRESSES_MAX                                                                        \
    480 /* addresses and networks; the last row may add 256 of each, and authd takes 1000 */
#define BATCH_OCTETS_MAX (256 * 1024)

struct batch_line {
    size_t line;
    size_t sort; /* the number that report_sort() returned */
    size_t row;  /* the index of the line's row in `rows` */
    const char *note;
};

struct batch {
    /* The caller sets these members. */
    struct context *context;
    struct report *report;
    bool apply;
    const char *existing; /* the value of --existing; NULL: authd's default */
    bool merges;          /* lines of the same login become one row, which only adds addresses */
    /* The batch sets these members. */
    bool changed; /* authd has changed something */
    size_t line;  /* the first line that has not been sent */
    json_t *rows;
    json_t *places; /* maps a login to the index of its row in `rows` */
    struct batch_line lines[BATCH_LINES_MAX];
    size_t line_count;
    size_t octets;
    size_t addresses;  /* the number of addresses and networks in `rows` */
    struct seen *seen; /* a hash table of the logins of the file so far */
    size_t seen_count;
    size_t seen_capacity;
};

void batch_init(struct batch *batch);
void batch_finish(struct batch *batch);

/* Reads lines until the batch is full. Returns false at the end of the file. */
bool batch_read(struct batch *batch, struct import_reader *reader);
/* Sends the batch and reports the result of each line. Returns false if the call failed; `failure`
 * then says why. */
bool batch_send(struct batch *batch, struct answer *failure);

#endif
