/* The bounded ring of finished log lines and the thread that writes them to stderr. Private to
 * base/log.
 *
 * The lock is held only to copy a line into the ring or to move an index, never while writing to
 * stderr. So no caller waits for a reader of stderr. */
#ifndef BASE_LOG_WRITER_H
#define BASE_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts the thread. `report` is called on that thread when `lost` lines were dropped and there is
 * room again. `report` returns false if its own line found no room; then it is called again
 * later. */
void log_writer_start(bool (*report)(uint64_t lost));
void log_writer_stop(void);

/* Takes one whole line with its newline. False: the line was dropped and counted. */
bool log_writer_put(const char *line, size_t len);

uint64_t log_writer_dropped(void);

#endif
