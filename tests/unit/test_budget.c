/* Budgets: which format and labels are worth their bytes, and how images are divided over classes. */
#include "support/random_tensors.h"
#include "budget/cost.h"
#include "budget/leave.h"
#include "budget/rule.h"
#include "budget/spread.h"

/* All ways to give out `total`: what dc3_spread gives is compared with taking one after the other from the
 * class that has given least, the first of equals. */
static void one_after_the_other(int64_t total, int classes, const int64_t *have, int64_t *give)
{
    for (int i = 0; i < classes; i++) give[i] = 0;
    for (; total > 0; total--) {
        int next = -1;
        for (int i = 0; i < classes; i++)
            if (give[i] < have[i] && (next < 0 || give[i] < give[next])) next = i;
        if (next < 0) return;
        give[next]++;
    }
}

static void spreads(void **state)
{
    (void)state;
    enum { CLASSES = 7 };
    for (uint64_t seed = 0; seed < 300; seed++) {
        int64_t have[CLASSES], found[CLASSES], wanted[CLASSES], sum = 0, most = 0;
        for (int i = 0; i < CLASSES; i++)
            sum += have[i] = (int64_t)(dc3_hash64(&(uint64_t[]){seed, (uint64_t)i}, 16) % 12);
        for (int64_t total = 0; total <= sum + 2; total++) {
            int64_t said = dc3_spread(total, CLASSES, have, found);
            one_after_the_other(total, CLASSES, have, wanted);
            assert_memory_equal(found, wanted, sizeof found);
            most = 0;
            for (int i = 0; i < CLASSES; i++) most = wanted[i] > most ? wanted[i] : most;
            assert_int_equal(said, most);
        }
    }
}

static dc3_offer offer(dc3_image_format format, int quality, double bytes)
{
    return (dc3_offer){{format, quality, DC3_CHROMA_444}, {0, 0}, bytes};
}

static double score(dc3_coding coding, double each)
{
    const dc3_offer one = {coding, {0, 0}, 1};
    return dc3_budget_score(&one, each);
}

/* More images are worth more, and so is less loss; formats that the rule does not offer lie between those. */
static void scores(void **state)
{
    (void)state;
    for (int i = 0; i < DC3_OFFERS; i++) {
        assert_true(score(dc3_budget_codings[i], 11) > score(dc3_budget_codings[i], 10));
        if (i) assert_true(score(dc3_budget_codings[i], 10) >= score(dc3_budget_codings[i - 1], 10));
    }
    for (int quality = 1; quality < 100; quality++)
        assert_true(score((dc3_coding){DC3_WEBP, quality + 1, 0}, 3) >=
                    score((dc3_coding){DC3_WEBP, quality, 0}, 3));
}

/* More bits are worth no less. */
static void scores_of_labels(void **state)
{
    (void)state;
    dc3_precision list[DC3_OFFER_PRECISIONS];
    int count = dc3_budget_precisions(list);
    for (int i = 1; i < count; i++) {
        dc3_offer finer = offer(DC3_WEBP, 30, 1), coarser = finer;
        finer.labels = list[i - 1], coarser.labels = list[i];
        assert_true(dc3_budget_score(&finer, 5) >= dc3_budget_score(&coarser, 5));
    }
}

static dc3_purpose purpose(double budget, double once, int64_t most)
{
    return (dc3_purpose){.budget = budget, .once = once, .classes = 10, .most = most};
}

static void choices(void **state)
{
    (void)state;
    /* Bytes of 40 images of CIFAR-10 of 32 pixels with 120 bytes of metadata. */
    const dc3_offer cifar[] = {offer(DC3_WEBP, 20, 292), offer(DC3_WEBP, 30, 313), offer(DC3_WEBP, 50, 358),
                               offer(DC3_WEBP, 80, 480), offer(DC3_PNG, 0, 2970)};
    int which;
    int64_t images;
    dc3_purpose p = purpose(100000, 0, 50000);
    /* PNG holds a tenth of the images; it is not taken while there are more. */
    assert_int_equal(dc3_budget_choose(cifar, 5, &p, &which, &images), DC3_OK);
    assert_true(cifar[which].coding.format == DC3_WEBP);
    assert_int_equal(images, (int64_t)(100000 / cifar[which].bytes));
    /* Where all images fit, without loss. */
    p = purpose(4e6, 0, 1000);
    assert_int_equal(dc3_budget_choose(cifar, 5, &p, &which, &images), DC3_OK);
    assert_int_equal(which, 4);
    assert_int_equal(images, 1000);
    /* Where all fit with some loss only, as little of it as fits. */
    p = purpose(370e3, 0, 1000);
    assert_int_equal(dc3_budget_choose(cifar, 5, &p, &which, &images), DC3_OK);
    assert_int_equal(which, 2);
    assert_int_equal(images, 1000);
    /* One of each class, and a byte less. */
    p = purpose(2920, 0, 50000);
    assert_int_equal(dc3_budget_choose(cifar, 5, &p, &which, &images), DC3_OK);
    assert_true(which == 0 && images == 10);
    p.budget = 2919;
    assert_int_equal(dc3_budget_choose(cifar, 5, &p, &which, &images), DC3_ERR_ARGUMENT);
    assert_string_equal(dc3_error_text(), "2920 bytes");
    /* What is taken once is not there for images. */
    p = purpose(3420, 500, 50000);
    assert_int_equal(dc3_budget_choose(cifar, 5, &p, &which, &images), DC3_OK);
    assert_true(which == 0 && images == 10);
    p.budget = 3419;
    assert_int_equal(dc3_budget_choose(cifar, 5, &p, &which, &images), DC3_ERR_ARGUMENT);
    assert_string_equal(dc3_error_text(), "3420 bytes");
    p.budget = 400;
    assert_int_equal(dc3_budget_choose(cifar, 5, &p, &which, &images), DC3_ERR_ARGUMENT);
}

