#include "ctl/input_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool document_load(struct buf *content, const char *path, struct err *err)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    char chunk[4096];
    size_t got;

    if (file == NULL) {
        return err_set(err, "cannot read %s: %s", path, strerror(errno));
    }
    while (!content->overflow && (got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        buf_append(content, chunk, got);
    }

    int error = ferror(file) ? errno : 0;

    if (!standard) {
        fclose(file);
    }
    if (error != 0) {
        return err_set(err, "cannot read %s: %s", path, strerror(error));
    }
    return !content->overflow || err_set(err, "%s has more than %zu octets", path, content->max);
}

json_t *document_read(const char *path, size_t max, struct err *err)
{
    json_error_t error;
    json_t *document = NULL;
    struct buf content;

    buf_init(&content, max);
    if (document_load(&content, path, err)) {
        document = json_loadb(content.len > 0 ? content.data : "", content.len,
                              JSON_REJECT_DUPLICATES, &error);
        if (document == NULL) {
            err_set(err, "%s, line %d, column %d: %s", path, error.line, error.column, error.text);
        } else if (!json_is_object(document)) {
            err_set(err, "%s holds no JSON object", path);
            json_decref(document);
            document = NULL;
        }
    }
    buf_finish(&content);
    return document;
}
