#include "ctl/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define FIRST_MS 500
#define NEXT_MS  200

void progress_begin(struct progress *progress, const char *what)
{
    *progress = (struct progress){
        .what = what,
        .began = clock_ms(),
        .terminal = isatty(STDERR_FILENO),
    };
}

/* Prints 41200 as "41,200". */
static void print_number(struct buf *out, uint64_t number)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            buf_append_text(out, ",");
        }
        buf_append(out, &digits[i], 1);
    }
}

void progress_print(struct buf *out, const char *what, uint64_t done, uint64_t total, int64_t ms)
{
    uint64_t rate = ms > 0 ? done * 1000 / (uint64_t)ms : 0;

    buf_printf(out, "%s  ", what);
    print_number(out, done);
    if (total > 0) {
        buf_append_text(out, " / ");
        print_number(out, total);
    }
    if (rate > 0) {
        buf_append_text(out, "  ");
        print_number(out, rate);
        buf_append_text(out, "/s");
    }
    if (rate > 0 && total > done) {
        buf_append_text(out, "  ");
        print_number(out, (total - done + rate - 1) / rate);
        buf_append_text(out, " s left");
    }
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total)
{
    int64_t now = clock_ms();
    struct buf line;

    if (!progress->terminal || now - progress->began < FIRST_MS ||
        now - progress->displayed < NEXT_MS) {
        return;
    }
    progress->displayed = now;
    progress->visible = true;
    buf_init(&line, 256);
    progress_print(&line, progress->what, done, total, now - progress->began);
    fprintf(stderr, "\r\033[K%.*s", (int)line.len, line.data);
    fflush(stderr);
    buf_finish(&line);
}

void progress_end(struct progress *progress)
{
    if (progress->visible) {
        fputs("\r\033[K", stderr);
        progress->visible = false;
    }
}
