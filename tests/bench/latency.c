/* See latency.h. Values below 32 ns have a bucket each; every further power of two has 32 buckets
 * of equal width. */
#include "latency.h"

static unsigned bucket_of(uint64_t ns)
{
    if (ns < LATENCY_SUB_BUCKETS) {
        return (unsigned)ns;
    }
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - 5u;
    return (shift + 1) * LATENCY_SUB_BUCKETS + (unsigned)((ns >> shift) - LATENCY_SUB_BUCKETS);
}

static uint64_t bucket_value(unsigned bucket)
{
    if (bucket < LATENCY_SUB_BUCKETS) {
        return bucket;
    }
    unsigned shift = bucket / LATENCY_SUB_BUCKETS - 1;
    return ((uint64_t)(bucket % LATENCY_SUB_BUCKETS) + LATENCY_SUB_BUCKETS) << shift;
}

void latency_add(struct latency *latency, uint64_t ns)
{
    latency->count++;
    latency->buckets[bucket_of(ns)]++;
    if (ns > latency->longest_ns) {
        latency->longest_ns = ns;
    }
}

double latency_percentile_us(const struct latency *latency, double share)
{
    uint64_t wanted = (uint64_t)((double)latency->count * share);
    uint64_t seen = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        seen += latency->buckets[i];
        if (seen > wanted) {
            return (double)bucket_value(i) / 1000.0;
        }
    }
    return (double)latency->longest_ns / 1000.0;
}