/* Labels of 100 views of 10 classes: with room for all of the finer ones these, with less the coarser. */
static void choices_of_labels(void **state)
{
    (void)state;
    int which;
    int64_t images;
    dc3_offer labelled[] = {offer(DC3_WEBP, 30, 313 + 4100), offer(DC3_WEBP, 30, 313 + 3500)};
    labelled[0].labels = (dc3_precision){16, 0}, labelled[1].labels = (dc3_precision){8, 0};
    dc3_purpose p = purpose(1e6, 0, 50000);
    assert_int_equal(dc3_budget_choose(labelled, 2, &p, &which, &images), DC3_OK);
    assert_int_equal(which, 1);
    p.most = 100;
    assert_int_equal(dc3_budget_choose(labelled, 2, &p, &which, &images), DC3_OK);
    assert_int_equal(which, 0);
}

/* Files have their lengths; members of a tar a block before them and whole blocks; labels name their images.
 */
static void costs(void **state)
{
    (void)state;
    const dc3_cost files = {.tar = 0}, tar = {.tar = 1, .shard = 1e5};
    const dc3_cost labels = {.tar = 1, .shard = 1e5, .labels = 310, .names = 2100};
    assert_true(dc3_cost_image(&files, 193) == 193 && dc3_cost_rest(&files, 120, 3, "a/0.webp") == 121);
    assert_true(dc3_cost_once(&files, 1e6) == 0);
    assert_true(dc3_cost_image(&tar, 512) == 1024 && dc3_cost_image(&tar, 513) == 1536);
    assert_true(dc3_cost_rest(&tar, 120, 3, "a/0.webp") == 2048);
    /* "train-000000.tar/a/0.webp", quoted, with a comma. */
    assert_true(dc3_cost_rest(&labels, 120, 3, "a/0.webp") == 2048 + 310 + 28);
    /* 21 tars at most in 1 MB: two after each other hold more than 100 kB. */
    assert_true(dc3_cost_once(&tar, 1e6) == 21 * 1024);
    assert_true(dc3_cost_once(&labels, 5e4) == 2 * 1024 + 2100);
}

static int64_t count_there(const dc3_stay *images, int64_t count, int label)
{
    int64_t there = 0;
    for (int64_t i = 0; i < count; i++) there += images[i].there && images[i].label == label;
    return there;
}

