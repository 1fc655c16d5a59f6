/* How authctl ends: who must act. */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

enum exit_status {
    EXIT_DONE = 0,      /* done, or answered */
    EXIT_REFUSED = 1,   /* refused or not found: change the request */
    EXIT_USAGE = 2,     /* change the command line */
    EXIT_TEMPORARY = 3, /* cannot reach, or cannot tell now: try again */
};

#endif
