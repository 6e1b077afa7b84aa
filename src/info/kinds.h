/* What dc3_info says of each kind of file and folder: each stands in the file of its name. */
#ifndef DC3_INFO_KINDS_H
#define DC3_INFO_KINDS_H

#include "info/page.h"
#include "io/dataset.h"
#include "tensor/table.h"

/* A file of tensors; `kind` as dc3_weights_kind tells it. */
dc3_status dc3_info_weights(dc3_info_page *page, const char *kind, double bytes);
/* Tensors, parameters, types and their bytes: lines and members of `to`, which is the page's object or a part
 * of it. */
typedef struct dc3_tensor_facts {
    int64_t tensors;
    double parameters, bytes; /* parameters: elements of floating types */
    char types[80];           /* "f32", "102 f32, 20 i64" */
} dc3_tensor_facts;
dc3_tensor_facts dc3_info_facts(const dc3_table *table);
/* What the table holds where it is soft labels. */
dc3_status dc3_info_labels(dc3_info_page *page, const dc3_table *table);
/* A diffusers directory. */
dc3_status dc3_info_model(dc3_info_page *page);
/* A dataset, with its title. */
dc3_status dc3_info_dataset(dc3_info_page *page);
/* Classes, counts, formats, sizes and bytes of a dataset that is open. */
dc3_status dc3_info_images(dc3_info_page *page, const dc3_dataset *dataset);
/* A folder with dc3's dc3.json, and one with a compare.json. */
dc3_status dc3_info_run(dc3_info_page *page);
dc3_status dc3_info_comparison(dc3_info_page *page);
/* All settings, some to a line; those that nothing was given for are left out. */
void dc3_info_settings(dc3_info_page *page, const json_t *settings);
/* A folder of dc3 generate; of dc3 finetune with no model in it; what a finetune.json says. */
dc3_status dc3_info_generated(dc3_info_page *page);
dc3_status dc3_info_finetuned(dc3_info_page *page);
dc3_status dc3_info_training(dc3_info_page *page);
/* Says what the table holds where its file is one of adapters; 0: it is none. */
int dc3_info_adapters(dc3_info_page *page, const dc3_table *table);
/* Which kernels run here. */
dc3_status dc3_info_machine(dc3_info_page *page);

#endif
