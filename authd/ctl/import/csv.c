/* Reads comma-separated values (RFC 4180) with a header line that names the columns.
 *
 * Threat: a cell that a spreadsheet runs as a formula when somebody opens an export of authd later;
 * the reader refuses a cell that begins like a formula. A quote that is never closed, which would
 * swallow the users after it; such a quote ends the reading. */
#include "ctl/import/reader.h"

#include <stdio.h>
#include <unistr.h>

#include "base/secret.h"

/* X(NAME, heading, the function that puts a cell into the row) */
#define COLUMNS(X)                                                                                 \
    X(LOGIN, "login", put_nothing)                                                                 \
    X(PASSWORD_HASH, "password_hash", put_nothing)                                                 \
    X(DISPLAY_NAME, "display_name", put_text)                                                      \
    X(ADDRESSES, "addresses", put_list)                                                            \
    X(RECOVERY_ADDRESS, "recovery_address", put_text)                                              \
    X(CLASS, "class", put_text)                                                                    \
    X(NETWORKS, "networks", put_list)                                                              \
    X(SUSPENDED, "suspended", put_boolean)

enum column {
#define X(name, heading, function) COLUMN_##name,
    COLUMNS(X)
#undef X
        COLUMN_COUNT
};

#define CELL_MAX 4096

/* One record of the file. A record may span several lines. */
struct record {
    size_t count;
    struct cell {
        size_t start; /* the offset in `octets` */
        size_t len;
    } cells[IMPORT_COLUMNS_MAX + 1];
    size_t used;
    char octets[16 * CELL_MAX];
};

/* ---- one record ---------------------------------------------------------------------------- */

/* Returns the next octet, or -1 at the end of the file. */
static int peek(const struct import_reader *reader)
{
    return reader->at < reader->text.len ? (unsigned char)reader->text.ptr[reader->at] : -1;
}

static int take(struct import_reader *reader)
{
    int c = peek(reader);

    reader->at += c >= 0;
    reader->line += c == '\n';
    return c;
}

static bool put_octet(struct record *csv, int c)
{
    if (csv->used == sizeof(csv->octets)) {
        return false;
    }
    csv->octets[csv->used++] = (char)c;
    return true;
}

enum cell_end { CELL_NEXT, CELL_LINE, CELL_CUT, CELL_BAD_QUOTE, CELL_OPEN, CELL_TOO_LONG };

static enum cell_end end_of(struct import_reader *reader, int c)
{
    if (c == '\r' && peek(reader) == '\n') {
        c = take(reader);
    }
    return c == ',' ? CELL_NEXT : (c == '\n' ? CELL_LINE : (c < 0 ? CELL_CUT : CELL_BAD_QUOTE));
}

static enum cell_end take_quoted(struct import_reader *reader, struct record *csv)
{
    (void)take(reader);
    for (;;) {
        int c = take(reader);

        if (c < 0) {
            return CELL_OPEN;
        }
        if (c == '"') {
            c = take(reader);
            if (c != '"') {
                return end_of(reader, c);
            }
        }
        if (!put_octet(csv, c)) {
            return CELL_TOO_LONG;
        }
    }
}

static enum cell_end take_bare(struct import_reader *reader, struct record *csv)
{
    for (;;) {
        int c = take(reader);

        if (c == '"') {
            return CELL_BAD_QUOTE;
        }
        if (c < 0 || c == ',' || c == '\n' || (c == '\r' && peek(reader) == '\n')) {
            return end_of(reader, c);
        }
        if (!put_octet(csv, c)) {
            return CELL_TOO_LONG;
        }
    }
}

static enum cell_end take_cell(struct import_reader *reader, struct record *csv)
{
    struct cell *cell = &csv->cells[csv->count];

    cell->start = csv->used;

    enum cell_end end = peek(reader) == '"' ? take_quoted(reader, csv) : take_bare(reader, csv);

    cell->len = csv->used - cell->start;
    csv->count++;
    return end;
}

