/* Exit statuses of authctl. Each tells the caller what to do next. */
#ifndef CTL_EXIT_STATUS_H
#define CTL_EXIT_STATUS_H

enum exit_status {
    EXIT_DONE = 0,      /* the change was made, or the question answered */
    EXIT_REFUSED = 1,   /* authd refused, or an object does not exist: change the request */
    EXIT_USAGE = 2,     /* the command line is wrong: change the command line */
    EXIT_TEMPORARY = 3, /* authd cannot be reached, or cannot answer now: try again */
};

#endif
