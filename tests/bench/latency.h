/* A histogram of latencies: constant memory, each value with an error of at most 1/32. */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdint.h>

#define LATENCY_SUB_BUCKETS 32
#define LATENCY_BUCKETS     (64 * LATENCY_SUB_BUCKETS)

struct latency {
    uint64_t count;
    uint64_t longest_ns;
    uint64_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *latency, uint64_t ns);
/* The latency, in microseconds, that `share` (0 to 1) of all values do not exceed; 0 without
 * values.
 */
double latency_percentile_us(const struct latency *latency, double share);

#endif
