#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "base/file.h"
#include "base/lock.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/row_store.h"
#include "dc3/text.h"
#include "io/json.h"
#include "tensor/table.h"

static void rng_depends_on_key_only(void **state)
{
    (void)state;
    dc3_rng a = dc3_rng_make(7, DC3_RNG_TEST, 3), b = dc3_rng_make(7, DC3_RNG_TEST, 3);
    dc3_rng c = dc3_rng_make(7, DC3_RNG_NOISE, 3), d = dc3_rng_make(7, DC3_RNG_TEST, 4);
    uint32_t first = dc3_rng_u32(&a);
    assert_int_equal(first, dc3_rng_u32(&b));
    assert_int_not_equal(first, dc3_rng_u32(&c));
    assert_int_not_equal(first, dc3_rng_u32(&d));
}

static void rng_normal_moments(void **state)
{
    (void)state;
    enum { N = 100001 };
    float *x = malloc(N * sizeof *x);
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 0);
    dc3_rng_normal(&rng, x, N);
    double sum = 0, square = 0;
    for (int i = 0; i < N; i++) sum += x[i], square += (double)x[i] * x[i];
    assert_true(fabs(sum / N) < 0.015); /* 4.7 standard errors */
    assert_true(fabs(square / N - 1) < 0.02);
    free(x);
}

static void file_round_trip(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *deep = dc3_path_join(folder, "a/b"), *path = dc3_path_join(folder, "a/b/c.txt"), *data;
    size_t size;
    assert_int_equal(dc3_make_dirs(deep), DC3_OK);
    assert_int_equal(dc3_file_write(path, "hello", 5), DC3_OK);
    assert_int_equal(dc3_file_read(path, 100, &data, &size), DC3_OK);
    assert_string_equal(data, "hello");
    free(data);
    assert_int_equal(dc3_file_read(path, 4, &data, &size), DC3_ERR_FORMAT);
    assert_int_equal(dc3_file_read(deep, 4, &data, &size), DC3_ERR_IO);
    assert_int_equal(dc3_file_write("/nowhere/x", "a", 1), DC3_ERR_IO);
    assert_non_null(strstr(dc3_error_text(), "/nowhere/x"));
    unlink(path);
    rmdir(deep);
    free(deep);
    free(path);
}

/* One that a process of the same number left beside a file's place leads to a file that is somebody's. */
static void links_beside_are_not_written_through(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-test-XXXXXX", aside[64], *data;
    size_t size;
    assert_non_null(mkdtemp(folder));
    snprintf(aside, sizeof aside, "%s/new.%ld.part", folder, (long)getpid());
    char *original = dc3_path_join(folder, "original"), *path = dc3_path_join(folder, "new");
    assert_int_equal(dc3_file_write(original, "kept", 4), DC3_OK);
    assert_int_equal(symlink(original, aside), 0);
    assert_int_equal(dc3_file_write(path, "hello", 5), DC3_OK);
    assert_int_equal(dc3_file_read(original, 100, &data, &size), DC3_OK);
    assert_string_equal(data, "kept");
    free(data);
    assert_false(dc3_path_is_link(path) || dc3_path_is_link(aside));
    unlink(path);
    unlink(original);
    rmdir(folder);
    free(path);
    free(original);
}

static void drafts_are_written_whole_or_not(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-test-XXXXXX", *data;
    assert_non_null(mkdtemp(folder));
    char *path = dc3_path_join(folder, "draft.txt");
    size_t size;
    dc3_draft draft;
    assert_int_equal(dc3_draft_open(&draft), DC3_OK);
    for (int i = 0; i < 3; i++) fprintf(draft.file, "%d\n", i);
    assert_int_equal(dc3_path_what(path), DC3_PATH_MISSING);
    assert_int_equal(dc3_draft_write(&draft, DC3_OK, path), DC3_OK);
    assert_int_equal(dc3_file_read(path, 100, &data, &size), DC3_OK);
    assert_string_equal(data, "0\n1\n2\n");
    free(data);
    unlink(path);
    assert_int_equal(dc3_draft_open(&draft), DC3_OK);
    assert_int_equal(dc3_draft_write(&draft, DC3_ERR_CANCELLED, path), DC3_ERR_CANCELLED);
    draft = (dc3_draft){0};
    assert_int_equal(dc3_draft_write(&draft, DC3_ERR_MEMORY, path), DC3_ERR_MEMORY);
    assert_int_equal(dc3_path_what(path), DC3_PATH_MISSING);
    rmdir(folder);
    free(path);
}