/* Skips the rest of the line that has the flaw. */
static void skip_line(struct import_reader *reader)
{
    int c;

    do {
        c = take(reader);
    } while (c >= 0 && c != '\n');
}

static void flaw_of(struct import_reader *reader, struct import_record *record, enum cell_end end)
{
    switch (end) {
    case CELL_OPEN:
        import_flawed(record, "Close the quote.", "a quote is opened and never closed");
        record->kind = IMPORT_HOPELESS;
        return;
    case CELL_CUT:
        import_flawed(record, "If it is whole, end it with a newline.",
                      "the last line has no end: the file may have been cut");
        return;
    case CELL_BAD_QUOTE:
        import_flawed(record, "Put the whole cell between quotes, and double those within.",
                      "a quote is in a place where none is allowed");
        break;
    case CELL_TOO_LONG:
        import_flawed(record, "Is a quote before it left open?", "the line is too long");
        break;
    case CELL_NEXT:
    case CELL_LINE:
        import_flawed(record, "Is this a CSV file?", "the line has more than %d cells",
                      IMPORT_COLUMNS_MAX);
        break;
    }
    skip_line(reader);
}

/* Reads the next record. Returns false at the end of the file, or if the record has a flaw. */
static bool take_record(struct import_reader *reader, struct import_record *record,
                        struct record *csv)
{
    enum cell_end end = CELL_NEXT;

    csv->count = 0;
    csv->used = 0;
    record->line = reader->line;
    if (peek(reader) < 0) {
        record->kind = IMPORT_END;
        return false;
    }
    while (end == CELL_NEXT && csv->count <= IMPORT_COLUMNS_MAX) {
        end = take_cell(reader, csv);
    }
    if (end != CELL_LINE) {
        flaw_of(reader, record, end);
        return false;
    }
    if (csv->used > 0 && memchr(csv->octets, '\0', csv->used) != NULL) {
        import_flawed(record, "Is this a text file?", "the line has a NUL octet");
        return false;
    }
    if (u8_check((const uint8_t *)csv->octets, csv->used) != NULL) {
        import_flawed(record, "Save the file as UTF-8.", "the line is not UTF-8");
        return false;
    }
    return true;
}

static struct span cell_of(const struct record *csv, size_t at)
{
    return (struct span){csv->octets + csv->cells[at].start, csv->cells[at].len};
}

/* ---- the header ---------------------------------------------------------------------------- */

static const char *const headings[COLUMN_COUNT] = {
#define X(name, heading, function) [COLUMN_##name] = (heading),
    COLUMNS(X)
#undef X
};

#define HEADINGS                                                                                   \
    "Columns are login, password_hash, display_name, addresses, recovery_address, class, "         \
    "networks, suspended; commas between them."

static void hopeless(struct import_record *record, const char *what, struct span cell)
{
    import_flawed(record, HEADINGS, "%s \"%.*s\"", what, cell.len < 60 ? (int)cell.len : 60,
                  cell.ptr);
    record->kind = IMPORT_HOPELESS;
}

static bool read_heading(struct import_reader *reader, struct import_record *record,
                         struct span cell)
{
    enum column column = 0;

    while (column < COLUMN_COUNT && !span_is(import_trim(cell), headings[column])) {
        column++;
    }
    if (column == COLUMN_COUNT) {
        hopeless(record, "there is no column", cell);
        return false;
    }
    for (size_t i = 0; i < reader->column_count; i++) {
        if (reader->columns[i] == column) {
            hopeless(record, "more than one column", cell);
            return false;
        }
    }
    reader->columns[reader->column_count++] = (unsigned char)column;
    return true;
}

static bool read_header(struct import_reader *reader, struct import_record *record,
                        struct record *csv)
{
    static const char mark[] = "\xef\xbb\xbf";
    bool login = false;

