/* Tars that are written and gone through: names, sizes around a block, damage; also those of
 * tests/support/tar.h. */
#include "support/random_tensors.h"
#include "support/tar.h"
#include "io/ustar.h"

#include <stdlib.h>
#include <unistd.h>

enum { FOLDER = DC3_USTAR_FOLDER, BASE = DC3_USTAR_BASE };

static char place[64];

static const char *tar_path(void)
{
    snprintf(place, sizeof place, "ustar-%ld.tar", (long)getpid());
    return place;
}

/* FOLDER times `f`, "/", BASE times `b`. */
static const char *long_name(int folder, int base)
{
    static char name[FOLDER + BASE + 8];
    memset(name, 'f', (size_t)folder);
    name[folder] = '/';
    memset(name + folder + 1, 'b', (size_t)base);
    name[folder + 1 + base] = 0;
    return name;
}

static void round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 511, 512, 513, 5000};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    static char data[5000];
    dc3_growing file;
    dc3_ustar tar;
    int found;
    for (size_t i = 0; i < sizeof data; i++) data[i] = (char)(i * 7 + i / 256);
    assert_int_equal(dc3_file_begin(tar_path(), &file), DC3_OK);
    double bytes = DC3_USTAR_END;
    for (int i = 0; i < COUNT; i++) {
        char name[40];
        snprintf(name, sizeof name, i % 2 ? "%d.cls" : "caf\xc3\xa9 v.2/%d.webp", i);
        assert_int_equal(dc3_ustar_add(&file, name, data, sizes[i]), DC3_OK);
        bytes += dc3_ustar_takes((double)sizes[i]);
    }
    assert_int_equal(dc3_ustar_add(&file, long_name(FOLDER, BASE), "x", 1), DC3_OK);
    assert_int_equal(dc3_ustar_add(&file, long_name(FOLDER + 1, 1), "x", 1), DC3_ERR_ARGUMENT);
    assert_int_equal(dc3_ustar_add(&file, long_name(1, BASE + 1), "x", 1), DC3_ERR_ARGUMENT);
    assert_int_equal(dc3_ustar_finish(&file), DC3_OK);
    assert_int_equal(dc3_file_end(&file, DC3_OK), DC3_OK);
    char *whole;
    size_t size;
    assert_int_equal(dc3_file_read(tar_path(), 1 << 20, &whole, &size), DC3_OK);
    assert_true((double)size == bytes + dc3_ustar_takes(1));
    free(whole);

    assert_int_equal(dc3_ustar_open(tar_path(), &tar), DC3_OK);
    for (int i = 0; i < COUNT; i++) {
        char name[40], *contents;
        snprintf(name, sizeof name, i % 2 ? "%d.cls" : "caf\xc3\xa9 v.2/%d.webp", i);
        assert_int_equal(dc3_ustar_next(&tar, &found), DC3_OK);
        assert_true(found && tar.size == sizes[i]);
        assert_string_equal(tar.name, name);
        assert_int_equal(dc3_ustar_read(&tar, 5000, &contents), DC3_OK);
        assert_memory_equal(contents, data, sizes[i]);
        assert_int_equal(contents[sizes[i]], 0);
        free(contents);
        if (sizes[i]) assert_int_equal(dc3_ustar_read(&tar, sizes[i] - 1, &contents), DC3_ERR_FORMAT);
    }
    assert_int_equal(dc3_ustar_next(&tar, &found), DC3_OK);
    assert_string_equal(tar.name, long_name(FOLDER, BASE));
    assert_int_equal(dc3_ustar_next(&tar, &found), DC3_OK);
    assert_false(found);
    dc3_ustar_close(&tar);
    unlink(tar_path());
}

/* The status of going through a tar, and how many members that finds. */
static dc3_status walk(const void *data, size_t size, int *members)
{
    dc3_ustar tar;
    int found = 1;
    *members = 0;
    assert_int_equal(dc3_file_write(tar_path(), data, size), DC3_OK);
    assert_int_equal(dc3_ustar_open(tar_path(), &tar), DC3_OK);
    dc3_status status = DC3_OK;
    while (status == DC3_OK && found) {
        status = dc3_ustar_next(&tar, &found);
        *members += status == DC3_OK && found;
    }
    dc3_ustar_close(&tar);
    unlink(tar_path());
    return status;
}

static void damage(void **state)
{
    (void)state;
    static char tar[1 << 13];
    int members;
    memset(tar, 0, sizeof tar);
    size_t second = dc3_test_tar_member(tar, 0, "a/1.png", "12345", 5);
    size_t end = dc3_test_tar_member(tar, second, "a/1.cls", "0", 1);
    assert_int_equal(walk(tar, end + DC3_USTAR_END, &members), DC3_OK);
    assert_int_equal(members, 2);
    /* A folder and a link are passed over. */
    tar[second + 156] = '5';
    memset(tar + second + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++) sum += (unsigned char)tar[second + (size_t)i];
    snprintf(tar + second + 148, 8, "%06o", sum);
    assert_int_equal(walk(tar, end + DC3_USTAR_END, &members), DC3_OK);
    assert_int_equal(members, 1);
    /* A bit of a header, and a file that ends before its last blocks. */
    tar[second + 3] ^= 1;
    assert_int_equal(walk(tar, end + DC3_USTAR_END, &members), DC3_ERR_FORMAT);
    assert_int_equal(members, 1);
    tar[second + 3] ^= 1;
    for (size_t size = 0; size < end; size += 100) {
        assert_int_equal(walk(tar, size, &members), DC3_ERR_FORMAT);
        assert_true(members <= 1);
    }
    /* No number for a size. */
    tar[124] = 'x';
    assert_int_equal(walk(tar, end + DC3_USTAR_END, &members), DC3_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(damage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