static void half_floats_round_trip(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        float f = dc3_from_f16((uint16_t)bits), b = dc3_from_bf16((uint16_t)bits);
        if (!isnan(f)) assert_int_equal(dc3_to_f16(f), bits);
        if (!isnan(b)) assert_int_equal(dc3_to_bf16(b), bits);
    }
    assert_int_equal(dc3_to_f16(65519.0f), 0x7bff);
    assert_int_equal(dc3_to_f16(65520.0f), 0x7c00);
    assert_int_equal(dc3_to_f16(0x1p-25f), 0); /* a tie goes to even */
    assert_int_equal(dc3_to_f16(0x1.8p-24f), 2);
}

static void table_finds_and_names(void **state)
{
    (void)state;
    dc3_table *table = dc3_table_new("file.x");
    float data[6] = {0};
    char name[16];
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "w%d", i);
        assert_int_equal(dc3_table_add(table, name, dc3_view(data, DC3_F32, 2, (int64_t[]){2, 3})), DC3_OK);
    }
    assert_int_equal(dc3_table_add(table, "w3", dc3_view(data, DC3_F32, 1, (int64_t[]){6})), DC3_ERR_FORMAT);
    const dc3_tensor *t;
    assert_int_equal(dc3_table_get(table, "w499", 2, (int64_t[]){2, -1}, &t), DC3_OK);
    assert_int_equal(dc3_table_get(table, "w499", 2, (int64_t[]){3, 2}, &t), DC3_ERR_FORMAT);
    assert_string_equal(dc3_error_text(), "file.x: tensor 'w499' should have shape [3, 2], has [2, 3]");
    assert_null(dc3_table_find(table, "nothing"));
    dc3_table_close(&table);
    assert_null(table);
}

static void parts_of_files_are_recognised_by_name(void **state)
{
    (void)state;
    static const char *const are[] = {"a.png.1.part", "dc3.json.12345.part"};
    static const char *const are_not[] = {"a.part",  "a.png", ".1.part", "a.1x.part",
                                          "a1.part", ".part", "",        "a.1.parts"};
    for (size_t i = 0; i < sizeof are / sizeof *are; i++) assert_true(dc3_is_part_name(are[i]));
    for (size_t i = 0; i < sizeof are_not / sizeof *are_not; i++) assert_false(dc3_is_part_name(are_not[i]));
}

