#include "ctl/qr.h"

#include <stdbool.h>
#include <string.h>

#define QUIET      4 /* light modules on each side, by ISO/IEC 18004 */
#define BLACK_ON   "\033[30;107m"
#define COLOUR_OFF "\033[0m"

size_t qr_width(const json_t *rows)
{
    size_t count = json_array_size(rows);

    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(rows, i);
        const char *text = json_string_value(row);

        if (text == NULL || json_string_length(row) != count || strspn(text, "01") != count) {
            return 0;
        }
    }
    return count > 0 ? count + 2 * QUIET : 0;
}

/* Coordinates include the quiet zone. Modules outside the code are light. */
static bool is_dark(const json_t *rows, size_t y, size_t x)
{
    size_t count = json_array_size(rows);

    return y >= QUIET && y < count + QUIET && x >= QUIET && x < count + QUIET &&
           json_string_value(json_array_get(rows, y - QUIET))[x - QUIET] == '1';
}

void qr_print(FILE *out, const json_t *rows)
{
    /* The upper and lower half of the character: light and light, light and dark, … */
    static const char *const halves[] = {" ", "▄", "▀", "█"};
    size_t width = qr_width(rows);

    for (size_t y = 0; y < width; y += 2) {
        fputs(BLACK_ON, out);
        for (size_t x = 0; x < width; x++) {
            fputs(halves[2 * is_dark(rows, y, x) + is_dark(rows, y + 1, x)], out);
        }
        fputs(COLOUR_OFF "\n", out);
    }
}
