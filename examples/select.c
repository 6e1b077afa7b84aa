/* select IPC: reads one image a line from standard input, "LABEL V1 V2 ... VD", where LABEL is the number of
 * its class and the Vs are its embedding (any network's, such as dc3_image_classifier_run gives), and writes
 * the numbers of the IPC lines of each class that represent it best. The first line is "N D".
 *
 *     cc select.c $(pkg-config --cflags --libs dc3) -o select && ./select 10 < embeddings.txt */
#include <dc3/dc3.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Fills labels [n] and embeddings [n, d]; 1 if there were that many. */
static int read_rows(int64_t n, int64_t d, int64_t *labels, float *embeddings)
{
    for (int64_t i = 0; i < n; i++) {
        if (scanf("%" SCNd64, &labels[i]) != 1) return 0;
        for (int64_t j = 0; j < d; j++)
            if (scanf("%f", &embeddings[i * d + j]) != 1) return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) return fprintf(stderr, "usage: select IPC < embeddings.txt\n"), 2;
    int64_t n, d;
    if (scanf("%" SCNd64 " %" SCNd64, &n, &d) != 2 || n < 1 || d < 1 || n > 100000000 / d)
        return fprintf(stderr, "the first line is not \"N D\"\n"), 1;
    int64_t *labels = calloc((size_t)n, sizeof *labels);
    float *embeddings = calloc((size_t)(n * d), sizeof *embeddings);
    if (!labels || !embeddings || !read_rows(n, d, labels, embeddings)) {
        fprintf(stderr, "fewer than %" PRId64 " lines of 1 + %" PRId64 " numbers\n", n, d);
        free(labels);
        free(embeddings);
        return 1;
    }

    /* Bins by clustering, then in each bin the rows that cover it best. Without logits rows are as similar as
     * the cosine of their embeddings says. */
    dc3_select_options options = dc3_select_defaults();
    options.ipc = atoi(argv[1]);
    options.objective = DC3_FACILITY_LOCATION;
    dc3_selection selection = {0};
    dc3_status status = dc3_select_rows(&options, n, d, 0, embeddings, NULL, labels, NULL, &selection);
    if (status != DC3_OK) fprintf(stderr, "%s\n", dc3_error_text());
    for (int64_t i = 0; status == DC3_OK && i < selection.count; i++)
        printf("class %" PRId64 ": line %" PRId64 "\n", labels[selection.rows[i]], selection.rows[i] + 1);
    dc3_selection_free(&selection);
    free(labels);
    free(embeddings);
    return status == DC3_OK ? 0 : 1;
}
