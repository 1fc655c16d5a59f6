#include "ctl/table.h"

#include <stdlib.h>
#include <unistr.h>
#include <uniwidth.h>

#include "base/mem.h"
#include "ctl/print.h"

#define CELL_MAX   (64 * 1024)
#define GAP        2 /* blanks between columns */
#define COLUMN_MIN 6 /* narrower columns say nothing */
#define ELLIPSIS   "\xe2\x80\xa6"

struct row {
    char *cells[TABLE_COLUMNS_MAX]; /* escaped; NULL: not set */
};

struct table {
    const char *const *headings;
    size_t columns;
    struct row *rows;
    size_t count;
    size_t capacity;
};

struct table *table_create(const char *const *headings, size_t columns)
{
    struct table *table = mem_new(struct table);

    table->headings = headings;
    table->columns = columns;
    return table;
}

void table_destroy(struct table *table)
{
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < table->count; i++) {
        for (size_t column = 0; column < table->columns; column++) {
            free(table->rows[i].cells[column]);
        }
    }
    free(table->rows);
    free(table);
}

static char *escaped(const char *text)
{
    struct buf buf;

    buf_init(&buf, CELL_MAX);
    print_escape(&buf, text);

    char *copy = mem_calloc(1, buf.len + 1);

    if (buf.len > 0) {
        memcpy(copy, buf.data, buf.len);
    }
    buf_finish(&buf);
    return copy;
}

void table_row(struct table *table, const char *const *cells)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity == 0 ? 64 : table->capacity * 2;
        table->rows = mem_realloc(table->rows, table->capacity * sizeof(struct row));
    }

    struct row *row = &table->rows[table->count++];

    *row = (struct row){0};
    for (size_t column = 0; column < table->columns; column++) {
        row->cells[column] = cells[column] != NULL ? escaped(cells[column]) : NULL;
    }
}

static size_t text_width(const char *text)
{
    return (size_t)u8_strwidth((const uint8_t *)text, "UTF-8");
}

/* As much of `text` as fits, with an ellipsis where the text is cut. Returns the width. */
static size_t print_cut(FILE *out, const char *text, size_t room)
{
    if (text_width(text) <= room) {
        fputs(text, out);
        return text_width(text);
    }

    const uint8_t *end = (const uint8_t *)text;
    size_t used = 0;
    ucs4_t c;

    for (int len; (len = u8_strmbtouc(&c, end)) > 0; end += len) {
        int width = uc_width(c, "UTF-8");

        if (used + (size_t)(width > 0 ? width : 0) + 1 > room) {
            break;
        }
        used += (size_t)(width > 0 ? width : 0);
    }
    fwrite(text, 1, (size_t)(end - (const uint8_t *)text), out);
    fputs(ELLIPSIS, out);
    return used + 1;
}

static void print_aligned(const struct table *table, FILE *out, const char *const *cells,
                          const size_t *widths)
{
    size_t owed = 0; /* blanks before the next column */

    for (size_t column = 0; column < table->columns; column++) {
        const char *text = cells[column] != NULL ? cells[column] : "-";

        fprintf(out, "%*s", (int)owed, "");
        owed = widths[column] - print_cut(out, text, widths[column]) + GAP;
    }
    fputc('\n', out);
}

/* Narrows the widest column, again and again, until the row fits or no column can be cut. */
static void shrink(const struct table *table, size_t *widths, size_t width)
{
    size_t total = GAP * (table->columns - 1);

    for (size_t column = 0; column < table->columns; column++) {
        total += widths[column];
    }
    while (total > width) {
        size_t widest = 0;

        for (size_t column = 1; column < table->columns; column++) {
            widest = widths[column] >= widths[widest] ? column : widest;
        }
        if (widths[widest] <= COLUMN_MIN) {
            return;
        }
        widths[widest]--;
        total--;
    }
}

static void print_for_people(const struct table *table, FILE *out, size_t width)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    for (size_t column = 0; column < table->columns; column++) {
        widths[column] = table->headings != NULL ? text_width(table->headings[column]) : 1;
        for (size_t i = 0; i < table->count; i++) {
            const char *cell = table->rows[i].cells[column];
            size_t wide = cell != NULL ? text_width(cell) : 1;

            widths[column] = wide > widths[column] ? wide : widths[column];
        }
    }
    shrink(table, widths, width);
    if (table->headings != NULL) {
        print_aligned(table, out, table->headings, widths);
    }
    for (size_t i = 0; i < table->count; i++) {
        print_aligned(table, out, (const char *const *)table->rows[i].cells, widths);
    }
}

void table_print(const struct table *table, FILE *out, size_t width)
{
    if (width > 0) {
        print_for_people(table, out, width);
        return;
    }
    for (size_t i = 0; i < table->count; i++) {
        for (size_t column = 0; column < table->columns; column++) {
            const char *cell = table->rows[i].cells[column];

            fprintf(out, "%s%s", column > 0 ? "\t" : "", cell != NULL ? cell : "");
        }
        fputc('\n', out);
    }
}
