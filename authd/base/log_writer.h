/* The bounded ring of finished log lines and the thread that writes it to stderr. Private to
 * base/log.
 *
 * The lock is held to copy a line in or to move an index, never while writing: nobody waits for a
 * reader of stderr. */
#ifndef BASE_LOG_WRITER_H
#define BASE_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `report` is called on the thread when there is room again after `lost` lines were dropped; false
 * if its own line found no room: then it is asked again. */
void log_writer_start(bool (*report)(uint64_t lost));
void log_writer_stop(void);

/* One whole line with its newline. False: dropped and counted. */
bool log_writer_put(const char *line, size_t len);

uint64_t log_writer_dropped(void);

#endif
