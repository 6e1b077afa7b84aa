#include "condense/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "select/beside_random.h"
#include "select/pca.h"
#include "condense/output.h"

/* Points in all, and of a class at least and at most. The PCA is of the points that are drawn, so it costs
 * little beside that of the bins. */
enum { POINTS = 30000, LEAST = 30, MOST = 300 };

static int label_of(const dc3_run *run, int64_t row)
{
    return dc3_dataset_label(run->dataset, run->items[row]);
}

/* The row of an item, whose numbers ascend; -1: it has none. */
static int64_t row_of(const dc3_run *run, int64_t item)
{
    int64_t low = 0, high = run->n;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (run->items[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < run->n && run->items[low] == item ? low : -1;
}

/* 1 for each row that is chosen; caller frees, NULL without memory. */
static char *mark(const dc3_run *run, const dc3_chosen *chosen)
{
    char *marks = calloc((size_t)run->n + 1, 1);
    for (int64_t i = 0; marks && i < chosen->count * run->each; i++) {
        int64_t row = row_of(run, chosen->parts[i].item);
        if (row >= 0) marks[row] = 1;
    }
    return marks;
}

static json_t *point(const float *scores, int64_t k, int64_t bin)
{
    return json_pack("[f, f, I]", (double)scores[0], k > 1 ? (double)scores[1] : 0.0, (json_int_t)bin);
}

/* The rows [first, end) of a class: evenly spaced ones, and those that are marked. */
static int64_t pick(int64_t first, int64_t end, int64_t most, const char *marks, int64_t *rows)
{
    int64_t n = end - first, count = 0;
    for (int64_t row = first; row < end; row++)
        if (marks[row] || n <= most || (row - first) * most / n != (row - first + 1) * most / n)
            rows[count++] = row;
    return count;
}

static dc3_status draw(const dc3_run *run, int64_t n, const int64_t *rows, const char *marks, json_t *map)
{
    int64_t d = run->feature_length, k = dc3_pca_components(n, d, 2);
    dc3_meter meter = {0};
    float *x = malloc((size_t)(n * d) * sizeof *x), *scores = malloc((size_t)(n * k) * sizeof *scores);
    json_t *points = json_array(), *picked = json_array();
    dc3_status status = x && scores ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for a map");
    for (int64_t i = 0; status == DC3_OK && i < n; i++)
        memcpy(x + i * d, run->features + rows[i] * d, (size_t)d * sizeof *x);
    if (status == DC3_OK) status = dc3_pca(&meter, n, d, x, k, scores, NULL);
    for (int64_t i = 0; status == DC3_OK && i < n; i++) {
        json_array_append_new(points, point(scores + i * k, k, run->bins[rows[i]]));
        if (marks[rows[i]]) json_array_append(picked, json_array_get(points, (size_t)i));
    }
    json_object_set_new(map, "points", points);
    json_object_set_new(map, "chosen", picked);
    free(x);
    free(scores);
    return status;
}

/* Classes with two images or fewer have no map. */
static dc3_status add_class(const dc3_run *run, int64_t first, int64_t end, int64_t most, const char *marks,
                            json_t *maps)
{
    int64_t *rows = malloc((size_t)(end - first) * sizeof *rows);
    json_t *map = json_object(),
           *name = dc3_json_text(dc3_dataset_class_name(run->dataset, label_of(run, first)));
    dc3_status status = rows ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for a map");
    json_object_set_new(map, "of", json_integer(end - first));
    if (status == DC3_OK) status = draw(run, pick(first, end, most, marks, rows), rows, marks, map);
    if (status == DC3_OK) json_object_set(maps, json_string_value(name), map);
    json_decref(map);
    json_decref(name);
    free(rows);
    return status;
}

static dc3_status write_maps(const dc3_output *output, const json_t *maps)
{
    char *path = dc3_path_join(output->folder, "map.json"),
         *text = json_dumps(maps, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(4));
    dc3_status status =
        path && text ? dc3_file_write(path, text, strlen(text)) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    free(text);
    return status;
}

static dc3_status write_all_maps(const dc3_output *output, const char *marks)
{
    const dc3_run *run = output->run;
    int64_t most = POINTS / dc3_dataset_classes(run->dataset);
    most = most < LEAST ? LEAST : most > MOST ? MOST : most;
    json_t *maps = json_object();
    dc3_status status = DC3_OK;
    for (int64_t first = 0, end; status == DC3_OK && first < run->n; first = end) {
        for (end = first + 1; end < run->n && label_of(run, end) == label_of(run, first);) end++;
        if (end - first > 2) status = add_class(run, first, end, most, marks, maps);
        dc3_map_forget(run->features + first * run->feature_length,
                       (size_t)((end - first) * run->feature_length) * sizeof *run->features);
    }
    if (status == DC3_OK) status = write_maps(output, maps);
    json_decref(maps);
    return status;
}

/* By the features that are given, else by the backbone's embeddings (the teacher's, where that is made of
 * it), else by those of the teacher, or else by the VAE's features. */
static dc3_status write_quality(const dc3_output *output, const char *marks)
{
    const dc3_run *run = output->run;
    int taught = !run->given && run->embeddings != NULL && (!run->backbone.net || run->probes);
    const char *by = taught              ? "teacher"
                     : run->given        ? "given-features"
                     : run->backbone.net ? "backbone"
                                         : "vae-features";
    int32_t *labels = calloc((size_t)run->n + 1, sizeof *labels);
    dc3_class_rows rows = {taught ? run->embeddings : run->features,
                           run->n,
                           taught ? run->teacher.info->embedding : run->feature_length,
                           labels,
                           marks,
                           dc3_dataset_classes(run->dataset),
                           run->options->select.seed,
                           run->options->select.threads};
    dc3_beside_random b;
    if (!labels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < run->n; i++) labels[i] = label_of(run, i);
    dc3_status status = dc3_coverage_beside_random(&rows, &b);
    free(labels);
    if (status != DC3_OK || isnan(b.distance)) return status;
    json_t *o =
        json_pack("{s:f, s:f, s:f, s:s, s:I}", "distance", b.distance, "random_distance", b.random_distance,
                  "random_deviation", b.random_deviation, "by", by, "images", (json_int_t)b.looked);
    status = o ? dc3_json_write(output->folder, "quality.json", o, JSON_REAL_PRECISION(6))
               : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_decref(o);
    return status;
}

dc3_status dc3_map_write(const dc3_output *output, const dc3_chosen *chosen)
{
    const dc3_run *run = output->run;
    if (!run->n || (!run->features && !run->embeddings)) return DC3_OK;
    char *marks = mark(run, chosen);
    dc3_status status = marks ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for a map");
    if (status == DC3_OK && run->bins) status = write_all_maps(output, marks);
    if (status == DC3_OK) status = write_quality(output, marks);
    free(marks);
    return status;
}
