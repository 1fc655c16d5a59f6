/* Prints the codes of many steps, one on each line, to be compared with those of another program:
 * totp_codes ALGORITHM DIGITS SEED-IN-HEX FIRST-STEP COUNT */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/totp.h"

int main(int argc, char **argv)
{
    uint8_t seed[128];
    struct totp totp = {.seed = {(const char *)seed, 0}};
    char code[TOTP_CODE_SIZE];

    if (argc != 6 || !totp_algorithm_of(argv[1], &totp.algorithm) ||
        sodium_hex2bin(seed, sizeof(seed), argv[3], strlen(argv[3]), NULL, &totp.seed.len, NULL) !=
            0) {
        return 2;
    }
    totp.digits = (unsigned)strtoul(argv[2], NULL, 10);

    int64_t first = strtoll(argv[4], NULL, 10);
    int64_t count = strtoll(argv[5], NULL, 10);

    for (int64_t i = 0; i < count; i++) {
        totp_code(&totp, first + i, code);
        printf("%s\n", code);
    }
    return 0;
}
