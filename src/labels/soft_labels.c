#include "labels/soft_labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "io/safetensors.h"

enum { SWAP_COLUMNS = 1, SWAP_ROWS = 2, FLIP = 4 }; /* bits of `flags` */

static int64_t stored_logits(const dc3_soft_labels *l)
{
    return l->top_k ? l->top_k : l->classes;
}

double dc3_soft_labels_bytes(int64_t n, int64_t views, int64_t classes, int64_t top_k, int bits)
{
    double one = bits / 8.0, each = 1 + 4 + 8 + 8 + (bits == 8 ? 4 : 0);
    each += top_k ? (one + 2) * (double)top_k + 2 : one * (double)classes;
    return (double)n * ((double)views * each + 4);
}

/* Room for the logits of all views; 0 without memory. */
static int make_room(dc3_soft_labels *l)
{
    size_t rows = (size_t)(l->n * l->views), all = rows * (size_t)stored_logits(l);
    if (l->top_k) {
        l->indices = calloc(rows * (size_t)l->top_k, sizeof *l->indices);
        l->rest = calloc(rows, sizeof *l->rest);
    }
    if (l->bits == 8) {
        l->codes = calloc(all, sizeof *l->codes);
        l->offset = calloc(rows, sizeof *l->offset);
        l->scale = calloc(rows, sizeof *l->scale);
    } else
        l->logits = calloc(all, sizeof *l->logits);
    int has = l->bits == 8 ? l->codes && l->offset && l->scale : l->logits != NULL;
    return has && (!l->top_k || (l->indices && l->rest));
}

dc3_status dc3_soft_labels_new(int64_t n, int64_t views, int64_t classes, int64_t top_k, int bits, int size,
                               dc3_soft_labels *l)
{
    *l = (dc3_soft_labels){
        .n = n, .views = views, .classes = classes, .top_k = top_k, .bits = bits, .size = size};
    if (top_k < 0 || (top_k && (top_k >= classes || classes > INT16_MAX)))
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "expected to keep 1 to %lld of %lld logits (of at most %d classes), found %lld",
                        (long long)classes - 1, (long long)classes, INT16_MAX, (long long)top_k);
    size_t rows = (size_t)(n * views);
    l->labels = calloc((size_t)n, sizeof *l->labels);
    l->params = calloc(rows, sizeof *l->params);
    l->info = json_object();
    int has = make_room(l);
    json_object_set_new(l->info, "format",
                        json_string(bits == 8 ? "dc3 soft labels 2" : "dc3 soft labels 1"));
    json_object_set_new(l->info, "size", json_integer(size));
    json_object_set_new(l->info, "classes", json_integer((json_int_t)classes));
    json_object_set_new(l->info, "top_k", json_integer((json_int_t)top_k));
    if (bits == 8) json_object_set_new(l->info, "bits", json_integer(bits));
    if (l->labels && l->params && l->info && has) return DC3_OK;
    return dc3_fail(DC3_ERR_MEMORY,
                    "out of memory for %lld views of %lld images with %lld logits each (%.1f GB)",
                    (long long)views, (long long)n, (long long)stored_logits(l),
                    dc3_soft_labels_bytes(n, views, classes, top_k, bits) * 1e-9);
}

void dc3_soft_labels_free(dc3_soft_labels *l)
{
    free(l->labels);
    free(l->params);
    free(l->logits);
    free(l->codes);
    free(l->offset);
    free(l->scale);
    free(l->indices);
    free(l->rest);
    json_decref(l->info);
    *l = (dc3_soft_labels){0};
}

/* The classes of the k largest logits, the largest first, ties to the lower class. */
static void largest(int64_t classes, const float *logits, int64_t k, int16_t *indices)
{
    int64_t used = 0;
    for (int64_t c = 0; c < classes; c++) {
        if (used == k && logits[c] <= logits[indices[k - 1]]) continue;
        int64_t place = used < k ? used++ : k - 1;
        for (; place > 0 && logits[c] > logits[indices[place - 1]]; place--)
            indices[place] = indices[place - 1];
        indices[place] = (int16_t)c;
    }
}

/* temperature * log(mean exp(z / temperature)) over the classes that are not stored: those below the least
 * that is, or as large and after it. */
