#include "condense/classes.h"

#include <stdlib.h>
#include <string.h>
#include "condense/run.h"
#include "kernels/backend.h"

dc3_status dc3_same_classes(const dc3_dataset *data, const dc3_dataset *val)
{
    int n = dc3_dataset_classes(data), m = dc3_dataset_classes(val), i = 0, j = 0;
    while (i < n && j < m) {
        const char *a = dc3_dataset_class_name(data, i), *b = dc3_dataset_class_name(val, j);
        int order = strcmp(a, b);
        if (order == 0) {
            i++, j++;
            continue;
        }
        break;
    }
    if (i == n && j == m) return DC3_OK;
    const char *a = i < n ? dc3_dataset_class_name(data, i) : "nothing",
               *b = j < m ? dc3_dataset_class_name(val, j) : "nothing";
    return dc3_fail(
        DC3_ERR_ARGUMENT,
        "%s: expected the classes of %s (%d), found %d; class %d is '%.80s' there and '%.80s' here",
        dc3_dataset_path(val), dc3_dataset_path(data), n, m, i + 1, a, b);
}

dc3_status dc3_open_val(const char *path, const dc3_dataset *data, const dc3_listener *listener,
                        dc3_dataset **val)
{
    DC3_TRY(dc3_dataset_open_test(path, val));
    for (size_t i = 0; i < dc3_dataset_notes(*val); i++)
        dc3_listener_say(listener, "note: %s", dc3_dataset_note(*val, i));
    return dc3_same_classes(data, *val);
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int dc3_usual_size(const dc3_dataset *dataset, int most)
{
    enum { LOOK = 33, LEAST = 8, FALLBACK = 64 };
    int sides[LOOK], count = 0;
    int64_t n = dc3_dataset_size(dataset);
    for (int i = 0; i < LOOK && i < n; i++) {
        dc3_image image;
        if (dc3_dataset_read(dataset, n * i / (n < LOOK ? n : LOOK), 0, 0, DC3_FIT_CROP, &image) != DC3_OK)
            continue;
        sides[count++] = image.width < image.height ? image.width : image.height;
        dc3_image_free(&image);
    }
    if (!count) return FALLBACK;
    qsort(sides, (size_t)count, sizeof *sides, by_value);
    int side = sides[count / 2];
    return side < LEAST ? LEAST : side > most ? most : side;
}

dc3_status dc3_view_size(const dc3_dataset *dataset, int asked, int *size)
{
    enum { LEAST = 8, USUAL = 224, MOST = 1024 };
    if (asked && (asked < LEAST || asked > MOST))
        return dc3_fail(DC3_ERR_OPTION, "--size: expected %d to %d pixels, found %d", LEAST, MOST, asked);
    *size = asked ? asked : dc3_usual_size(dataset, USUAL) / 8 * 8;
    return DC3_OK;
}

dc3_status dc3_compute_type(const char *text, dc3_dtype *dtype)
{
    *dtype = dc3_cpu_has_bf16() ? DC3_BF16 : DC3_F32;
    if (!text || strcmp(text, "auto") == 0) return DC3_OK;
    if (strcmp(text, "bf16") != 0 && strcmp(text, "f32") != 0)
        return dc3_fail(DC3_ERR_OPTION, "--dtype: expected one of auto, f32, bf16; found '%.40s'", text);
    *dtype = strcmp(text, "bf16") == 0 ? DC3_BF16 : DC3_F32;
    return DC3_OK;
}
