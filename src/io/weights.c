#include "io/weights.h"

#include "io/pth.h"
#include "io/safetensors.h"

static dc3_status parse(const char *origin, const unsigned char *data, size_t size, dc3_table *table)
{
    /* The header of a safetensors file begins with a brace, behind its size. */
    if (size > 8 && data[8] == '{') return dc3_safetensors_parse(origin, data, size, table);
    if (dc3_pth_probe(data, size)) return dc3_pth_parse(origin, data, size, table);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: expected a safetensors file or a PyTorch checkpoint (torch.save), found neither",
                    origin);
}

dc3_status dc3_weights_open(const char *path, dc3_table **table)
{
    return dc3_table_open(path, parse, table);
}