static double even_rest(int64_t classes, const float *logits, int16_t last, double temperature)
{
    double least = logits[last], sum = 0;
    int64_t count = 0;
    for (int64_t c = 0; c < classes; c++) {
        if (logits[c] > least || (c <= last && logits[c] == least)) continue;
        sum += exp((logits[c] - least) / temperature);
        count++;
    }
    double most = temperature * 600; /* where exp falls to zero */
    return sum > 0 ? least + temperature * log(sum / (double)count) : least - most;
}

static dc3_status to_half(double value, int64_t view, int64_t image, uint16_t *half)
{
    if (!(fabs(value) < 65504))
        return dc3_fail(DC3_ERR_FORMAT,
                        "view %lld of image %lld: the teacher's logit is %g; expected less than 65504 (f16)",
                        (long long)view, (long long)image, value);
    *half = dc3_to_f16((float)value);
    return DC3_OK;
}

/* The stored ones of logits [classes] as the nearest of 256 even steps. The step is rounded up to an f16, so
 * that the last reaches the largest. */
static dc3_status put_codes(dc3_soft_labels *l, int64_t view, int64_t image, const float *logits)
{
    enum { LAST = 255 };
    int64_t row = view * l->n + image, count = stored_logits(l);
    const int16_t *indices = l->top_k ? l->indices + row * count : NULL;
    float least = INFINITY, most = -INFINITY;
    for (int64_t k = 0; k < count; k++) {
        float z = logits[indices ? indices[k] : k];
        least = fminf(least, z), most = fmaxf(most, z);
    }
    DC3_TRY(to_half(least, view, image, &l->offset[row]));
    DC3_TRY(to_half(most, view, image, &l->scale[row])); /* that it can be held */
    double offset = dc3_from_f16(l->offset[row]), wanted = fmax(0, ((double)most - offset) / LAST);
    l->scale[row] = dc3_to_f16((float)wanted);
    if (dc3_from_f16(l->scale[row]) < wanted)
        l->scale[row]++; /* the next f16 of a number that is not negative */
    double scale = dc3_from_f16(l->scale[row]);
    for (int64_t k = 0; k < count; k++) {
        double step = scale > 0 ? round((logits[indices ? indices[k] : k] - offset) / scale) : 0;
        l->codes[row * count + k] = (uint8_t)fmin(LAST, fmax(0, step));
    }
    return DC3_OK;
}

dc3_status dc3_soft_labels_put(dc3_soft_labels *l, int64_t view, int64_t image, double temperature,
                               const float *logits)
{
    int64_t row = view * l->n + image, count = stored_logits(l);
    int16_t *indices = l->top_k ? l->indices + row * count : NULL;
    for (int64_t c = 0; c < l->classes; c++)
        if (!isfinite(logits[c])) return to_half(logits[c], view, image, &(uint16_t){0});
    if (indices) {
        largest(l->classes, logits, count, indices);
        DC3_TRY(to_half(even_rest(l->classes, logits, indices[count - 1], temperature), view, image,
                        &l->rest[row]));
    }
    if (l->bits == 8) return put_codes(l, view, image, logits);
    for (int64_t k = 0; k < count; k++)
        DC3_TRY(to_half(logits[indices ? indices[k] : k], view, image, &l->logits[row * count + k]));
    return DC3_OK;
}

/* A stored logit: the k-th of a view, whose number is `row`. */
static float stored(const dc3_soft_labels *l, int64_t row, int64_t k)
{
    int64_t at = row * stored_logits(l) + k;
    if (l->bits != 8) return dc3_from_f16(l->logits[at]);
    return dc3_from_f16(l->offset[row]) + dc3_from_f16(l->scale[row]) * (float)l->codes[at];
}

void dc3_soft_labels_get(const dc3_soft_labels *l, int64_t view, int64_t image, float *logits)
{
    int64_t row = view * l->n + image, count = stored_logits(l);
    for (int64_t c = 0; l->top_k && c < l->classes; c++) logits[c] = dc3_from_f16(l->rest[row]);
    for (int64_t k = 0; k < count; k++)
        logits[l->top_k ? l->indices[row * count + k] : k] = stored(l, row, k);
}

/* The parameters as the file has them. */
typedef struct packed {
    uint8_t *flags;   /* [views, n] */
    int32_t *partner; /* [views, n] */
    int16_t *crop;    /* [views, n, 4] x, y, w, h */
    int16_t *box;     /* [views, n, 4] x0, y0, x1, y1 */
} packed;

static void packed_close(packed *p)
{
    free(p->flags);
    free(p->partner);
    free(p->crop);
    free(p->box);
}

