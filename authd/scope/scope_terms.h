/* Reads the terms of a sending scope that have more than one value from JSON. Private to
 * scope/scope*. */
#ifndef SCOPE_SCOPE_TERMS_H
#define SCOPE_SCOPE_TERMS_H

#include "scope/json_reader.h"
#include "scope/scope_document.h"

void scope_read_patterns(struct json_reader *reader, const json_t *value,
                         struct scope_patterns *patterns);
void scope_read_networks(struct json_reader *reader, const json_t *value,
                         struct scope_networks *networks);
void scope_read_words(struct json_reader *reader, const json_t *value, struct scope_words *words,
                      bool upper);

/* `out` is the struct scope. */
void scope_read_time(struct json_reader *reader, const json_t *value, void *out);
void scope_read_rates(struct json_reader *reader, const json_t *value, void *out);

/* Sorts `count` items and drops repetitions. Returns how many items are left. */
size_t scope_sort(void *items, size_t count, size_t size,
                  int (*compare)(const void *, const void *));

#endif
