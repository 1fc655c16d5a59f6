/* The memory that argon2id keeps between hashes: it is reused, wiped where needed, and separate
 * from other mappings. The test calls the functions that replace mmap and munmap in libsodium. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "hash_memory.h"

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int __wrap_munmap(void *addr, size_t len);

#define MIB ((size_t)1 << 20)

static unsigned char *take(size_t len)
{
    unsigned char *memory = __wrap_mmap(NULL, len, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

static bool all_zero(const unsigned char *memory, size_t len)
{
    return memory[0] == 0 && memcmp(memory, memory + 1, len - 1) == 0;
}

static void test_memory_is_kept_and_its_beginning_wiped(void **state)
{
    (void)state;
    unsigned char *first = take(12 * MIB);
    assert_int_equal((uintptr_t)first % (2 * MIB), 0);
    memset(first, 0xA5, 12 * MIB);
    assert_int_equal(__wrap_munmap(first, 12 * MIB), 0);

    unsigned char *second = take(12 * MIB);
    assert_ptr_equal(second, first);
    assert_true(all_zero(second, 8 * MIB));
    assert_int_equal(second[8 * MIB], 0xA5); /* kept, not mapped anew */
    assert_int_equal(__wrap_munmap(second, 12 * MIB), 0);
}

static void test_small_hash_is_wiped_wholly(void **state)
{
    (void)state;
    unsigned char *memory = take(1 * MIB);
    memset(memory, 0xA5, 1 * MIB);
    __wrap_munmap(memory, 1 * MIB);
    assert_true(all_zero(take(1 * MIB), 1 * MIB));
    __wrap_munmap(memory, 1 * MIB);
}

static void test_wipe_leaves_nothing(void **state)
{
    (void)state;
    unsigned char *memory = take(12 * MIB);
    memset(memory, 0xA5, 12 * MIB);
    __wrap_munmap(memory, 12 * MIB);
    __wrap_munmap(take(1 * MIB), 1 * MIB); /* a smaller hash in between */
    hash_memory_wipe();
    assert_ptr_equal(take(12 * MIB), memory);
    assert_true(all_zero(memory, 12 * MIB));
    __wrap_munmap(memory, 12 * MIB);
}

static void test_release_gives_the_region_back(void **state)
{
    (void)state;
    unsigned char *memory = take(4 * MIB);
    memset(memory, 0xA5, 4 * MIB);
    hash_memory_release(); /* memory in use is not released */
    assert_int_equal(memory[4 * MIB - 1], 0xA5);
    __wrap_munmap(memory, 4 * MIB);
    hash_memory_release();
    unsigned char resident;
    assert_int_equal(mincore(memory, 4096, &resident), -1); /* ENOMEM: not mapped */
    __wrap_munmap(take(4 * MIB), 4 * MIB);                  /* a new region can be taken */
}

static void test_region_grows(void **state)
{
    (void)state;
    __wrap_munmap(take(2 * MIB), 2 * MIB);
    unsigned char *memory = take(40 * MIB);
    memset(memory, 0xA5, 40 * MIB);
    __wrap_munmap(memory, 40 * MIB);
    assert_ptr_equal(take(40 * MIB), memory);
    __wrap_munmap(memory, 40 * MIB);
}

static void test_second_request_gets_its_own(void **state)
{
    (void)state;
    unsigned char *kept = take(4 * MIB);
    unsigned char *other = take(4 * MIB);
    assert_ptr_not_equal(kept, other);
    memset(kept, 1, 4 * MIB);
    memset(other, 2, 4 * MIB);
    assert_int_equal(__wrap_munmap(other, 4 * MIB), 0);
    assert_int_equal(kept[4 * MIB - 1], 1);
    assert_int_equal(__wrap_munmap(kept, 4 * MIB), 0);
}

static void test_huge_and_other_requests_pass(void **state)
{
    (void)state;
    __wrap_munmap(take(2 * MIB), 2 * MIB);
    unsigned char *kept = take(2 * MIB);
    __wrap_munmap(kept, 2 * MIB);

    unsigned char *huge = take(129 * MIB);
    assert_ptr_not_equal(huge, kept);
    assert_int_equal(__wrap_munmap(huge, 129 * MIB), 0);
    void *read_only = __wrap_mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(read_only, kept);
    assert_int_equal(__wrap_munmap(read_only, 4096), 0);
}

static void *use_region(void *arg)
{
    unsigned char *memory = take(4 * MIB);
    memset(memory, 0xA5, 4 * MIB);
    __wrap_munmap(memory, 4 * MIB);
    *(unsigned char **)arg = memory;
    return NULL;
}

static void test_region_goes_with_its_thread(void **state)
{
    (void)state;
    pthread_t thread;
    unsigned char *memory = NULL;
    assert_int_equal(pthread_create(&thread, NULL, use_region, &memory), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    unsigned char resident;
    assert_int_equal(mincore(memory, 4096, &resident), -1); /* ENOMEM: not mapped */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_kept_and_its_beginning_wiped),
        cmocka_unit_test(test_small_hash_is_wiped_wholly),
        cmocka_unit_test(test_wipe_leaves_nothing),
        cmocka_unit_test(test_release_gives_the_region_back),
        cmocka_unit_test(test_region_grows),
        cmocka_unit_test(test_second_request_gets_its_own),
        cmocka_unit_test(test_huge_and_other_requests_pass),
        cmocka_unit_test(test_region_goes_with_its_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