static dc3_status pack(const dc3_soft_labels *l, packed *p)
{
    size_t rows = (size_t)(l->n * l->views);
    *p = (packed){malloc(rows), malloc(rows * sizeof *p->partner), malloc(rows * 4 * sizeof *p->crop),
                  malloc(rows * 4 * sizeof *p->box)};
    if (!p->flags || !p->partner || !p->crop || !p->box) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < rows; i++) {
        const dc3_view_params *v = &l->params[i];
        const int numbers[] = {v->x, v->y, v->w, v->h, v->x0, v->y0, v->x1, v->y1};
        for (int k = 0; k < 8; k++) {
            if (numbers[k] < 0 || numbers[k] > INT16_MAX)
                return dc3_fail(DC3_ERR_ARGUMENT,
                                "expected images of at most %d pixels a side for soft labels, found a crop "
                                "or box that reaches %d",
                                INT16_MAX, numbers[k]);
            *(k < 4 ? &p->crop[4 * i + (size_t)k] : &p->box[4 * i + (size_t)k - 4]) = (int16_t)numbers[k];
        }
        p->partner[i] = v->partner;
        p->flags[i] = (uint8_t)((v->swap_columns ? SWAP_COLUMNS : 0) | (v->swap_rows ? SWAP_ROWS : 0) |
                                (v->flip ? FLIP : 0));
    }
    return DC3_OK;
}

/* A tensor of the file: where its values are, its type, and its shape after `views` and `n`. */
static dc3_status add(dc3_table *table, const char *name, void *data, dc3_dtype type, int ndim, int64_t a,
                      int64_t b, int64_t c)
{
    return dc3_table_add(table, name, dc3_view(data, type, ndim, (int64_t[]){a, b, c}));
}

static const char *const marks[] = {"\"logits\":{\"dtype\":\"", "\"partner\":{\"dtype\":\"I32\"",
                                    "\"crop\":{\"dtype\":\"I16\"", NULL};
const dc3_output_kind dc3_soft_labels_output = {"soft labels",
                                                "safetensors",
                                                (const char *const[]){".safetensors", NULL},
                                                marks,
                                                (const char *const[]){"soft_labels.safetensors", NULL},
                                                0};
const dc3_output_kind dc3_soft_labels_part_output = {
    "parts of soft labels",
    "safetensors",
    (const char *const[]){".checkpoint", NULL},
    marks,
    (const char *const[]){"soft_labels.safetensors.checkpoint", NULL},
    0};

dc3_status dc3_soft_labels_save(const char *path, const dc3_soft_labels *l)
{
    packed p = {0};
    int64_t n = l->n, views = l->views;
    dc3_table *table = dc3_table_new(path);
    char *text = json_dumps(l->info, JSON_COMPACT | JSON_PRESERVE_ORDER);
    dc3_status status = table && text ? pack(l, &p) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        if (l->top_k) DC3_GOTO(add(table, "indices", l->indices, DC3_I16, 3, views, n, l->top_k));
        if (l->top_k) DC3_GOTO(add(table, "rest", l->rest, DC3_F16, 2, views, n, 0));
        if (l->bits == 8) {
            DC3_GOTO(add(table, "offset", l->offset, DC3_F16, 2, views, n, 0));
            DC3_GOTO(add(table, "scale", l->scale, DC3_F16, 2, views, n, 0));
            DC3_GOTO(add(table, "logits", l->codes, DC3_U8, 3, views, n, stored_logits(l)));
        } else
            DC3_GOTO(add(table, "logits", l->logits, DC3_F16, 3, views, n, stored_logits(l)));
        DC3_GOTO(add(table, "labels", l->labels, DC3_I32, 1, n, 0, 0));
        DC3_GOTO(add(table, "partner", p.partner, DC3_I32, 2, views, n, 0));
        DC3_GOTO(add(table, "crop", p.crop, DC3_I16, 3, views, n, 4));
        DC3_GOTO(add(table, "box", p.box, DC3_I16, 3, views, n, 4));
        DC3_GOTO(add(table, "flags", p.flags, DC3_U8, 2, views, n, 0));
        DC3_GOTO(add(table, "info", text, DC3_U8, 1, (int64_t)strlen(text), 0, 0));
        status = dc3_safetensors_save(path, table);
    }
done:
    packed_close(&p);
    dc3_table_close(&table);
    free(text);
    return status;
}

