/* Reads the file. An attacker who may write the configuration commands authd, therefore a file that
 * every user may write is refused. Values to which YAML gives a meaning of its own are reported as
 * mistakes: an empty value, ~, and a second document. */
#include "config/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <yaml.h>

#include "base/buf.h"
#include "base/mem.h"

#define FILE_MAX ((size_t)1024 * 1024)

struct document {
    const char *file;
    struct buf text;
    yaml_document_t yaml;
    bool parsed;
};

static bool read_text(struct document *document, int fd, struct err *err)
{
    for (;;) {
        char piece[4096];
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got < 0) {
            return err_set(err, "%s: cannot read it: %s", document->file, strerror(errno));
        }
        if (got == 0) {
            return true;
        }
        buf_append(&document->text, piece, (size_t)got);
        if (document->text.overflow) {
            return err_set(err, "%s: is larger than 1 MiB: this is no configuration of authd",
                           document->file);
        }
    }
}

static bool read_file(struct document *document, struct err *err)
{
    const char *file = document->file;
    struct stat info;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return err_set(err, "%s: cannot open it: %s; give another with -c FILE", file,
                       strerror(errno));
    }
    bool good = false;
    if (fstat(fd, &info) != 0) {
        err_set(err, "%s: cannot read it: %s", file, strerror(errno));
    } else if (!S_ISREG(info.st_mode)) {
        err_set(err, "%s: is not a file; give one with -c FILE", file);
    } else if ((info.st_mode & S_IWOTH) != 0) {
        err_set(err, "%s: every user may change it; chmod o-w %s", file, file);
    } else {
        good = read_text(document, fd, err);
    }
    close(fd);
    return good;
}

static bool syntax_error(const struct document *document, const yaml_parser_t *parser,
                         struct err *err)
{
    if (parser->error == YAML_READER_ERROR) {
        unsigned line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < document->text.len; i++) {
            line += document->text.data[i] == '\n';
        }
        return err_set(err, "%s:%u: %s; the file must be UTF-8 without control characters",
                       document->file, line, parser->problem);
    }
    size_t at = parser->problem_mark.index;
    unsigned line = (unsigned)parser->problem_mark.line + 1;
    if (at < document->text.len && document->text.data[at] == '\t') {
        return err_set(err, "%s:%u: a tab; YAML is indented by blanks", document->file, line);
    }
    return err_set(err, "%s:%u: is not YAML: %s; check indentation, colons and quotes",
                   document->file, line, parser->problem);
}

static bool is_null(const yaml_node_t *node)
{
    const char *value = (const char *)node->data.scalar.value;
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (value[0] == '\0' || strcmp(value, "~") == 0 || strcmp(value, "null") == 0);
}

static bool check_mapping(struct document *document, const yaml_node_t *mapping, struct err *err)
{
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    for (; pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&document->yaml, pair->key);
        const yaml_node_t *value = yaml_document_get_node(&document->yaml, pair->value);
        unsigned line = (unsigned)key->start_mark.line + 1;
        if (key->type != YAML_SCALAR_NODE) {
            return err_set(err, "%s:%u: a key that is not a word; write key: value", document->file,
                           line);
        }
        if (is_null(value)) {
            return err_set(err, "%s:%u: %s: has no value; write one, or leave the key out",
                           document->file, line, (const char *)key->data.scalar.value);
        }
    }
    return true;
}

/* Checks each node on its own, without recursion, however deeply the file nests. */
static bool check_nodes(struct document *document, struct err *err)
{
    const yaml_node_t *node = document->yaml.nodes.start;
    for (; node < document->yaml.nodes.top; node++) {
        if (node->type == YAML_MAPPING_NODE && !check_mapping(document, node, err)) {
            return false;
        }
        if (node->type == YAML_SCALAR_NODE &&
            strlen((const char *)node->data.scalar.value) != node->data.scalar.length) {
            return err_set(err, "%s:%u: a value with a NUL in it; remove it", document->file,
                           (unsigned)node->start_mark.line + 1);
        }
    }
    return true;
}

/* The file must end after its one document. */
static bool parse_rest(const struct document *document, yaml_parser_t *parser, struct err *err)
{
    yaml_document_t more;
    if (!yaml_parser_load(parser, &more)) {
        return syntax_error(document, parser, err);
    }
    const yaml_node_t *root = yaml_document_get_root_node(&more);
    unsigned line = root != NULL ? (unsigned)root->start_mark.line + 1 : 0;
    yaml_document_delete(&more);
    return root == NULL ||
           err_set(err, "%s:%u: a second document (---); keep one", document->file, line);
}

static bool parse(struct document *document, struct err *err)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        abort();
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    const char *text = document->text.len > 0 ? document->text.data : "";
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, document->text.len);
    bool good = false;
    document->parsed = yaml_parser_load(&parser, &document->yaml) == 1;
    if (!document->parsed) {
        syntax_error(document, &parser, err);
    } else if (yaml_document_get_root_node(&document->yaml) == NULL) {
        err_set(err, "%s: is empty; smtp-authd --print-defaults prints one to begin with",
                document->file);
    } else {
        good = check_nodes(document, err) && parse_rest(document, &parser, err);
    }
    yaml_parser_delete(&parser);
    return good;
}

struct document *document_read(const char *file, struct err *err)
{
    struct document *document = mem_new(struct document);
    document->file = file;
    buf_init(&document->text, FILE_MAX);
    if (!read_file(document, err) || !parse(document, err)) {
        document_destroy(document);
        return NULL;
    }
    return document;
}

void document_destroy(struct document *document)
{
    if (document == NULL) {
        return;
    }
    if (document->parsed) {
        yaml_document_delete(&document->yaml);
    }
    buf_finish(&document->text);
    free(document);
}

struct span document_text(const struct document *document)
{
    return buf_span(&document->text);
}

/* Finds the value of a key in a mapping, and sets the line of the key; NULL: there is no such
 * key. */
static yaml_node_t *step_field(yaml_document_t *yaml, const yaml_node_t *mapping, struct span name,
                               size_t *line)
{
    yaml_node_t *found = NULL;
    if (mapping->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    for (; pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(yaml, pair->key);
        if (span_is(name, (const char *)key->data.scalar.value)) {
            found = yaml_document_get_node(yaml, pair->value);
            *line = key->start_mark.line;
        }
    }
    return found;
}

static yaml_node_t *step_entry(yaml_document_t *yaml, const yaml_node_t *list, long number,
                               size_t *line)
{
    if (list->type != YAML_SEQUENCE_NODE || number < 1 ||
        number > list->data.sequence.items.top - list->data.sequence.items.start) {
        return NULL;
    }
    yaml_node_t *entry = yaml_document_get_node(yaml, list->data.sequence.items.start[number - 1]);
    *line = entry->start_mark.line;
    return entry;
}

unsigned document_line(const struct document *document, const char *path)
{
    yaml_document_t *yaml = (yaml_document_t *)&document->yaml; /* libyaml's readers lack const */
    yaml_node_t *node = yaml_document_get_root_node(yaml);
    size_t line = node->start_mark.line;

    while (node != NULL && *path != '\0') {
        if (*path == '[') {
            char *end;
            long number = strtol(path + 1, &end, 10);
            node = step_entry(yaml, node, number, &line);
            path = end + (*end == ']');
        } else {
            path += *path == '.';
            size_t len = strcspn(path, ".[");
            node = step_field(yaml, node, (struct span){path, len}, &line);
            path += len;
        }
    }
    return (unsigned)line + 1;
}
