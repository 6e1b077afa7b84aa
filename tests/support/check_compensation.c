/* check_compensation RUN DATA EDITOR TYPE [TYPE]: whether the images of a run with --method dc3 are what the
 * method says. Makes each again from its source, from the prompts and seeds of its line in metadata.jsonl,
 * and from the settings in dc3.json: the instruction, the edits (warm ones first), what is kept of the
 * original's detail, and how they are combined. TYPE is the compute type: the run's own must give the same
 * but for rounding to 8 bits, a second one nearly so. For the tests of the command line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "colour/detail_keep.h"
#include "diffusion/editor.h"
#include "io/image.h"
#include "io/json.h"

enum { MOST = 64, EDITS = 4 };
typedef float image[MOST * MOST * 3];

static const char *const warm[] = {"sunny", "golden hour", "sepia", "vivid colors", "daylight", NULL};
static const char *const cold[] = {"rainy", "snowy", "frozen lake", "infrared", "underwater", NULL};

typedef struct check {
    const char *run, *data, *train, *combine; /* train: folder of the run's images */
    dc3_editor *editor;
    dc3_edit_settings settings;
    dc3_detail detail;
    int size, placed, edits; /* of a stored image and of a tile; edits of an image */
    double most, sum;        /* largest and summed difference, in levels */
    int64_t values;
} check;

static int fail(const char *what, const char *of)
{
    fprintf(stderr, "check_compensation: %s: %s\n", of, what);
    return 0;
}

static int is_in(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word) != 0) list++;
    return *list != NULL;
}

static int word_of(const char *const *list, const char *word)
{
    int i = 0;
    while (list[i] && strcmp(list[i], word) != 0) i++;
    return i;
}

static int read_image(const char *folder, const char *name, int size, float *out)
{
    dc3_image decoded;
    char *path = dc3_path_join(folder, name);
    int ok = path && dc3_image_read(path, size, size, DC3_FIT_CROP, &decoded) == DC3_OK;
    free(path);
    if (!ok) return fail(dc3_error_text(), name);
    dc3_image_to_floats(&decoded, out);
    dc3_image_free(&decoded);
    return 1;
}

/* The edits of one line at the size that they are stored in. */
static int make_edits(const check *c, const json_t *line, image *placed)
{
    static image input, original, edits[EDITS], reconstruction;
    char text[EDITS][300];
    const char *instructions[EDITS];
    uint64_t seeds[EDITS];
    const char *source = json_string_value(json_object_get(line, "source"));
    const json_t *prompts = json_object_get(line, "prompts"), *numbers = json_object_get(line, "seeds");
    int small = c->settings.size;
    if ((int)json_array_size(prompts) != c->edits) return fail("another number of prompts", source);
    for (int i = 0; i < c->edits; i++) {
        const char *prompt = json_string_value(json_array_get(prompts, (size_t)i));
        if (!is_in(i < c->edits / 2 ? warm : cold, prompt))
            return fail("a prompt is of the other kind", source);
        snprintf(text[i], sizeof text[i],
                 "Adjust the color hue to be %s and preserve all details and content", prompt);
        instructions[i] = text[i];
        seeds[i] = strtoull(json_string_value(json_array_get(numbers, (size_t)i)), NULL, 10);
    }
    if (!read_image(c->data, source, small, input) || !read_image(c->data, source, c->placed, original))
        return 0;
    float *all = malloc(sizeof(image) * EDITS);
    int ok = dc3_editor_edit(c->editor, &c->settings, input, c->edits, instructions, seeds, all,
                             reconstruction) == DC3_OK;
    for (int i = 0; ok && i < c->edits; i++) {
        memcpy(edits[i], all + (int64_t)i * small * small * 3, (size_t)(small * small * 3) * sizeof *all);
        if (c->detail == DC3_DETAIL_KEEP)
            ok = dc3_detail_keep(small, input, reconstruction, edits[i], c->placed, c->placed, original,
                                 placed[i]) == DC3_OK;
        else
            memcpy(placed[i], edits[i], sizeof edits[i]);
    }
    free(all);
    return ok ? 1 : fail(dc3_error_text(), source);
}

/* Difference of value i of the stored image from the nearest that the mode allows there, in [0, 1].
 * `sideways`: of a gradient, which of its two directions. */
static double off(const check *c, const image *placed, const float *stored, int i, int sideways)
{
    int x = i / 3 % c->size, y = i / 3 / c->size, half = c->placed;
    if (strcmp(c->combine, "fourfold") == 0)
        return fabs(stored[i] - placed[x / half * 2 + y / half][(y % half * half + x % half) * 3 + i % 3]);
    double one = placed[0][i], two = placed[1][i];
    if (strcmp(c->combine, "gradient") != 0) return fmin(fabs(stored[i] - one), fabs(stored[i] - two));
    double share = fmin(fmax(((sideways ? x : y) - (c->size - 20) / 2) / 19.0, 0), 1);
    return fabs(stored[i] - (1 - share) * one - share * two);
}