/* The tensor `name` of exactly this type and shape (-1: any size). */
static dc3_status find(const dc3_table *table, const char *name, dc3_dtype type, int ndim, int64_t a,
                       int64_t b, int64_t c, const dc3_tensor **t)
{
    DC3_TRY(dc3_table_get(table, name, ndim, (int64_t[]){a, b, c}, t));
    if ((*t)->dtype == type) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s': expected type %s, found %s", dc3_table_origin(table),
                    name, dc3_dtype_name(type), dc3_dtype_name((*t)->dtype));
}

/* What can be seen of a view without its image. */
static dc3_status check_view(const char *path, const dc3_soft_labels *l, int64_t row)
{
    const dc3_view_params *v = &l->params[row];
    int crop = v->x >= 0 && v->y >= 0 && v->w > 0 && v->h > 0;
    int box =
        v->x0 >= 0 && v->y0 >= 0 && v->x1 >= v->x0 && v->y1 >= v->y0 && v->x1 <= l->size && v->y1 <= l->size;
    int partner = v->partner >= 0 && v->partner < l->n, indices = 1;
    for (int64_t k = 0; k < l->top_k; k++)
        indices &= l->indices[row * l->top_k + k] >= 0 && l->indices[row * l->top_k + k] < l->classes;
    if (crop && box && partner && indices) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: view %lld of image %lld: its %s", path, (long long)(row / l->n),
                    (long long)(row % l->n),
                    !crop      ? "crop is empty or outside"
                    : !box     ? "box lies outside the view"
                    : !partner ? "partner is not an image"
                               : "classes are not among those there are");
}

/* The file's tensors. */
typedef struct found {
    const dc3_tensor *labels, *logits, *partner, *crop, *box, *flags, *indices, *rest, *offset, *scale;
} found;

static dc3_status find_all(const dc3_table *table, const dc3_soft_labels *l, found *f)
{
    int64_t n = l->n, views = l->views;
    *f = (found){0};
    DC3_TRY(find(table, "labels", DC3_I32, 1, n, 0, 0, &f->labels));
    dc3_dtype type = l->bits == 8 ? DC3_U8 : DC3_F16;
    DC3_TRY(find(table, "logits", type, 3, views, n, stored_logits(l), &f->logits));
    if (l->bits == 8) {
        DC3_TRY(find(table, "offset", DC3_F16, 2, views, n, 0, &f->offset));
        DC3_TRY(find(table, "scale", DC3_F16, 2, views, n, 0, &f->scale));
    }
    DC3_TRY(find(table, "partner", DC3_I32, 2, views, n, 0, &f->partner));
    DC3_TRY(find(table, "crop", DC3_I16, 3, views, n, 4, &f->crop));
    DC3_TRY(find(table, "box", DC3_I16, 3, views, n, 4, &f->box));
    DC3_TRY(find(table, "flags", DC3_U8, 2, views, n, 0, &f->flags));
    if (!l->top_k) return DC3_OK;
    DC3_TRY(find(table, "indices", DC3_I16, 3, views, n, l->top_k, &f->indices));
    return find(table, "rest", DC3_F16, 2, views, n, 0, &f->rest);
}

int dc3_soft_labels_has(const dc3_soft_labels *l, int64_t view, int64_t image)
{
    return l->params[view * l->n + image].w > 0;
}

/* All views must be there unless `partly`. */
static dc3_status read_tensors(const dc3_table *table, int partly, dc3_soft_labels *l)
{
    int64_t rows = l->n * l->views;
    found f;
    DC3_TRY(find_all(table, l, &f));
    if (l->top_k) {
        memcpy(l->indices, f.indices->data, dc3_bytes(f.indices));
        memcpy(l->rest, f.rest->data, dc3_bytes(f.rest));
    }
    memcpy(l->labels, f.labels->data, dc3_bytes(f.labels));
    if (l->bits == 8) {
        memcpy(l->offset, f.offset->data, dc3_bytes(f.offset));
        memcpy(l->scale, f.scale->data, dc3_bytes(f.scale));
    }
    memcpy(l->bits == 8 ? (void *)l->codes : (void *)l->logits, f.logits->data, dc3_bytes(f.logits));
    for (int64_t i = 0; i < l->n; i++)
        if (l->labels[i] < 0 || l->labels[i] >= l->classes)
            return dc3_fail(DC3_ERR_FORMAT, "%s: image %lld: expected a class below %lld, found %d",
                            dc3_table_origin(table), (long long)i, (long long)l->classes, (int)l->labels[i]);
    for (int64_t i = 0; i < rows; i++) {
        const int16_t *c = (const int16_t *)f.crop->data + 4 * i, *b = (const int16_t *)f.box->data + 4 * i;
        int flags = ((const uint8_t *)f.flags->data)[i];
        l->params[i] = (dc3_view_params){!!(flags & SWAP_COLUMNS),
                                         !!(flags & SWAP_ROWS),
                                         c[0],
                                         c[1],
                                         c[2],
                                         c[3],
                                         !!(flags & FLIP),
                                         ((const int32_t *)f.partner->data)[i],
                                         b[0],
                                         b[1],
                                         b[2],
                                         b[3],
                                         {0},
                                         0};
        if (!partly || dc3_soft_labels_has(l, 0, i)) DC3_TRY(check_view(dc3_table_origin(table), l, i));
    }
    return DC3_OK;
}

