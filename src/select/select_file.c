/* Selection from a file of embeddings. */
#include "base/options.h"
#include "dc3/select.h"
#include "io/safetensors.h"

static dc3_status check_type(const char *path, const char *name, const dc3_tensor *t, dc3_dtype type)
{
    if (t->dtype != type)
        return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s' should hold %s, holds %s", path, name,
                        dc3_dtype_name(type), dc3_dtype_name(t->dtype));
    return DC3_OK;
}

static dc3_status select_table(const dc3_select_options *options, const char *path, const dc3_table *table,
                               dc3_selection *selection)
{
    const dc3_tensor *x, *labels, *z = dc3_table_find(table, "logits"), *bins = dc3_table_find(table, "bins");
    if (!dc3_table_find(table, "embeddings") || !dc3_table_find(table, "labels"))
        return dc3_fail(
            DC3_ERR_FORMAT, "%s %s: expected tensors 'embeddings' [n, d] and 'labels' [n], found no '%s'",
            dc3_setting("from"), path, dc3_table_find(table, "embeddings") ? "labels" : "embeddings");
    DC3_TRY(dc3_table_get(table, "embeddings", 2, (int64_t[]){-1, -1}, &x));
    DC3_TRY(dc3_table_get(table, "labels", 1, (int64_t[]){x->shape[0]}, &labels));
    DC3_TRY(check_type(path, "embeddings", x, DC3_F32));
    DC3_TRY(check_type(path, "labels", labels, DC3_I64));
    if (z) {
        DC3_TRY(dc3_table_get(table, "logits", 2, (int64_t[]){x->shape[0], -1}, &z));
        DC3_TRY(check_type(path, "logits", z, DC3_F32));
    }
    if (bins) {
        DC3_TRY(dc3_table_get(table, "bins", 1, (int64_t[]){x->shape[0]}, &bins));
        DC3_TRY(check_type(path, "bins", bins, DC3_I64));
    }
    dc3_status status =
        dc3_select_rows(options, x->shape[0], x->shape[1], z ? z->shape[1] : 0, x->data, z ? z->data : NULL,
                        labels->data, bins ? bins->data : NULL, selection);
    return status == DC3_OK ? status : dc3_fail_in(status, "%s", path);
}

dc3_status dc3_select_file(const dc3_select_options *options, const char *path, dc3_selection *selection)
{
    dc3_select_options own = dc3_select_defaults();
    dc3_table *table;
    DC3_TRY(dc3_place_need("selection", selection));
    *selection = (dc3_selection){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_select_options, cancel, options, &own));
    DC3_TRY(dc3_options_need("path", path));
    DC3_TRY(dc3_safetensors_open(path, &table));
    dc3_status status = select_table(&own, path, table, selection);
    dc3_table_close(&table);
    return status;
}
