/* Lines of a foreign file on their way to authd: read, sent, and told of. */
#ifndef CTL_IMPORT_BATCH_H
#define CTL_IMPORT_BATCH_H

#include "ctl/import_report.h"

/* Bounds of one call: authd answers it in a fraction of a second. */
#define BATCH_ROWS_MAX  500
#define BATCH_LINES_MAX 2000
#define BATCH_ADDRESSES_MAX                                                                        \
    480 /* and networks; one row more has at most 256 of each: authd takes 1000 */
#define BATCH_OCTETS_MAX (256 * 1024)

struct batch_line {
    size_t line;
    size_t sort; /* report_sort() */
    size_t row;  /* its place among the rows */
    const char *note;
};

struct batch {
    /* set by the caller */
    struct session *session;
    struct report *report;
    bool apply;
    const char *existing; /* NULL: authd's default */
    bool merges;          /* several lines of one login are one row: they only add addresses */
    /* its own */
    bool changed; /* something was */
    size_t line;  /* the first one that is not sent yet */
    json_t *rows;
    json_t *places; /* login to its place in `rows` */
    struct batch_line lines[BATCH_LINES_MAX];
    size_t line_count;
    size_t octets;
    size_t addresses;  /* and networks */
    struct seen *seen; /* the logins of the file so far */
    size_t seen_count;
    size_t seen_capacity;
};

void batch_init(struct batch *batch);
void batch_finish(struct batch *batch);

/* Reads until the batch is full. False: that was the last of the file. */
bool batch_read(struct batch *batch, struct import_reader *reader);
/* Sends it and reports what became of its lines. False: `failure` says why nothing did. */
bool batch_send(struct batch *batch, struct answer *failure);

#endif