/* Class 0 in two bins, ranks 1 and 2 of each and a repeat; class 1 without ranks; class 2 of one image. */
static void leaves(void **state)
{
    (void)state;
    enum { COUNT = 9 };
    static const dc3_stay given[COUNT] = {{0, 1, 0, 1, 10}, {0, 2, 0, 1, 20}, {0, 1, 0, 1, 40},
                                          {0, 2, 0, 1, 80}, {0, 1, 1, 1, 5},  {1, 0, 0, 1, 7},
                                          {1, 0, 0, 0, 99}, {1, 0, 0, 1, 9},  {2, 0, 0, 1, 3}};
    static const double alike[3] = {1, 1, 1}, second[3] = {1, 4, 1};
    dc3_stay images[COUNT];
    double bytes;
    /* The repeat, then the last of rank 2. */
    memcpy(images, given, sizeof images);
    assert_int_equal(dc3_leave_beyond(images, COUNT, (const int64_t[]){3, 1, 1}), DC3_OK);
    assert_true(images[0].there && images[1].there && images[2].there && !images[3].there &&
                !images[4].there);
    assert_true(images[5].there && !images[7].there && images[8].there);
    /* 174 bytes are there, without the one of 99 that is not: nothing goes at 174. */
    memcpy(images, given, sizeof images);
    assert_int_equal(dc3_leave_until(images, COUNT, alike, 174, &bytes), DC3_OK);
    assert_true(bytes == 174);
    assert_memory_equal(images, given, sizeof images);
    /* The class of most gives the repeat (5), then rank 2 (80): 89 bytes. */
    assert_int_equal(dc3_leave_until(images, COUNT, alike, 173, &bytes), DC3_OK);
    assert_true(bytes == 169 && !images[4].there && images[3].there);
    assert_int_equal(dc3_leave_until(images, COUNT, alike, 89, &bytes), DC3_OK);
    assert_true(bytes == 89 && !images[3].there);
    /* A class that counts four times as much has fewer for it, until the other has one image left. */
    memcpy(images, given, sizeof images);
    assert_int_equal(dc3_leave_until(images, COUNT, second, 29, &bytes), DC3_OK);
    assert_true(bytes == 29 && count_there(images, COUNT, 0) == 1 && count_there(images, COUNT, 1) == 2);
    assert_int_equal(dc3_leave_until(images, COUNT, second, 28, &bytes), DC3_OK);
    assert_true(bytes == 20 && count_there(images, COUNT, 1) == 1);
    /* One of each stays, also where that is too much. */
    assert_int_equal(dc3_leave_until(images, COUNT, alike, 1, &bytes), DC3_OK);
    assert_true(bytes == 20 && images[0].there && images[5].there && images[8].there);
    for (int label = 0; label < 3; label++) assert_int_equal(count_there(images, COUNT, label), 1);
}

static void expect_shares(dc3_balance balance, int64_t total, int classes, const int64_t *have,
                          const int64_t *give)
{
    int64_t found[8], most = 0;
    for (int i = 0; i < classes; i++) most = give[i] > most ? give[i] : most;
    assert_int_equal(dc3_spread_by(balance, total, classes, have, found), most);
    for (int i = 0; i < classes; i++)
        if (found[i] != give[i])
            fail_msg("class %d: %lld, expected %lld", i, (long long)found[i], (long long)give[i]);
}

static void shares(void **state)
{
    (void)state;
    static const int64_t have[] = {100, 400, 1, 9}, tied[] = {10, 10, 10}, none[] = {50, 0, 50};
#define SHARES(balance, total, have, ...)                                                                    \
    expect_shares(balance, total, (int)(sizeof(have) / sizeof *(have)), have, (const int64_t[]){__VA_ARGS__})
    SHARES(DC3_BALANCE_EQUAL, 20, have, 7, 6, 1, 6);
    SHARES(DC3_BALANCE_PROPORTIONAL, 51, have, 10, 39, 1, 1);
    SHARES(DC3_BALANCE_PROPORTIONAL, 4, have, 1, 1, 1, 1);
    SHARES(DC3_BALANCE_PROPORTIONAL, 510, have, 100, 400, 1, 9);
    SHARES(DC3_BALANCE_SQRT, 34, have, 10, 20, 1, 3);
    SHARES(DC3_BALANCE_SQRT, 510, have, 100, 400, 1, 9);
    SHARES(DC3_BALANCE_SQRT, 509, have, 100, 399, 1, 9);
    SHARES(DC3_BALANCE_PROPORTIONAL, 8, tied, 3, 3, 2);
    SHARES(DC3_BALANCE_SQRT, 7, tied, 3, 2, 2);
    SHARES(DC3_BALANCE_PROPORTIONAL, 10, none, 5, 0, 5);
    /* Whatever the numbers: all of the total, within the bounds, and more for no smaller class. */
    for (int round = 0; round < 300; round++) {
        int64_t many[6], give[6], sum = 0, all = 0, live = 0;
        for (int i = 0; i < 6; i++)
            many[i] = (round * 7919 + i * 104729 + i * i * round) % (round % 7 ? 997 : 5), all += many[i],
            live += many[i] > 0;
        int64_t total = live + (all - live) * (round % 11) / 10;
        if (total > all) total = all;
        dc3_spread_by(round % 2 ? DC3_BALANCE_SQRT : DC3_BALANCE_PROPORTIONAL, total, 6, many, give);
        for (int i = 0; i < 6; i++) {
            sum += give[i];
            assert_true(give[i] <= many[i] && give[i] >= (many[i] > 0));
            for (int k = 0; k < 6; k++) assert_true(many[k] <= many[i] || give[k] + 1 >= give[i]);
        }
        assert_int_equal(sum, total);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(spreads),
                                       cmocka_unit_test(shares),
                                       cmocka_unit_test(scores),
                                       cmocka_unit_test(choices),
                                       cmocka_unit_test(scores_of_labels),
                                       cmocka_unit_test(choices_of_labels),
                                       cmocka_unit_test(costs),
                                       cmocka_unit_test(leaves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
