#include "http/problem.h"

static const struct {
    unsigned status;
    const char *type;
    const char *title;
} problems[] = {
#define X(name, status, type, title) [PROBLEM_##name] = {status, type, title},
    PROBLEMS(X)
#undef X
};

struct problem *problem_new(struct arena *arena, enum problem_type type, const char *detail,
                            const char *hint)
{
    struct problem *problem = arena_new(arena, struct problem);

    *problem = (struct problem){.type = type, .detail = detail, .hint = hint};
    return problem;
}

unsigned problem_status(enum problem_type type)
{
    return problems[type].status;
}

const char *problem_word(enum problem_type type)
{
    return problems[type].type;
}

const char *problem_title(enum problem_type type)
{
    return problems[type].title;
}

json_t *problem_json(const struct problem *problem)
{
    json_t *json = json_object();

    json_object_set_new(json, "type", json_string(problems[problem->type].type));
    json_object_set_new(json, "title", json_string(problems[problem->type].title));
    json_object_set_new(json, "status", json_integer(problems[problem->type].status));
    json_object_set_new(json, "detail", json_string(problem->detail));
    json_object_set_new(json, "reference", json_string(problem->reference));
    if (problem->hint != NULL) {
        json_object_set_new(json, "hint", json_string(problem->hint));
    }
    if (json_array_size(problem->errors) > 0) {
        json_object_set(json, "errors", problem->errors);
    }
    return json;
}
