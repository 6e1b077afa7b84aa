#include "io/weights.h"

#include "io/pth.h"
#include "io/safetensors.h"

static int is_safetensors(const unsigned char *data, size_t size)
{
    return size > 8 && data[8] == '{'; /* the header begins with a brace, behind its size */
}

const char *dc3_weights_kind(const unsigned char *data, size_t size)
{
    if (is_safetensors(data, size)) return "safetensors";
    return dc3_pth_probe(data, size) ? "PyTorch checkpoint" : NULL;
}

static dc3_status parse(const char *origin, const unsigned char *data, size_t size, dc3_table *table)
{
    if (is_safetensors(data, size)) return dc3_safetensors_parse(origin, data, size, table);
    if (dc3_pth_probe(data, size)) return dc3_pth_parse(origin, data, size, table);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: expected a safetensors file or a PyTorch checkpoint (torch.save), found neither",
                    origin);
}

dc3_status dc3_weights_open(const char *path, dc3_table **table)
{
    return dc3_table_open(path, parse, table);
}
