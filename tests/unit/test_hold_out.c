/* What is held out of a dataset, and the images of one of its parts. */
#include "support/small_dataset.h"
#include "base/file.h"
#include "learn/hold_out.h"
#include "views/images.h"

static char folder[] = "/tmp/dc3-held-XXXXXX";

enum { CLASSES = 4 };
static const int each[CLASSES] = {70, 25, 4, 1}, wanted[CLASSES] = {7, 3, 0, 0};

/* Classes 0 to 3 of `each` images. */
static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (int label = 0; label < CLASSES; label++) {
        char path[96];
        snprintf(path, sizeof path, "%s/%d", folder, label);
        assert_int_equal(mkdir(path, 0700), 0);
        for (int i = 0; i < each[label]; i++) {
            dc3_image image;
            snprintf(path, sizeof path, "%s/%d/%02d.png", folder, label, i);
            small_image(label, i, 8 + i % 5, 8, &image);
            if (dc3_image_write(path, &image, DC3_PNG) != DC3_OK) fail_msg("%s", dc3_error_text());
            dc3_image_free(&image);
        }
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static dc3_dataset *open_dataset(void)
{
    dc3_dataset *d;
    if (dc3_dataset_open(folder, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    return d;
}

/* A tenth of each class, rounded, never all of it; both parts ascend and together are the dataset. */
static void stratified(void **state)
{
    (void)state;
    dc3_dataset *d = open_dataset();
    dc3_held_out a, again, other;
    int counts[CLASSES] = {0};
    int64_t n = dc3_dataset_size(d), i = 0, k = 0;
    assert_int_equal(dc3_hold_out(d, 0.1, 7, &a), DC3_OK);
    assert_int_equal(a.held_count, 10);
    assert_int_equal(a.trained_count, n - 10);
    for (int64_t item = 0; item < n; item++) {
        int held = i < a.held_count && a.held[i] == item,
            trained = k < a.trained_count && a.trained[k] == item;
        assert_int_equal(held + trained, 1);
        i += held, k += trained;
        counts[dc3_dataset_label(d, item)] += held;
    }
    for (int c = 0; c < CLASSES; c++) assert_int_equal(counts[c], wanted[c]);
    assert_int_equal(dc3_hold_out(d, 0.1, 7, &again), DC3_OK);
    assert_memory_equal(a.held, again.held, 10 * sizeof *a.held);
    assert_int_equal(dc3_hold_out(d, 0.1, 8, &other), DC3_OK);
    assert_int_equal(other.held_count, 10);
    assert_memory_not_equal(a.held, other.held, 10 * sizeof *a.held);
    dc3_held_out_free(&a), dc3_held_out_free(&again), dc3_held_out_free(&other);
    dc3_dataset_close(&d);
}

/* A class never loses all of its images; and where too few would be held out, none are. */
static void small_parts(void **state)
{
    (void)state;
    dc3_dataset *d = open_dataset();
    dc3_held_out half, few;
    assert_int_equal(dc3_hold_out(d, 0.5, 0, &half), DC3_OK);
    assert_int_equal(half.held_count, 35 + 13 + 2 + 0);
    assert_int_equal(half.trained[half.trained_count - 1], dc3_dataset_size(d) - 1);
    assert_int_equal(dc3_hold_out(d, 0.05, 0, &few), DC3_OK); /* 4 + 1 */
    assert_int_equal(few.held_count, 0);
    assert_int_equal(few.trained_count, dc3_dataset_size(d));
    /* How many it is, without doing it. */
    assert_int_equal(dc3_hold_out_count(d, 0.5, 0), half.held_count);
    assert_int_equal(dc3_hold_out_count(d, 0.05, 0), 0);
    assert_int_equal(dc3_hold_out_count(d, 0, 0), 0);
    dc3_held_out_free(&half), dc3_held_out_free(&few);
    dc3_dataset_close(&d);
}

/* Images of a part are those of the dataset under other numbers, held in memory or not. */
static void images_of_a_part(void **state)
{
    (void)state;
    static const int64_t part[] = {3, 71, 72, 99}, order[] = {2, 0, 3};
    dc3_dataset *d = open_dataset();
    for (int held = 0; held < 2; held++) {
        dc3_images *images;
        dc3_loaded_image batch[3];
        int64_t count;
        dc3_images_options o = {.how = DC3_IMAGES_OWN,
                                .items = part,
                                .count = 4,
                                .threads = 2,
                                .max_bytes = held ? 1 << 20 : 500};
        assert_int_equal(dc3_images_open(d, &o, &images), DC3_OK);
        assert_int_equal(dc3_images_held(images), held);
        assert_int_equal(dc3_images_count(images), 4);
        assert_int_equal(dc3_images_label(images, 0), 0);
        assert_int_equal(dc3_images_label(images, 1), 1);
        assert_int_equal(dc3_images_label(images, 3), 3);
        assert_int_equal(dc3_images_batch(images, 3, order, batch, &count), DC3_OK);
        assert_int_equal(count, 3);
        for (int i = 0; i < 3; i++) {
            dc3_image expected;
            assert_int_equal(dc3_dataset_read(d, part[order[i]], 0, 0, DC3_FIT_CROP, &expected), DC3_OK);
            assert_int_equal(batch[i].item, order[i]);
            assert_int_equal(batch[i].width, expected.width);
            assert_memory_equal(batch[i].pixels, expected.pixels, (size_t)expected.width * 8 * 3);
            dc3_image_free(&expected);
        }
        dc3_images_close(&images);
    }
    dc3_images *none;
    dc3_images_options empty = {.how = DC3_IMAGES_OWN, .items = part, .threads = 1};
    assert_int_equal(dc3_images_open(d, &empty, &none), DC3_ERR_ARGUMENT);
    dc3_dataset_close(&d);
}

/* The same images with groups of 1 to 5 in a class, every fourth of which has images of the class after it
 * too. */
static dc3_dataset *open_grouped(void)
{
    char path[96];
    dc3_dataset *d;
    snprintf(path, sizeof path, "%s/list.csv", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("Path,label,GROUP\n", file);
    for (int label = 0; label < CLASSES; label++)
        for (int i = 0; i < each[label]; i++) {
            fprintf(file, "%d/%02d.png,%d,", label, i, label);
            if (i % 7 == 6)
                fputs("\n", file); /* in none */
            else
                fprintf(file, "%d\n", i / 3 % 4 == 3 ? 100 + i / 3 : 1000 * label + i / 3 + i % 2);
        }
    assert_int_equal(fclose(file), 0);
    if (dc3_dataset_open(path, &d) != DC3_OK) fail_msg("%s", dc3_error_text());
    assert_int_equal(remove(path), 0);
    return d;
}

/* No group is on both sides; of each class about the share is held out, and never all. */
static void groups_stay_together(void **state)
{
    (void)state;
    dc3_dataset *d = open_grouped();
    int shared = 0, singles = 0, sides[400] = {0};
    assert_true(dc3_dataset_groups(d) > 20 && dc3_dataset_groups(d) < 400);
    for (int64_t i = 0; i < dc3_dataset_size(d); i++) {
        singles += dc3_dataset_group(d, i) == 0;
        if (i && dc3_dataset_label(d, i) == 1 && dc3_dataset_group(d, i))
            for (int64_t k = 0; k < each[0]; k++)
                shared += dc3_dataset_group(d, k) == dc3_dataset_group(d, i);
    }
    assert_true(singles > 5 && shared > 5);
    for (uint64_t seed = 0; seed < 20; seed++) {
        dc3_held_out a, again;
        int counts[CLASSES] = {0};
        memset(sides, 0, sizeof sides);
        assert_int_equal(dc3_hold_out(d, 0.2, seed, &a), DC3_OK);
        assert_int_equal(dc3_hold_out(d, 0.2, seed, &again), DC3_OK);
        assert_int_equal(a.held_count, again.held_count);
        assert_memory_equal(a.held, again.held, (size_t)a.held_count * sizeof *a.held);
        assert_int_equal(a.held_count, dc3_hold_out_count(d, 0.2, seed));
        assert_int_equal(a.held_count + a.trained_count, dc3_dataset_size(d));
        for (int64_t i = 0; i < a.held_count; i++) {
            counts[dc3_dataset_label(d, a.held[i])]++;
            sides[dc3_dataset_group(d, a.held[i])] |= 1;
        }
        for (int64_t i = 0; i < a.trained_count; i++) sides[dc3_dataset_group(d, a.trained[i])] |= 2;
        for (int k = 1; k <= dc3_dataset_groups(d); k++) assert_true(sides[k] != 3);
        assert_true(counts[0] >= 10 && counts[0] <= 18); /* of 14 */
        assert_true(counts[1] >= 2 && counts[1] <= 8);   /* of 5 */
        assert_true(counts[2] < each[2] && counts[3] == 0);
        dc3_held_out_free(&a), dc3_held_out_free(&again);
    }
    dc3_dataset_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stratified), cmocka_unit_test(groups_stay_together),
                                       cmocka_unit_test(small_parts), cmocka_unit_test(images_of_a_part)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
