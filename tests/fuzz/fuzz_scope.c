/* Any octets as a sending scope, and as the name of a scope: no crash; a refused document has flaws
 * that can be printed; an accepted document becomes canonical in one step, keeps the bounds, and
 * has the same verdicts as its canonical form. */
#include <stdint.h>
#include <stdlib.h>

#include "scope/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_flaws(const struct scope_flaws *flaws)
{
    must(flaws->count > 0 && flaws->count <= SCOPE_FLAWS_MAX);
    for (size_t i = 0; i < flaws->count; i++) {
        json_t *text = json_string(flaws->items[i].pointer); // NULL: not UTF-8

        must(text != NULL && flaws->items[i].text[0] != '\0');
        json_decref(text);
    }
}

static void check_scope(const struct scope *scope, const char *text)
{
    char hash[SCOPE_HASH_SIZE];
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    struct scope_flaws flaws;
    struct scope *again = scope_parse_all(json, &flaws);
    char *twice = scope_canonical(json);

    must(again != NULL && strcmp(text, twice) == 0 && strlen(text) <= SCOPE_SIZE_MAX);
    scope_hash(text, hash);
    must(strlen(hash) == SCOPE_HASH_SIZE - 1);
    for (int minute = -1; minute < 7 * 24 * 60; minute += 37) {
        const struct scope_facts facts = {
            .tls = minute % 2 == 0,
            .mechanism = "PLAIN",
            .service = "smtp",
            .now = 1767268800,
            .local_minute = minute,
        };

        must(scope_auth(scope, &facts) == scope_auth(again, &facts));
    }
    must(scope_needs_mta(scope) == scope_needs_mta(again));
    scope_destroy(again);
    free(twice);
    json_decref(json);
}

static void check_name(struct span word)
{
    struct scope_name name;

    if (scope_name_parse(word, &name)) {
        must(strlen(name.hash) == 0 || strlen(name.hash) == SCOPE_HASH_SIZE - 1);
        must(name.minute >= -1 && name.minute < 7 * 24 * 60);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_name((struct span){(const char *)data, size});

    json_t *json = json_loadb((const char *)data, size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    struct scope_flaws flaws;

    if (json == NULL) {
        return 0;
    }
    struct scope *scope = scope_parse_all(json, &flaws);

    if (scope == NULL) {
        check_flaws(&flaws);
    } else {
        char *text = scope_canonical(json);

        check_scope(scope, text);
        scope_destroy(scope);
        free(text);
    }
    json_decref(json);
    return 0;
}