    reader->line = 1;
    if (reader->text.len >= 3 && memcmp(reader->text.ptr, mark, 3) == 0) {
        reader->at = 3;
    }
    if (!take_record(reader, record, csv)) {
        record->kind = record->kind == IMPORT_FLAWED ? IMPORT_HOPELESS : record->kind;
        return false;
    }
    for (size_t i = 0; i < csv->count; i++) {
        if (!read_heading(reader, record, cell_of(csv, i))) {
            return false;
        }
        login = login || reader->columns[i] == COLUMN_LOGIN;
    }
    if (!login) {
        hopeless(record, "there is no column", SPAN_LITERAL("login"));
        return false;
    }
    import_passed(record, "header");
    return true;
}

/* ---- cells --------------------------------------------------------------------------------- */

static bool put_nothing(struct import_record *record, enum column column, struct span cell)
{
    (void)record;
    (void)column;
    (void)cell;
    return true;
}

static bool put_text(struct import_record *record, enum column column, struct span cell)
{
    return import_put(record, headings[column], cell);
}

static bool put_list(struct import_record *record, enum column column, struct span cell)
{
    struct span word;

    while (import_word(&cell, ",;", &word)) {
        if (!import_append(record, headings[column], word)) {
            return false;
        }
    }
    return true;
}

static bool put_boolean(struct import_record *record, enum column column, struct span cell)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true},   {"yes", true}, {"1", true},
                 {"false", false}, {"no", false}, {"0", false}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_is(cell, words[i].word)) {
            json_object_set_new(record->row, headings[column], json_boolean(words[i].value));
            return true;
        }
    }
    import_flawed(record, "Write true or false.", "%s is neither true nor false", headings[column]);
    return false;
}

static bool put_cell(struct import_record *record, enum column column, struct span cell)
{
    static bool (*const functions[COLUMN_COUNT])(struct import_record *, enum column,
                                                 struct span) = {
#define X(name, heading, function) [COLUMN_##name] = (function),
        COLUMNS(X)
#undef X
    };

    return cell.len == 0 || functions[column](record, column, cell);
}

/* Returns the name of the character that makes a spreadsheet take the cell for a formula, or NULL
 * if the cell is harmless. */
static const char *formula_of(struct span cell)
{
    static const char first[] = "=+-@\t\r";
    static const char *const names[] = {"=", "+", "-", "@", "a tab", "a return"};
    const char *found = cell.len > 0 ? strchr(first, cell.ptr[0]) : NULL;

    return found != NULL ? names[found - first] : NULL;
}

static struct span column_cell(const struct import_reader *reader, const struct record *csv,
                               enum column column)
{
    for (size_t i = 0; i < csv->count; i++) {
        if (reader->columns[i] == column) {
            return cell_of(csv, i);
        }
    }
    return (struct span){0};
}

static void read_user(const struct import_reader *reader, struct import_record *record,
                      const struct record *csv)
{
    for (size_t i = 0; i < csv->count; i++) {
        const char *formula = formula_of(cell_of(csv, i));

        if (formula != NULL) {
            import_flawed(record, "Remove the character.",
                          "%s begins with %s, which a spreadsheet would run",
                          headings[reader->columns[i]], formula);
            return;
        }
    }
    if (!import_user(reader, record, import_trim(column_cell(reader, csv, COLUMN_LOGIN))) ||
        !import_hash(record, column_cell(reader, csv, COLUMN_PASSWORD_HASH))) {
        return;
    }
    for (size_t i = 0; i < csv->count; i++) {
        if (!put_cell(record, reader->columns[i], import_trim(cell_of(csv, i)))) {
            return;
        }
    }
}

void import_csv_next(struct import_reader *reader, struct import_record *record)
{
    struct record csv;

    if (reader->line == 0) {
        (void)read_header(reader, record, &csv);
        return;
    }
    if (!take_record(reader, record, &csv)) {
        return;
    }
    if (csv.count == 1 && csv.cells[0].len == 0) {
        import_passed(record, "empty line");
    } else if (csv.count != reader->column_count) {
        import_flawed(record, "Put a cell that has a comma between quotes.",
                      "the line has %zu cells, the header %zu", csv.count, reader->column_count);
    } else {
        read_user(reader, record, &csv);
    }
    secret_wipe(csv.octets, csv.used);
}