/* In a process of its own, whose limits may change. */
static int child(int (*test)(const char *), const char *folder)
{
    int status = -1;
    pid_t process = fork();
    if (process == 0) _exit(test(folder));
    waitpid(process, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

enum { NO_LIMITS = 77 };

static int checks_memory(const char *unused)
{
    (void)unused;
    if (dc3_check_memory(1e6) != DC3_OK || dc3_check_memory(1e18) != DC3_ERR_MEMORY) return 1;
    if (!strstr(dc3_error_text(), "control group")) return 2;
#if defined(DC3_TSAN)
    return 0; /* which takes more than that of the address space */
#endif
    struct rlimit space = {.rlim_cur = (rlim_t)64 << 40,
                           .rlim_max = RLIM_INFINITY}; /* more than sanitizers take */
    if (setrlimit(RLIMIT_AS, &space) != 0 || dc3_check_memory(1e6) != DC3_OK) return 3;
    struct rlimit now;
    if (getrlimit(RLIMIT_AS, &now) == 0 && now.rlim_cur != space.rlim_cur) return NO_LIMITS;
    if (dc3_check_memory(65.0 * (1ull << 40)) != DC3_ERR_MEMORY) return 4;
    return strstr(dc3_error_text(), "ulimit -v") ? 0 : 5;
}

/* Resident memory of this process in bytes. */
static long resident(void)
{
    long pages = 0, all;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &all, &pages), 2);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* 32 MB of rows in memory, and in a file whose pages are let go of as they are read. */
static void stored_rows_come_back(void **state)
{
    (void)state;
    enum { ROWS = 8000, COLUMNS = 1001, LEFT = 8 << 20 };
    char folder[] = "/tmp/dc3-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    float row[COLUMNS] = {0};
    for (int in_file = 0; in_file < 2; in_file++) {
        dc3_row_store *store;
        const void *rows;
        long before = resident();
        assert_int_equal(dc3_row_store_open(folder, ROWS, sizeof row, in_file ? 1 << 20 : 1 << 30, &store),
                         DC3_OK);
        for (int i = 0; i < ROWS; i++) {
            row[0] = (float)i, row[COLUMNS - 1] = (float)-i;
            assert_int_equal(dc3_row_store_append(store, row), DC3_OK);
        }
        assert_int_equal(rmdir(folder), 0); /* the file has no name */
        assert_int_equal(mkdir(folder, 0700), 0);
        assert_int_equal(dc3_row_store_read(store, &rows), DC3_OK);
        for (int i = 0; i < ROWS; i++) {
            const float *found = (const float *)rows + i * COLUMNS;
            assert_true(found[0] == (float)i && found[COLUMNS - 1] == (float)-i);
            if (i % 1000 == 999) dc3_map_forget(found - 999 * COLUMNS, 1000 * sizeof row);
        }
        long grown = resident() - before;
#if defined(DC3_TSAN)
        grown = in_file ? 0 : (long)(ROWS * sizeof row); /* it has memory of its own for each address */
#endif
        if (in_file)
            assert_true(grown < LEFT);
        else
            assert_true(grown > (long)(ROWS * sizeof row) - LEFT);
        dc3_row_store_close(&store);
        assert_null(store);
    }
    dc3_row_store *store;
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(dc3_row_store_open(folder, 10, 1 << 20, 1 << 20, &store), DC3_ERR_IO);
    assert_non_null(strstr(dc3_error_text(), folder));
    assert_non_null(strstr(dc3_error_text(), "0.01 GB"));
    assert_null(store);
}

static void memory_is_checked(void **state)
{
    (void)state;
    int found = child(checks_memory, "");
    if (found == NO_LIMITS)
        print_message("not tried: limits of the address space, which qemu does not keep\n");
    assert_true(found == 0 || found == NO_LIMITS);
}

static int is_locked_out(const char *folder)
{
    char who[200];
    dc3_lock lock;
    if (!dc3_lock_holder(folder, who, sizeof who) || !strstr(who, "process ")) return 1;
    if (dc3_lock_take(folder, NULL, &lock) != DC3_ERR_BUSY || !strstr(dc3_error_text(), who)) return 2;
    return lock.path ? 3 : 0;
}

static int locks_and_dies(const char *folder)
{
    dc3_lock lock;
    return dc3_lock_take(folder, NULL, &lock) == DC3_OK ? 0 : 1; /* and does not release it */
}

static void locks_die_with_their_holder(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-lock-XXXXXX", who[200];
    dc3_lock lock;
    assert_non_null(mkdtemp(folder));
    assert_false(dc3_lock_holder(folder, who, sizeof who));
    assert_int_equal(child(locks_and_dies, folder), 0);
    assert_false(dc3_lock_holder(folder, who, sizeof who));
    assert_int_equal(dc3_lock_take(folder, NULL, &lock), DC3_OK);
    assert_int_equal(child(is_locked_out, folder), 0);
    dc3_lock_release(&lock);
    assert_false(dc3_lock_holder(folder, who, sizeof who));
    assert_int_equal(dc3_lock_take(folder, NULL, &lock), DC3_OK);
    dc3_lock_release(&lock);
    assert_int_equal(rmdir(folder), 0); /* nothing is left in it */
}

/* The lines so far, each behind a '|'; those after the one with an 'x' are not wanted. */
typedef struct heard {
    char text[64];
    int lines;
} heard;

static dc3_status hear(void *user, const char *line, size_t length)
{
    heard *h = user;
    size_t used = strlen(h->text);
    assert_int_equal(line[length], 0);
    snprintf(h->text + used, sizeof h->text - used, "|%zu:%s", length, line);
    h->lines++;
    return *line == 'x' ? dc3_fail(DC3_ERR_ARGUMENT, "enough") : DC3_OK;
}

static dc3_status count_object(void *user, json_t *line)
{
    *(json_int_t *)user += json_integer_value(json_object_get(line, "label"));
    return DC3_OK;
}

/* Whatever a file has many of is not held together. */
static void lines_come_one_at_a_time(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t size;
        const char *heard;
        dc3_status status;
    } files[] = {{"", 0, "", DC3_OK},
                 {"a\n", 2, "|1:a", DC3_OK},
                 {"a\n\nbcd\nlast", 10, "|1:a|0:|3:bcd|3:las", DC3_OK},
                 {"a\0b\n", 4, "|3:a", DC3_OK},
                 {"a\nabcd\n", 7, "|1:a", DC3_ERR_FORMAT},
                 {"a\nx\nb\n", 6, "|1:a|1:x", DC3_ERR_ARGUMENT}};
    enum { LINES = 100000, MOST = 8 << 20 };
    char path[] = "/tmp/dc3-lines-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        heard h = {"", 0};
        assert_int_equal(dc3_file_write(path, files[i].file, files[i].size), DC3_OK);
        assert_int_equal(dc3_file_each_line(path, 3, hear, &h), files[i].status);
        assert_string_equal(h.text, files[i].heard);
        if (files[i].status == DC3_ERR_FORMAT)
            assert_non_null(strstr(dc3_error_text(), ": line 2: longer than the limit of 3 bytes"));
    }
    FILE *many = fopen(path, "w");
    for (int i = 0; i < LINES; i++)
        fprintf(many, "{\"file_name\": \"a/%d.png\", \"label\": 1}\n%s", i, i % 7 ? "" : "\n");
    fclose(many);
    json_int_t sum = 0;
    long before = resident();
    assert_int_equal(dc3_json_each_line(path, 100, count_object, &sum), DC3_OK);
    assert_int_equal(sum, LINES);
