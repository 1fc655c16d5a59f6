/* The lists of a sending scope: patterns, networks, words. Each list is sorted and loses its
 * repetitions, so that two lists with the same meaning become equal. */
#include <stdlib.h>

#include "scope/scope_terms.h"

size_t scope_sort(void *items, size_t count, size_t size,
                  int (*compare)(const void *, const void *))
{
    char *octets = items;
    size_t kept = 0;

    if (count > 0) {
        qsort(items, count, size, compare);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare(octets + (kept - 1) * size, octets + i * size) != 0) {
            memmove(octets + kept++ * size, octets + i * size, size);
        }
    }
    return kept;
}

static int compare_patterns(const void *a, const void *b)
{
    return strcmp(((const struct scope_pattern *)a)->text, ((const struct scope_pattern *)b)->text);
}

void scope_read_patterns(struct json_reader *reader, const json_t *value,
                         struct scope_patterns *patterns)
{
    size_t count = 0;

    patterns->present = true;
    if (!json_reader_list(reader, value, SCOPE_PATTERNS_MAX, &count)) {
        return;
    }
    patterns->given = count;
    patterns->items = arena_alloc(reader->arena, count * sizeof(*patterns->items));
    for (size_t i = 0; i < count; i++) {
        size_t mark = json_reader_enter_item(reader, i);
        struct scope_pattern *pattern = &patterns->items[patterns->count];
        struct span text;

        if (json_reader_text(reader, json_array_get(value, i), &text)) {
            const char *flaw = scope_pattern_parse(reader->arena, text, pattern);

            if (flaw != NULL) {
                json_reader_flaw(reader, "%s", flaw);
            } else {
                patterns->count++;
            }
        }
        json_reader_leave(reader, mark);
    }
    patterns->count =
        scope_sort(patterns->items, patterns->count, sizeof(*patterns->items), compare_patterns);
}

static int compare_networks(const void *a, const void *b)
{
    const struct network *left = a;
    const struct network *right = b;
    int order = memcmp(left->base.octets, right->base.octets, sizeof(left->base.octets));

    return order != 0 ? order : (int)left->bits - (int)right->bits;
}

static bool read_network(struct json_reader *reader, const json_t *value, struct network *out)
{
    char corrected[NETWORK_TEXT_SIZE];
    struct span text;

    if (!json_reader_text(reader, value, &text)) {
        return false;
    }
    switch (network_parse(text, out)) {
    case NETWORK_OK:
        return true;
    case NETWORK_NOT_ADDRESS:
        json_reader_flaw(reader,
                         "is \"%s\", not a network: write it like 192.0.2.0/24 or 2001:db8::/32",
                         json_reader_quote(reader, text));
        break;
    case NETWORK_BAD_PREFIX:
        json_reader_flaw(
            reader,
            "is \"%s\", with a wrong prefix length: write 0 to 32 for IPv4, 0 to 128 for "
            "IPv6",
            json_reader_quote(reader, text));
        break;
    case NETWORK_HOST_BITS:
        json_reader_flaw(reader, "is \"%s\", with bits set behind its prefix: write %s",
                         json_reader_quote(reader, text), network_text(out, corrected));
        break;
    }
    return false;
}

void scope_read_networks(struct json_reader *reader, const json_t *value,
                         struct scope_networks *networks)
{
    size_t count = 0;

    networks->present = true;
    if (!json_reader_list(reader, value, SCOPE_NETWORKS_MAX, &count)) {
        return;
    }
    networks->items = arena_alloc(reader->arena, count * sizeof(*networks->items));
    for (size_t i = 0; i < count; i++) {
        size_t mark = json_reader_enter_item(reader, i);

        networks->count +=
            read_network(reader, json_array_get(value, i), &networks->items[networks->count]);
        json_reader_leave(reader, mark);
    }
    networks->count =
        scope_sort(networks->items, networks->count, sizeof(*networks->items), compare_networks);
}

/* ---- words --------------------------------------------------------------------------------- */

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The word in upper or lower case; NULL: it has other characters than letters, digits, - and _, or
 * is empty or too long. */
static const char *fold_word(struct json_reader *reader, struct span text, bool upper)
{
    char *word = arena_copy(reader->arena, text);

    if (text.len == 0 || text.len > SCOPE_WORD_MAX || strlen(word) != text.len) {
        return NULL;
    }
    for (char *c = word; *c != '\0'; c++) {
        bool is_lower = *c >= 'a' && *c <= 'z';
        bool is_upper = *c >= 'A' && *c <= 'Z';

        if (!is_lower && !is_upper && !(*c >= '0' && *c <= '9') && *c != '-' && *c != '_') {
            return NULL;
        }
        if (upper ? is_lower : is_upper) {
            *c ^= 0x20;
        }
    }
    return word;
}

void scope_read_words(struct json_reader *reader, const json_t *value, struct scope_words *words,
                      bool upper)
{
    size_t count = 0;

    words->present = true;
    if (!json_reader_list(reader, value, SCOPE_WORDS_MAX, &count)) {
        return;
    }
    words->items = arena_alloc(reader->arena, count * sizeof(*words->items));
    for (size_t i = 0; i < count; i++) {
        size_t mark = json_reader_enter_item(reader, i);
        struct span text;

        if (json_reader_text(reader, json_array_get(value, i), &text)) {
            const char *word = fold_word(reader, text, upper);

            if (word != NULL) {
                words->items[words->count++] = word;
            } else {
                json_reader_flaw(reader, "is not a %s: write it like %s",
                                 upper ? "SASL mechanism" : "service name",
                                 upper ? "PLAIN" : "smtp");
            }
        }
        json_reader_leave(reader, mark);
    }
    words->count = scope_sort(words->items, words->count, sizeof(*words->items), compare_words);
}
