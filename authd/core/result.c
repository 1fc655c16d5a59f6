#include "core/result.h"

#include <stdlib.h>

int64_t result_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (json_is_string(value)) {
        return strtoll(json_string_value(value), NULL, 10);
    }
    return json_integer_value(value);
}
