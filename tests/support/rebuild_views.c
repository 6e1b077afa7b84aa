/* rebuild_views RUN TEACHER OUT.safetensors: makes the views of RUN/soft_labels.safetensors again from the
 * images, checks that the teacher still gives the stored logits of them, and writes views [views, n, size,
 * size, 3] in [0, 1] and logits [views, n, classes]. For the tests of the command line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "teacher/teacher.h"
#include "io/safetensors.h"
#include "labels/soft_labels.h"

static void must(dc3_status status)
{
    if (status == DC3_OK) return;
    fprintf(stderr, "%s\n", dc3_error_text());
    exit(1);
}

static float *floats(int64_t n)
{
    float *x = malloc((size_t)n * sizeof *x);
    if (!x) exit(1);
    return x;
}

/* The views of number v of all images, and the largest difference of a stored logit from the teacher's. */
static double rebuild(const dc3_soft_labels *l, dc3_teacher *t, dc3_augmenter *a, dc3_images *images,
                      int64_t v, float *views, float *logits)
{
    int n = (int)l->n;
    int64_t each = (int64_t)l->size * l->size * 3, count;
    int64_t *items = malloc((size_t)n * sizeof *items);
    dc3_loaded_image *batch = malloc((size_t)n * sizeof *batch);
    float *again = floats(n * each), *h = floats(n * t->info->embedding), *z = floats(n * l->classes);
    double most = 0;
    for (int i = 0; i < n; i++) items[i] = i;
    must(dc3_images_batch(images, n, items, batch, &count));
    must(count == n ? dc3_augment(a, n, batch, l->params + v * n, views) : DC3_ERR_FORMAT);
    for (int64_t i = 0; i < n * each; i++) again[i] = views[i];
    must(dc3_teacher_run(t, n, again, h, z));
    for (int i = 0; i < n; i++) {
        dc3_soft_labels_get(l, v, i, logits + i * l->classes);
        for (int64_t k = 0; k < (l->top_k ? l->top_k : l->classes); k++) {
            int64_t c = l->top_k ? l->indices[(v * n + i) * l->top_k + k] : k;
            double d = fabs(logits[i * l->classes + c] - z[i * l->classes + c]);
            most = d > most ? d : most;
        }
    }
    free(items);
    free(batch);
    free(again);
    free(h);
    free(z);
    return most;
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    dc3_soft_labels l;
    dc3_teacher teacher;
    dc3_dataset *dataset;
    dc3_images *images;
    dc3_augmenter *a;
    char *file = dc3_path_join(argv[1], "soft_labels.safetensors"), *train = dc3_path_join(argv[1], "train");
    must(dc3_soft_labels_open(file, &l));
    must(dc3_dataset_open(train, &dataset));
    must(dc3_images_open(dataset, &(dc3_images_options){.how = DC3_IMAGES_OWN, .threads = 1}, &images));
    must(dc3_teacher_open(argv[2], NULL, l.size, l.size, 1, &teacher));
    must(dc3_augmenter_open(&(dc3_augment_options){.size = l.size, .dtype = DC3_F32, .threads = 1}, &a));
    int64_t each = l.n * l.size * l.size * 3;
    float *views = floats(l.views * each), *logits = floats(l.views * l.n * l.classes);
    double most = 0;
    for (int64_t v = 0; v < l.views; v++) {
        double d = rebuild(&l, &teacher, a, images, v, views + v * each, logits + v * l.n * l.classes);
        most = d > most ? d : most;
    }
    dc3_table *table = dc3_table_new(argv[3]);
    must(dc3_table_add(table, "views",
                       dc3_view(views, DC3_F32, 5, (int64_t[]){l.views, l.n, l.size, l.size, 3})));
    must(dc3_table_add(table, "logits", dc3_view(logits, DC3_F32, 3, (int64_t[]){l.views, l.n, l.classes})));
    must(dc3_safetensors_save(argv[3], table));
    printf("the teacher's logits differ by at most %g\n", most);
    dc3_table_close(&table);
    dc3_augmenter_close(&a);
    dc3_teacher_close(&teacher);
    dc3_images_close(&images);
    dc3_dataset_close(&dataset);
    dc3_soft_labels_free(&l);
    free(views);
    free(logits);
    free(file);
    free(train);
    return most < 2e-3 ? 0 : 1; /* f16 keeps 11 bits of logits of at most about 2 */
}
