/* The measures as a table for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "measure/table.h"
#include "dc3/text.h"

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
    fprintf(
        to,
        ")\n(entropy: 0 where all levels are as frequent, below it the more they crowd together; distances: "
        "0 equal to 1)\n%-*s %20s   %20s   %20s\n",
        NAME, "", "entropy of the curve", "Jensen-Shannon", "Wasserstein");
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
    fprintf(to,
            "\nStored images against their originals%s\n(SSIM: 1 equal; Delta E: about 1 is just seen; PSNR "
            "in dB of those that differ)\n",
            taught ? "; the teacher's top-1 (%) and loss on both" : "");
    fprintf(to, "%-*s %7s %9s %7s %8s %8s", NAME, "dataset", "pairs", "identical", "SSIM", "Delta E", "PSNR");
    if (taught) fprintf(to, " %8s %8s %6s %8s %7s", "same", "before", "after", "loss", "after");
    fprintf(to, "\n");
    print_rows(to, document, "fidelity", per_class, print_fidelity);
}

/* A row of coverage: the members whose names are `before`, name, `after`; sums per image. */
static void print_covered(FILE *to, const json_t *o, const char *before, const char *after)
{
    static const struct {
        const char *name;
        int sum, digits;
    } columns[] = {
        {"distance_mean", 0, 3}, {"distance_p95", 0, 3}, {"facility_location", 1, 4}, {"graph_cut", 1, 4}};
    double n = (double)json_integer_value(json_object_get(o, "pictures"));
    for (int i = 0; i < 4; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s%s%s", before, columns[i].name, after);
        print_cell(to, o, key, columns[i].sum && n > 0 ? 1 / n : 1, i ? 10 : 9, columns[i].digits);
    }
}

/* Three rows: the run's choice, the random ones' mean and their deviation. */
static void print_coverage(FILE *to, const json_t *o)
{
    fprintf(to, " %7lld", (long long)json_integer_value(json_object_get(o, "chosen")));
    fprintf(to, " %8lld", (long long)json_integer_value(json_object_get(o, "pictures")));
    print_covered(to, o, "", "");
    fprintf(to, "\n%-*s", NAME + 17, "    random choices: mean");
    print_covered(to, o, "random_", "");
    fprintf(to, "\n%-*s", NAME + 17, "    and their deviation");
    print_covered(to, o, "random_", "_deviation");
}

static void print_coverage_table(FILE *to, const json_t *document, int per_class)
{
    size_t i;
    json_t *set;
    const json_t *first = NULL;
    json_array_foreach(json_object_get(document, "datasets"), i, set)
    {
        const json_t *coverage = json_object_get(set, "coverage");
        if (!first && json_is_object(coverage)) first = coverage;
    }
    if (!first) return;
    fprintf(to,
            "\nCoverage of the dataset by what was chosen, beside %lld random choices of as many\n"
            "(by %s;\nof each original to the chosen ones of its class: better are small distances, large "
            "similarities)\n",
            (long long)json_integer_value(json_object_get(first, "draws")),
            json_string_value(json_object_get(first, "features")));
    fprintf(to, "%-*s %16s %20s %10s %10s\n", NAME, "", "", "distance to nearest", "facility", "graph");
    fprintf(to, "%-*s %7s %8s %9s %10s %10s %10s\n", NAME, "dataset", "chosen", "of", "mean", "95th %",
            "location", "cut");
    print_rows(to, document, "coverage", per_class, print_coverage);
}

static void print_distribution(FILE *to, const json_t *features)
{
    print_cell(to, features, "frechet_distance", 1, 10, 4);
    print_cell(to, features, "kernel_distance", 1, 10, 5);
    print_cell(to, features, "kernel_distance_deviation", 1, 10, 5);
    print_cell(to, features, "kernel_distance_error", 1, 10, 5);
    if (!json_object_get(features, "classifier_score_parts")) return;
    print_cell(to, features, "classifier_score", 1, 10, 3);
    print_cell(to, features, "classifier_score_deviation", 1, 10, 3);
}

static void print_inception(FILE *to, const json_t *inception)
{
    print_cell(to, inception, "fid", 1, 10, 3);
    print_cell(to, inception, "kid", 1, 10, 5);
    print_cell(to, inception, "kid_deviation", 1, 10, 5);
    print_cell(to, inception, "kid_error", 1, 10, 5);
    print_cell(to, inception, "inception_score", 1, 10, 3);
    print_cell(to, inception, "inception_score_deviation", 1, 10, 3);
}

