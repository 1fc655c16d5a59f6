/* The working memory of argon2id, kept from one hash to the next.
 *
 * libsodium maps memory for each hash and unmaps that memory afterwards; most of a hash's cost is
 * then the kernel's clearing of fresh pages. The module is linked with its own libsodium.a and
 * -Wl,--wrap=mmap,--wrap=munmap, so that only libsodium's calls come here. Each thread gets one
 * region, in huge pages where the system has them, and keeps it.
 *
 * Threat: memory that the kernel would have cleared keeps its content. The first blocks test a
 * guess of the password without argon2's cost, so the first 8 MiB (a cheaper hash's whole memory)
 * are wiped after each hash. Testing a guess with the rest needs 8 MiB of argon2 computed for that
 * guess. A region appears in no core file, is not inherited by a forked process, and is wiped and
 * unmapped when its thread ends or has been idle. Wiping all memory each time would cost a tenth to
 * a fifth of the speed.
 *
 * The per-thread region is the only thing that a plugin of authd keeps between calls. A module with
 * such regions must not be unloaded while their threads live; authd never unloads modules. */
#include "hash_memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE   ((size_t)2 << 20)
#define WIPE_ALWAYS ((size_t)8 << 20)
/* A hash that takes more memory uses fresh pages: keeping so much memory is not worth the speed. */
#define KEEP_MAX ((size_t)128 << 20)

void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *addr, size_t len);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int __wrap_munmap(void *addr, size_t len);

struct region {
    void *mapping; /* start of the mapping, or NULL */
    size_t mapping_len;
    unsigned char *start; /* the first huge page in the mapping */
    size_t len;
    size_t used; /* octets that the last hash may have written */
    bool busy;   /* libsodium uses the region now */
};

/* A key and not _Thread_local: gcc 12's LeakSanitizer crashes on a _Thread_local variable of a
 * module loaded at run time. */
static pthread_once_t region_once = PTHREAD_ONCE_INIT;
static pthread_key_t region_key;
static bool region_key_made;

static void region_release(struct region *region)
{
    if (region->mapping != NULL) {
        explicit_bzero(region->start, region->used);
        (void)__real_munmap(region->mapping, region->mapping_len);
    }
    *region = (struct region){0};
}

static void region_destroy(void *region)
{
    region_release(region);
    free(region);
}

static void region_key_create(void)
{
    region_key_made = pthread_key_create(&region_key, region_destroy) == 0;
}

/* Returns the calling thread's region. NULL: the thread has none yet. */
static struct region *region_find(void)
{
    (void)pthread_once(&region_once, region_key_create);
    return region_key_made ? pthread_getspecific(region_key) : NULL;
}

/* Returns the calling thread's region. NULL: no memory; hashing works without a region. */
static struct region *region_find_or_create(void)
{
    struct region *region = region_find();
    if (region != NULL || !region_key_made) {
        return region;
    }
    region = calloc(1, sizeof(*region));
    if (region != NULL && pthread_setspecific(region_key, region) != 0) {
        free(region); /* without the key's destructor the end of the thread wipes nothing */
        return NULL;
    }
    return region;
}

/* Makes room for `len` octets. False: no memory; the region is then empty. */
static bool region_reserve(struct region *region, size_t len)
{
    if (region->mapping != NULL && region->len >= len) {
        return true;
    }
    region_release(region);

    size_t rounded = (len + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    size_t mapping_len = rounded + HUGE_PAGE;
    void *mapping =
        __real_mmap(NULL, mapping_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        return false;
    }
    (void)madvise(mapping, mapping_len, MADV_HUGEPAGE); /* only an optimisation, which may fail */
    if (madvise(mapping, mapping_len, MADV_DONTDUMP) != 0 ||
        madvise(mapping, mapping_len, MADV_DONTFORK) != 0) {
        (void)__real_munmap(mapping, mapping_len);
        return false;
    }
    size_t skip = (HUGE_PAGE - (uintptr_t)mapping % HUGE_PAGE) % HUGE_PAGE;
    *region = (struct region){
        .mapping = mapping,
        .mapping_len = mapping_len,
        .start = (unsigned char *)mapping + skip,
        .len = rounded,
    };
    return true;
}

/* Is the call a request for working memory of a size that is worth keeping? */
static bool is_scratch(const void *addr, size_t len, int prot, int flags)
{
    const int scratch = MAP_PRIVATE | MAP_ANONYMOUS;
    return addr == NULL && len > 0 && len <= KEEP_MAX && prot == (PROT_READ | PROT_WRITE) &&
           (flags & scratch) == scratch;
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
    struct region *region = is_scratch(addr, len, prot, flags) ? region_find_or_create() : NULL;
    if (region == NULL || region->busy || !region_reserve(region, len)) {
        return __real_mmap(addr, len, prot, flags, fd, offset);
    }
    region->busy = true;
    if (region->used < len) {
        region->used = len;
    }
    return region->start;
}

int __wrap_munmap(void *addr, size_t len)
{
    struct region *region = region_find();
    if (region == NULL || !region->busy || addr != region->start) {
        return __real_munmap(addr, len);
    }
    explicit_bzero(addr, len < WIPE_ALWAYS ? len : WIPE_ALWAYS);
    region->busy = false;
    return 0;
}

void hash_memory_wipe(void)
{
    struct region *region = region_find();
    if (region != NULL && region->mapping != NULL && !region->busy) {
        explicit_bzero(region->start, region->used);
        region->used = 0;
    }
}

void hash_memory_release(void)
{
    struct region *region = region_find();
    if (region != NULL && !region->busy) {
        region_release(region);
    }
}
