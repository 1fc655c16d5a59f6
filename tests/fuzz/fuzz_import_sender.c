#include "import_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_file(IMPORT_SENDER_LOGIN, data, size);
    return 0;
}
