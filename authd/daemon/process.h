/* The process: its descriptors, signals, environment and folder, and its messages to the program
 * that started it. */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include <stdbool.h>

/* To be called before anything else. Blocks SIGTERM and SIGINT, so that a signal does not leave a
 * start half done. */
void process_prepare(void);
/* Whether SIGTERM and SIGINT are delivered; blocked signals stay pending. */
void process_deliver_stop(bool deliver);

/* Says that authd serves: writes `ready` to stdout and sends READY=1 to the service manager. Never
 * waits for a reader. */
void process_ready(void);
/* Sends STOPPING=1 to the service manager. */
void process_stopping(void);

/* The folder of the plugins: `configured`, or beside the program in a build tree, or where authd
 * was installed. To be called before privileges are dropped: afterwards /proc/self/exe cannot be
 * read. Free the result. */
char *process_plugin_dir(const char *configured);

#endif