/* The sizes, from the tensors and from `info`. */
static dc3_status read_sizes(const dc3_table *table, dc3_soft_labels *l)
{
    const char *path = dc3_table_origin(table);
    const dc3_tensor *logits;
    int64_t size, bits;
    DC3_TRY(dc3_json_int(l->info, path, "bits", 16, 8, 16, &bits));
    if (bits != 8 && bits != 16)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected logits of 8 or 16 bits, found %d", path, (int)bits);
    l->bits = (int)bits;
    DC3_TRY(find(table, "logits", bits == 8 ? DC3_U8 : DC3_F16, 3, -1, -1, -1, &logits));
    DC3_TRY(dc3_json_int(l->info, path, "size", 0, 1, 1 << 15, &size));
    DC3_TRY(dc3_json_int(l->info, path, "classes", 0, 1, INT32_MAX, &l->classes));
    DC3_TRY(dc3_json_int(l->info, path, "top_k", 0, 0, INT16_MAX, &l->top_k));
    size_t files = json_array_size(json_object_get(l->info, "files"));
    l->views = logits->shape[0], l->n = logits->shape[1], l->size = (int)size;
    if ((int64_t)files == l->n && files && l->views >= 1) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: expected 1 view or more of each file, found %lld of %lld and %zu files", path,
                    (long long)l->views, (long long)l->n, files);
}

static dc3_status look(const dc3_table *table, dc3_soft_labels *l)
{
    const dc3_tensor *text;
    found f;
    if (find(table, "info", DC3_U8, 1, -1, 0, 0, &text) != DC3_OK)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected soft labels of dc3 label, found a file without their 'info'",
                        dc3_table_origin(table));
    DC3_TRY(dc3_json_parse(dc3_table_origin(table), text->data, dc3_bytes(text), &l->info));
    DC3_TRY(read_sizes(table, l));
    return find_all(table, l, &f);
}

dc3_status dc3_soft_labels_look(const dc3_table *table, dc3_soft_labels *l)
{
    *l = (dc3_soft_labels){0};
    dc3_status status = look(table, l);
    if (status != DC3_OK) dc3_soft_labels_free(l);
    return status;
}

dc3_status dc3_soft_labels_open(const char *path, dc3_soft_labels *l)
{
    dc3_table *table;
    dc3_soft_labels seen = {0};
    *l = (dc3_soft_labels){0};
    DC3_TRY(dc3_safetensors_open(path, &table));
    dc3_status status = look(table, &seen);
    if (status == DC3_OK)
        status = dc3_soft_labels_new(seen.n, seen.views, seen.classes, seen.top_k, seen.bits, seen.size, l);
    if (status == DC3_OK) {
        json_decref(l->info);
        l->info = json_incref(seen.info);
        status = read_tensors(table, 0, l);
    }
    if (status != DC3_OK) dc3_soft_labels_free(l);
    dc3_soft_labels_free(&seen);
    dc3_table_close(&table);
    return status;
}

dc3_status dc3_soft_labels_resume(const char *path, dc3_soft_labels *l)
{
    dc3_table *table;
    dc3_soft_labels seen;
    DC3_TRY(dc3_safetensors_open(path, &table));
    dc3_status status = dc3_soft_labels_look(table, &seen);
    if (status == DC3_OK && (seen.n != l->n || seen.views != l->views || seen.classes != l->classes ||
                             seen.top_k != l->top_k || seen.bits != l->bits || seen.size != l->size))
        status = dc3_fail(DC3_ERR_ARGUMENT, "%s: holds labels of other sizes", path);
    if (status == DC3_OK) status = read_tensors(table, 1, l);
    dc3_soft_labels_free(&seen);
    dc3_table_close(&table);
    return status;
}
