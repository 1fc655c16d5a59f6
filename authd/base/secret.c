/* Compares, wipes and makes secrets. Threats: the time of a comparison tells an attacker how much
 * of a guess was right; memory that outlives its use ends up in a core file, in swap or in another
 * request. */
#include "base/secret.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

bool secret_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || sodium_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void secret_wipe(void *ptr, size_t len)
{
    if (len > 0) {
        sodium_memzero(ptr, len);
    }
}

void secret_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}

void secret_protect_process(void)
{
    /* No other thread may run yet: libsodium opens the system's generator here. */
    if (sodium_init() < 0) {
        abort();
    }
    prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}