#if !defined(DC3_TSAN) && !defined(__SANITIZE_ADDRESS__) /* which keep what was freed */
    assert_true(resident() - before < MOST);
#endif
    (void)before;
    assert_int_equal(unlink(path), 0);
    heard h = {"", 0};
    assert_int_equal(dc3_file_each_line(path, 3, hear, &h), DC3_ERR_IO);
}

/* No two sizes have the same, and round ones are as short as others. */
static void sizes_that_are_names(void **state)
{
    (void)state;
    static const struct {
        double bytes;
        const char *text;
    } wanted[] = {{0, "0 bytes"},
                  {999, "999 bytes"},
                  {1000, "1.0 kB"},
                  {4000, "4.0 kB"},
                  {4001, "4.001 kB"},
                  {29950, "29.95 kB"},
                  {999999, "999.999 kB"},
                  {1e6, "1.0 MB"},
                  {1000010, "1.00001 MB"},
                  {123456789012, "123.456789012 GB"},
                  {999999999999999, "999.999999999999 TB"},
                  {1e15, "1000.0 TB"},
                  {3e16, "30000.0 TB"}};
    char text[DC3_NUMBER_TEXT];
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_string_equal(dc3_exact_size_text(wanted[i].bytes, text), wanted[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rng_depends_on_key_only),
        cmocka_unit_test(rng_normal_moments),
        cmocka_unit_test(file_round_trip),
        cmocka_unit_test(links_beside_are_not_written_through),
        cmocka_unit_test(drafts_are_written_whole_or_not),
        cmocka_unit_test(half_floats_round_trip),
        cmocka_unit_test(table_finds_and_names),
        cmocka_unit_test(parts_of_files_are_recognised_by_name),
        cmocka_unit_test(stored_rows_come_back),
        cmocka_unit_test(lines_come_one_at_a_time),
        cmocka_unit_test(sizes_that_are_names),
        cmocka_unit_test(memory_is_checked),
        cmocka_unit_test(locks_die_with_their_holder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