static void print_manifolds(FILE *to, const json_t *features)
{
    print_cell(to, features, "manifold_images", 1, 8, 0);
    print_cell(to, features, "precision", 1, 10, 4);
    print_cell(to, features, "recall", 1, 8, 4);
    print_cell(to, features, "density", 1, 8, 4);
    print_cell(to, features, "coverage", 1, 9, 4);
    if (json_object_get(features, "memorised")) print_cell(to, features, "memorised", 1, 10, 4);
}

/* Below the distances by the same network, whose features are `member`. */
static void print_manifold_table(FILE *to, const json_t *document, const char *member)
{
    const json_t *training = json_object_get(document, "training");
    fprintf(to, "\nHow far they and as many images of the reference cover each other in these features\n");
    if (training)
        fprintf(to, "(memorised: the part that is nearer to an image of %s than that is to others there)\n",
                json_string_value(json_object_get(training, "path")));
    fprintf(to, "%-*s %8s %10s %8s %8s %9s%s\n", NAME, "dataset", "images", "precision", "recall", "density",
            "coverage", training ? "  memorised" : "");
    print_rows(to, document, member, 0, print_manifolds);
}

static void print_inception_table(FILE *to, const json_t *document)
{
    const json_t *first = json_array_get(json_object_get(document, "datasets"), 0);
    if (!json_is_object(json_object_get(first, "inception"))) return;
    fprintf(to, "\nInception v3: distance from the reference, and the Inception score of each dataset\n");
    fprintf(to, "%-*s %10s %10s %10s %10s %10s %10s\n", NAME, "dataset", "FID", "KID", "deviation", "error",
            "IS", "deviation");
    print_rows(to, document, "inception", 0, print_inception);
    print_manifold_table(to, document, "inception");
}

static void print_given_table(FILE *to, const json_t *document)
{
    const json_t *first =
        json_object_get(json_array_get(json_object_get(document, "datasets"), 0), "given_features");
    if (!json_is_object(first)) return;
    fprintf(to,
            "\nDistance of features from the reference's: %lld values of each image, by the files that were "
            "given\n",
            (long long)json_integer_value(json_object_get(first, "dimensions")));
    fprintf(to, "%-*s %10s %10s %10s %10s\n", NAME, "dataset", "Frechet", "kernel", "deviation", "error");
    print_rows(to, document, "given_features", 0, print_distribution);
    print_manifold_table(to, document, "given_features");
}

static void print_distribution_table(FILE *to, const json_t *document)
{
    const json_t *first =
        json_object_get(json_array_get(json_object_get(document, "datasets"), 0), "features");
    if (!json_is_object(first)) return;
    fprintf(to,
            "\nDistance of features from the reference's: %lld embeddings of the %s; its classifier score\n",
            (long long)json_integer_value(json_object_get(first, "dimensions")),
            json_string_value(json_object_get(first, "network")));
    fprintf(to, "%-*s %10s %10s %10s %10s %10s %10s\n", NAME, "dataset", "Frechet", "kernel", "deviation",
            "error", "score", "deviation");
    print_rows(to, document, "features", 0, print_distribution);
    print_manifold_table(to, document, "features");
}

char *dc3_measure_table(const json_t *document, int per_class)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    fprintf(
        to,
        "Colour (reference: %s)\n(colourfulness: 0 grey to over 100; chroma: 0 to about 130; grey: pixels "
        "without a hue; entropy of hue: at most 5.17 bits)\n",
        json_string_value(json_object_get(document, "reference")));
    fprintf(to, "%-*s %8s %9s %8s %8s %7s %8s\n", NAME, "", "", "colour-", "devia-", "mean", "grey",
            "entropy");
    fprintf(to, "%-*s %8s %9s %8s %8s %7s %8s\n", NAME, "dataset", "images", "fulness", "tion", "chroma", "%",
            "of hue");
    print_rows(to, document, "colour", per_class, print_colour);
    print_density_table(to, document, per_class);
    print_fidelity_table(to, document, per_class);
    print_coverage_table(to, document, per_class);
    print_distribution_table(to, document);
    print_inception_table(to, document);
    print_given_table(to, document);
    if (fclose(to) == 0) return text;
    free(text);
    return NULL;
}
