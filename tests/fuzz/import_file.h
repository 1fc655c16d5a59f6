/* Any octets as a file of another program: the file is read to its end, each record once, and each
 * row can be written as JSON. */
#ifndef FUZZ_IMPORT_FILE_H
#define FUZZ_IMPORT_FILE_H

#include <stdint.h>
#include <stdlib.h>

#include "ctl/import/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(enum import_format format, const uint8_t *data, size_t size)
{
    struct import_reader reader = {
        .format = format,
        .text = {(const char *)data, size},
        .domain = "example.org",
        .today = 20000,
    };
    struct import_record record;
    size_t records = 0;

    for (import_next(&reader, &record); record.kind != IMPORT_END; import_next(&reader, &record)) {
        const char *login = json_string_value(json_object_get(record.row, "login"));

        if (++records > size + 1 || (record.kind == IMPORT_USER) != (record.row != NULL) ||
            (record.row != NULL && (login == NULL || login[0] == '\0')) ||
            (record.kind >= IMPORT_FLAWED && (record.flaw[0] == '\0' || record.remedy == NULL)) ||
            record.label[0] == '\0' || record.line == 0) {
            abort();
        }
        if (record.row != NULL) {
            import_row_destroy(record.row);
        }
    }
}

#endif
