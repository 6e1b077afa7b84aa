/* Selection from a file of embeddings. */
#include "base/options.h"
#include "dc3/select.h"
#include "select/rows.h"

static dc3_status select_table(const dc3_select_options *options, const char *path, const dc3_table *table,
                               dc3_selection *selection)
{
    dc3_rows r;
    dc3_status status = dc3_rows_take(table, &r);
    if (status == DC3_OK) {
        status = dc3_select_rows(options, r.n, r.d, r.c, r.embeddings, r.logits, r.labels, r.bins, selection);
        if (status != DC3_OK) dc3_fail_in(status, "%s", path);
    }
    dc3_rows_free(&r);
    return status;
}

dc3_status dc3_select_file(const dc3_select_options *options, const char *path, dc3_selection *selection)
{
    dc3_select_options own = dc3_select_defaults();
    dc3_table *table;
    DC3_TRY(dc3_place_need("selection", selection));
    *selection = (dc3_selection){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_select_options, cancel, options, &own));
    DC3_TRY(dc3_options_need("path", path));
    DC3_TRY(dc3_rows_open(path, &table));
    dc3_status status = select_table(&own, path, table, selection);
    dc3_table_close(&table);
    return status;
}
