#include "ctl/option.h"

const struct option_row option_table[OPTION_COUNT] = {
#define X(name, spelling, value, meaning) [OPTION_##name] = {spelling, value, meaning},
    OPTIONS(X)
#undef X
};