static int check_line(check *c, const json_t *line)
{
    static image placed[EDITS], stored;
    const char *name = json_string_value(json_object_get(line, "file_name"));
    if (!make_edits(c, line, placed) || !read_image(c->train, name, c->size, stored)) return 0;
    int values = c->size * c->size * 3;
    double apart = 0, worst[2] = {0}, sum[2] = {0};
    for (int i = 0; i < c->placed * c->placed * 3; i++) apart += fabs(placed[0][i] - placed[c->edits / 2][i]);
    if (apart * 255 / (c->placed * c->placed * 3) < 4)
        return fail("warm and cold edit are alike: nothing is shown", name);
    for (int sideways = 0; sideways < 2; sideways++)
        for (int i = 0; i < values; i++) {
            double d = 255 * off(c, placed, stored, i, sideways);
            sum[sideways] += d;
            if (d > worst[sideways]) worst[sideways] = d;
        }
    int best = sum[1] < sum[0];
    if (worst[best] > c->most) c->most = worst[best];
    c->sum += sum[best];
    c->values += values;
    return 1;
}

static int open_check(const char *editor, const char *type, const json_t *settings, check *c)
{
    const char *sampler = json_string_value(json_object_get(settings, "sampler"));
    const char *detail = json_string_value(json_object_get(settings, "detail"));
    dc3_dtype dtype = strcmp(type, "bf16") == 0 ? DC3_BF16 : DC3_F32;
    if (dc3_editor_open(editor, dtype, 2, &c->editor) != DC3_OK) return fail(dc3_error_text(), editor);
    c->settings = dc3_editor_defaults(c->editor);
    c->settings.size = (int)json_integer_value(json_object_get(settings, "edit_size"));
    c->settings.steps = (int)json_integer_value(json_object_get(settings, "steps"));
    c->settings.guidance = (float)json_number_value(json_object_get(settings, "guidance"));
    c->settings.image_guidance = (float)json_number_value(json_object_get(settings, "image_guidance"));
    c->settings.sampler = (dc3_sampler_kind)word_of(dc3_sampler_names, sampler);
    c->detail = (dc3_detail)word_of(dc3_option_names("detail"), detail);
    c->combine = json_string_value(json_object_get(settings, "combine"));
    c->size = (int)json_integer_value(json_object_get(settings, "size"));
    c->edits = strcmp(c->combine, "fourfold") == 0 ? 4 : 2;
    c->placed = c->edits == 4 ? c->size / 2 : c->size;
    if (c->size > MOST || c->settings.size > MOST) return fail("larger than this program looks at", c->run);
    if (c->detail == DC3_DETAIL_EDIT && c->placed != c->settings.size)
        return fail("edits are examined in their own size only", c->run);
    return 1;
}

static int check_run(const char *editor, const char *type, check *c)
{
    json_t *settings = NULL, *lines = NULL, *line;
    size_t i;
    char *path = dc3_path_join(c->run, "dc3.json"), *train = dc3_path_join(c->run, "train");
    char *metadata = dc3_path_join(train, "metadata.jsonl");
    c->train = train;
    int ok = dc3_json_read(path, 1 << 20, &settings) == DC3_OK &&
             dc3_json_read_lines(metadata, 1 << 20, &lines) == DC3_OK;
    if (!ok) fail(dc3_error_text(), c->run);
    ok = ok && open_check(editor, type, json_object_get(settings, "settings"), c);
    json_array_foreach(lines, i, line) ok = ok && check_line(c, line);
    if (ok && c->values == 0) ok = fail("no images", c->run);
    dc3_editor_close(&c->editor);
    json_decref(lines);
    json_decref(settings);
    free(path), free(train), free(metadata);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) return 2;
    for (int t = 4; t < argc; t++) {
        check c = {.run = argv[1], .data = argv[2]};
        if (!check_run(argv[3], argv[t], &c)) return 1;
        double mean = c.sum / (double)c.values;
        printf("%s: at most %.2f, on average %.3f levels off\n", argv[t], c.most, mean);
        /* Rounded once; an edit that is stored as it is, twice. */
        double limit = c.detail == DC3_DETAIL_KEEP ? 0.51 : 1.01;
        if (t == 4 ? c.most > limit : mean > 0.6) return fail("the images are others", argv[1]), 1;
    }
    return 0;
}
