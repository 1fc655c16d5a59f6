/* The process itself: its descriptors, signals, environment and place, and what it tells whoever
 * started it. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>

/* First of all. Afterwards SIGTERM and SIGINT wait: what is being started is not left half-done. */
void process_prepare(void);
/* Whether they are delivered. */
void process_hear_stop(bool hear);

/* Ready to serve: `ready` on stdout and READY=1 to a service manager. Never waits for a reader. */
void process_ready(void);
void process_stopping(void);

/* Where plugins are: `configured`, or beside the program in a build tree, or where it was
 * installed. Before privileges are dropped: afterwards /proc/self/exe is closed to us. Free it. */
char *process_plugin_dir(const char *configured);

#endif
