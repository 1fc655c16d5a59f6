#include "ctl/csv_cell.h"

#include <string.h>

void csv_cell_print(struct buf *out, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return;
    }

    bool formula = strchr("=+-@\t\r", text[0]) != NULL;
    bool quoted = formula || text[strcspn(text, ",\"\r\n")] != '\0';

    if (!quoted) {
        buf_append_text(out, text);
        return;
    }
    buf_append_text(out, formula ? "\"'" : "\"");
    for (const char *c = text; *c != '\0'; c++) {
        buf_append(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    }
    buf_append_text(out, "\"");
}
