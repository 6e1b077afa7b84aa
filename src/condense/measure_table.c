/* The measures as a table for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "condense/measure.h"

enum { NAME = 34 };

/* The end of a long name. */
static void print_name(FILE *to, const char *indent, const char *raw)
{
    char *safe = dc3_text_printable(raw ? raw : "");
    const char *name = safe ? safe : "";
    size_t room = NAME - strlen(indent), length = strlen(name);
    if (length <= room)
        fprintf(to, "%s%-*s", indent, (int)room, name);
    else
        fprintf(to, "%s..%s", indent, name + length - (room - 2));
    free(safe);
}

/* A cell of `width`, "-" where there is no number. */
static void print_cell(FILE *to, const json_t *object, const char *key, double scale, int width, int digits)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_number(value))
        fprintf(to, " %*.*f", width, digits, scale * json_number_value(value));
    else
        fprintf(to, " %*s", width, "-");
}

static void print_colour(FILE *to, const json_t *colour)
{
    fprintf(to, " %8lld", (long long)json_integer_value(json_object_get(colour, "images")));
    print_cell(to, colour, "colourfulness", 1, 9, 2);
    print_cell(to, colour, "colourfulness_deviation", 1, 8, 2);
    print_cell(to, colour, "chroma", 1, 8, 2);
    print_cell(to, colour, "grey", 100, 7, 1);
    print_cell(to, colour, "hue_entropy", 1, 8, 3);
}

/* Red, green, blue of one member of the densities. */
static void print_channels(FILE *to, const json_t *colour, const char *key, int width, int digits)
{
    static const char *const names[] = {"red", "green", "blue"};
    const json_t *density = json_object_get(colour, "density");
    for (int c = 0; c < 3; c++) print_cell(to, json_object_get(density, names[c]), key, 1, width, digits);
}

static void print_density(FILE *to, const json_t *colour)
{
    print_channels(to, colour, "entropy", 6, 3);
    fprintf(to, "  ");
    print_channels(to, colour, "js_distance", 6, 4);
    fprintf(to, "  ");
    print_channels(to, colour, "wasserstein", 6, 4);
}

static void print_fidelity(FILE *to, const json_t *fidelity)
{
    fprintf(to, " %7lld", (long long)json_integer_value(json_object_get(fidelity, "pairs")));
    fprintf(to, " %9lld", (long long)json_integer_value(json_object_get(fidelity, "identical")));
    print_cell(to, fidelity, "ssim", 1, 7, 4);
    print_cell(to, fidelity, "delta_e_2000", 1, 8, 2);
    print_cell(to, fidelity, "psnr", 1, 8, 2);
    if (!json_object_get(fidelity, "top1_same")) return;
    print_cell(to, fidelity, "top1_same", 100, 8, 1);
    print_cell(to, fidelity, "top1_before", 100, 8, 1);
    print_cell(to, fidelity, "top1_after", 100, 6, 1);
    print_cell(to, fidelity, "loss_before", 1, 8, 3);
    print_cell(to, fidelity, "loss_after", 1, 7, 3);
}

typedef void row_printer(FILE *to, const json_t *row);

/* A row for each dataset whose `member` is there, and with per_class those of `classes` below it. */
static void print_rows(FILE *to, const json_t *document, const char *member, int per_class,
                       row_printer *print)
{
    size_t i, k;
    json_t *set, *one;
    json_array_foreach(json_object_get(document, "datasets"), i, set)
    {
        json_t *row = json_object_get(set, member);
        if (!json_is_object(row)) continue;
        json_t *classes = json_object_get(row, "classes");
        print_name(to, "", json_string_value(json_object_get(set, "path")));
        print(to, row);
        fprintf(to, "\n");
        if (!per_class) continue;
        json_array_foreach(classes ? classes : json_object_get(set, "classes"), k, one)
        {
            print_name(to, "  ", json_string_value(json_object_get(one, "class")));
            print(to, one);
            fprintf(to, "\n");
        }
    }
}

static void print_density_table(FILE *to, const json_t *document, int per_class)
{
    const json_t *first = json_object_get(json_array_get(json_object_get(document, "datasets"), 0), "colour");
    fprintf(to, "\nDensity of R, G, B: Gaussian kernels, bandwidths by Scott's rule of the reference (all:");
    print_channels(to, first, "bandwidth", 6, 4);
    fprintf(to, ")\n%-*s %20s   %20s   %20s\n", NAME, "", "entropy of the curve", "Jensen-Shannon",
            "Wasserstein");
    fprintf(to, "%-*s %20s   %20s   %20s\n", NAME, "dataset", "bits", "from reference", "from reference");
    print_rows(to, document, "colour", per_class, print_density);
}

static void print_fidelity_table(FILE *to, const json_t *document, int per_class)
{
    size_t i;
    json_t *set;
    int any = 0, taught = json_object_get(document, "teacher") != NULL;
    json_array_foreach(json_object_get(document, "datasets"), i, set) any |=
        json_is_object(json_object_get(set, "fidelity"));
    if (!any) return;
    fprintf(to, "\nStored pictures against their originals%s\n",
            taught ? "; the teacher's top-1 (%) and loss on both" : "");
    fprintf(to, "%-*s %7s %9s %7s %8s %8s", NAME, "dataset", "pairs", "identical", "SSIM", "Delta E", "PSNR");
    if (taught) fprintf(to, " %8s %8s %6s %8s %7s", "same", "before", "after", "loss", "after");
    fprintf(to, "\n");
    print_rows(to, document, "fidelity", per_class, print_fidelity);
}

static void print_distribution(FILE *to, const json_t *features)
{
    print_cell(to, features, "frechet_distance", 1, 10, 4);
    print_cell(to, features, "kernel_distance", 1, 10, 5);
    print_cell(to, features, "kernel_distance_deviation", 1, 10, 5);
}

static void print_distribution_table(FILE *to, const json_t *document)
{
    const json_t *first =
        json_object_get(json_array_get(json_object_get(document, "datasets"), 0), "features");
    if (!json_is_object(first)) return;
    fprintf(to, "\nDistance of features from the reference's: %lld embeddings of the %s\n",
            (long long)json_integer_value(json_object_get(first, "dimensions")),
            json_string_value(json_object_get(first, "network")));
    fprintf(to, "%-*s %10s %10s %10s\n", NAME, "dataset", "Frechet", "kernel", "deviation");
    print_rows(to, document, "features", 0, print_distribution);
}

char *dc3_measure_table(const json_t *document, int per_class)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    fprintf(to, "Colour (reference: %s)\n", json_string_value(json_object_get(document, "reference")));
    fprintf(to, "%-*s %8s %9s %8s %8s %7s %8s\n", NAME, "", "", "colour-", "devia-", "mean", "grey",
            "entropy");
    fprintf(to, "%-*s %8s %9s %8s %8s %7s %8s\n", NAME, "dataset", "images", "fulness", "tion", "chroma", "%",
            "of hue");
    print_rows(to, document, "colour", per_class, print_colour);
    print_density_table(to, document, per_class);
    print_fidelity_table(to, document, per_class);
    print_distribution_table(to, document);
    if (fclose(to) == 0) return text;
    free(text);
    return NULL;
}
