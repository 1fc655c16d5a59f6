/* The log: one line per event, key=value or JSON, to stderr.
 *
 * A line is built on the caller's stack and copied into a bounded ring. A thread of the log's own
 * writes the ring to stderr. When stderr is not being read, the ring fills up: further lines are
 * dropped and counted, and the count is logged when there is room again. So no login ever waits for
 * the log. Values come from the network: they are escaped so that one event stays one line. Callers
 * never pass secrets to the log.
 *
 *     struct log_line line;
 *     log_begin(&line, LOG_INFO, "auth");
 *     log_text(&line, "user", login);
 *     log_number(&line, "ms", elapsed);
 *     log_end(&line);
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_KV, LOG_JSON };

#define LOG_LINE_MAX 2048

struct log_line {
    bool on; /* the level is enabled; otherwise all calls do nothing */
    size_t len;
    char text[LOG_LINE_MAX];
};

/* Before log_start() and after log_stop(), the calling thread writes lines to stderr itself. */
void log_configure(enum log_level level, enum log_format format);
void log_start(void); /* starts the log's thread; call after privileges are dropped */
void log_stop(void);  /* writes queued lines for at most one second, then ends the thread */

/* `event` is a constant word. Each line has the time (RFC 3339, UTC, milliseconds) and the level.
 */
void log_begin(struct log_line *line, enum log_level level, const char *event);
/* `key` is a constant word. A NULL value leaves the key out. Long values are cut and end in "...".
 */
void log_text(struct log_line *line, const char *key, const char *value);
void log_span(struct log_line *line, const char *key, struct span value);
void log_number(struct log_line *line, const char *key, int64_t value);
void log_end(struct log_line *line);

/* Writes a line with one "message" member. */
void log_message(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The number of lines dropped since the process started. */
uint64_t log_dropped(void);

#endif
