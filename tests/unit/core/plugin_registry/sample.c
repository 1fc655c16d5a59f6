/* A plugin with one mistake: meson.build compiles this file once for each mistake. */
#include <authd/plugin.h>

#ifndef SAMPLE_ABI
#define SAMPLE_ABI AUTHD_PLUGIN_ABI
#endif
#ifndef SAMPLE_SIZE
#define SAMPLE_SIZE sizeof(struct authd_plugin)
#endif
#ifndef SAMPLE_STATE
#define SAMPLE_STATE 64
#endif
#ifndef SAMPLE_STEP
#define SAMPLE_STEP step
#endif
#ifndef SAMPLE_MECHANISMS
#define SAMPLE_MECHANISMS mechanisms
#endif
#ifndef SAMPLE_VERIFY
#define SAMPLE_VERIFY verify
#endif
#ifndef SAMPLE_HASH
#define SAMPLE_HASH hash
#endif
#ifndef SAMPLE_WEAKER
#define SAMPLE_WEAKER weaker
#endif
#ifndef SAMPLE_SCHEMES
#define SAMPLE_SCHEMES schemes
#endif

#ifdef SAMPLE_NO_SYMBOL
#undef AUTHD_PLUGIN
#define AUTHD_PLUGIN(name) const struct authd_plugin something_else
extern AUTHD_PLUGIN();
#endif

__attribute__((unused)) static void step(void *state, const struct authd_step_in *in,
                                         struct authd_step_out *out)
{
    (void)state;
    (void)in;
    out->why = "sample";
}

static bool cost(const char *stored, struct authd_cost *result)
{
    (void)stored;
    result->work = 1;
    return true;
}

__attribute__((unused)) static enum authd_match verify(const char *stored,
                                                       struct authd_bytes password)
{
    (void)stored;
    (void)password;
    return AUTHD_MATCH_NO;
}

__attribute__((unused)) static bool hash(const struct authd_hash_parameters *parameters,
                                         struct authd_bytes password, char out[AUTHD_HASH_MAX + 1])
{
    (void)parameters;
    (void)password;
    out[0] = '\0';
    return false;
}

__attribute__((unused)) static bool weaker(const char *stored,
                                           const struct authd_hash_parameters *parameters)
{
    (void)stored;
    (void)parameters;
    return false;
}

static const struct authd_mechanism mechanism = {
    .name = SAMPLE_MECHANISM,
    .state_size = SAMPLE_STATE,
    .step = SAMPLE_STEP,
};
__attribute__((unused)) static const struct authd_mechanism *const mechanisms[] = {&mechanism,
                                                                                   NULL};

static const char *const prefixes[] = {SAMPLE_PREFIX, NULL};
static const struct authd_scheme scheme = {
    .name = SAMPLE_SCHEME,
    .prefixes = prefixes,
    .cost = cost,
    .verify = SAMPLE_VERIFY,
    .hash = SAMPLE_HASH,
    .weaker = SAMPLE_WEAKER,
};
__attribute__((unused)) static const struct authd_scheme *const schemes[] = {&scheme, NULL};

AUTHD_PLUGIN(sample) = {
    .abi = SAMPLE_ABI,
    .size = SAMPLE_SIZE,
    .name = SAMPLE_NAME,
    .mechanisms = SAMPLE_MECHANISMS,
    .schemes = SAMPLE_SCHEMES,
};
