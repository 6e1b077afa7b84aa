#include "io/pth.h"

#include <string.h>
#include "io/found.h"
#include "io/pth/pth_private.h"

static int is_zip(const unsigned char *data, size_t size)
{
    return size >= 4 && memcmp(data, "PK\3\4", 4) == 0;
}

int dc3_pth_probe(const unsigned char *data, size_t size)
{
    /* A pickle begins with 0x80 and its protocol. */
    return is_zip(data, size) || (size >= 2 && data[0] == 0x80 && data[1] < 16);
}

dc3_status dc3_pth_parse(const char *origin, const unsigned char *data, size_t size, dc3_table *table)
{
    if (!dc3_pth_probe(data, size))
        return dc3_fail_found(origin, "a PyTorch checkpoint (torch.save)", data, size);
    dc3_pth_file file = {.origin = origin, .data = data, .size = size, .table = table};
    file.parts = dc3_table_new(origin);
    if (!file.parts) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    dc3_status status = is_zip(data, size) ? dc3_pth_zip(&file) : dc3_pth_legacy(&file);
    dc3_table_close(&file.parts);
    return status;
}

dc3_status dc3_pth_open(const char *path, dc3_table **table)
{
    return dc3_table_open(path, dc3_pth_parse, table);
}
