/* Other outputs of a classifier: fewer of its own in another order, or those of a new last layer. */
#include <string.h>
#include "nn/classifiers/classifier_private.h"

/* Rows of a tensor [outputs, ...] of the table in `values` [n, columns] as f32. */
static dc3_status take_rows(const dc3_tensor *t, int64_t n, const int64_t *rows, int64_t columns,
                            float *values)
{
    for (int64_t i = 0; i < n; i++) {
        dc3_tensor row = dc3_tensor_rows(*t, rows[i], 1);
        DC3_TRY(dc3_convert(row.data, t->dtype, values + i * columns, DC3_F32, columns));
    }
    return DC3_OK;
}

dc3_status dc3_classifier_keep_outputs(dc3_classifier *c, int64_t n, const int64_t *rows)
{
    char name[DC3_NAME_SIZE];
    int64_t width = c->info.embedding;
    const dc3_tensor *weight = &c->last.weight.part[0];
    const dc3_tensor *bias =
        dc3_table_find(dc3_module_table(c->module), dc3_name(name, "%s.bias", c->kind->head));
    float *w = dc3_module_alloc(c->module, (size_t)(n * width), sizeof *w);
    float *b = dc3_module_alloc(c->module, (size_t)n, sizeof *b);
    if (!w || !b || !bias) return dc3_module_status(c->module);
    DC3_TRY(take_rows(weight, n, rows, width, w));
    DC3_TRY(take_rows(bias, n, rows, 1, b));
    c->last = (dc3_linear_layer){0};
    c->last.bias = dc3_module_place(c->module, 1, &n, b);
    dc3_take_own(c->module, &c->last.weight, dc3_view(w, DC3_F32, 2, (int64_t[]){n, width}));
    c->info.classes = n;
    return dc3_module_status(c->module);
}

dc3_status dc3_classifier_add_to(const dc3_classifier *c, int64_t n, float *weight, float *bias,
                                 dc3_table *to)
{
    char name[DC3_NAME_SIZE];
    const dc3_table *from = dc3_module_table(c->module);
    size_t head = strlen(c->kind->head);
    for (size_t i = 0; i < dc3_table_size(from); i++) {
        const char *other = dc3_table_name(from, i);
        int is_head = strncmp(other, c->kind->head, head) == 0 && other[head] == '.';
        if (is_head || strchr(other, '#'))
            continue; /* and thirds of tensors, which are there as a whole too */
        DC3_TRY(dc3_table_add(to, other, *dc3_table_at(from, i)));
    }
    DC3_TRY(dc3_table_add(to, dc3_name(name, "%s.weight", c->kind->head),
                          dc3_view(weight, DC3_F32, 2, (int64_t[]){n, c->info.embedding})));
    return dc3_table_add(to, dc3_name(name, "%s.bias", c->kind->head), dc3_view(bias, DC3_F32, 1, &n));
}
