/* Sending scopes over HTTP: the body, or a member of it, is one document. The document is checked
 * whole before anything runs, and its canonical text goes to the database.
 *
 * Threat: a restriction that is stored and then means something else. A document that cannot be
 * read is refused here, with each flaw by its JSON pointer. */
#include "http/route_handlers.h"

#include <stdlib.h>

#include "http/exchange.h"
#include "scope/scope.h"

/* Names each flaw by its JSON pointer after `at`. */
static const struct problem *problem_of(const struct scope_flaws *flaws, const char *at,
                                        struct arena *arena)
{
    json_t *errors = json_array();

    for (size_t i = 0; i < flaws->count; i++) {
        const struct scope_flaw *flaw = &flaws->items[i];
        const char *field = arena_printf(arena, "%s%s", at, flaw->pointer);

        json_array_append_new(errors,
                              json_pack("{s:s, s:s}", "field", field[0] != '\0' ? field : "scope",
                                        "detail", flaw->text));
    }
    return request_schema_problem(errors, arena);
}

bool route_scope_take(struct http_exchange *exchange, json_t *object, const char *at)
{
    const json_t *document = json_object_get(object, "scope");
    struct scope_flaws flaws;

    if (document == NULL || json_is_null(document)) {
        return true;
    }
    struct scope *scope = scope_parse_all(document, &flaws);

    if (scope == NULL) {
        http_exchange_refuse(exchange, problem_of(&flaws, at, exchange->arena));
        return false;
    }
    char *text = scope_canonical(document);

    json_object_set_new(object, "scope", json_string(text));
    free(text);
    scope_destroy(scope);
    return true;
}

static void start_put(struct http_exchange *exchange, const struct manage_request *request)
{
    if (route_scope_take(exchange, request->arguments, "")) {
        route_manage_start(exchange, request);
    }
}

void route_scope_put(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_put);
}
