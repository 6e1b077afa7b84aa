/* No image file of at most 10 kB takes more than 150 MB, whatever its shape and format and to whatever size
 * it is brought, nor a processor for long. Each file is made and read by processes of their own, so that
 * peaks of memory are theirs. */
#include "support/random_tensors.h"
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vips/vips.h>
#include "io/image.h"
#include "views/resample.h"

enum { SMALL = 10000, MOST_MB = 150 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

/* For all reads of a form: three shapes in three views, and one as it is tested. */
#ifdef DC3_EMULATED
enum { CPU_SECONDS = 100 };
#else
enum { CPU_SECONDS = SANITIZED ? 30 : 3 };
#endif

/* An image of zeros, the ending and options that libvips saves it by, and the side of a large square: it
 * takes about 10 kB, or is the largest that is read of so small a file. */
typedef struct made {
    const char *name; /* ".png[...]" */
    int bands;
    VipsBandFormat format;
    int side;
    VipsInterpretation type; /* 0: by the others */
} made;

static const made forms[] = {
    {".png[compression=9]", 3, VIPS_FORMAT_UCHAR, 1780, 0},
    {".png[compression=9]", 4, VIPS_FORMAT_UCHAR, 1550, 0},
    {".png[compression=9]", 3, VIPS_FORMAT_USHORT, 1250, 0},
    {".png[compression=9,interlace]", 1, VIPS_FORMAT_UCHAR, 3000, 0},
    {".png[compression=9,bitdepth=1]", 1, VIPS_FORMAT_UCHAR, 3300, 0},
    {".jpg[interlace,optimize-coding]", 3, VIPS_FORMAT_UCHAR, 1200, 0},
    {".jpg[optimize-coding]", 1, VIPS_FORMAT_UCHAR, 1500, 0},
    {".webp[lossless]", 3, VIPS_FORMAT_UCHAR, 2360, 0},
    {".webp[lossless]", 4, VIPS_FORMAT_UCHAR, 2040, 0},
    {".gif", 3, VIPS_FORMAT_UCHAR, 2000, 0},
    {".tif[compression=deflate]", 3, VIPS_FORMAT_UCHAR, 1450, 0},
    {".tif[compression=zstd]", 3, VIPS_FORMAT_UCHAR, 2600, 0},
    {".tif[compression=zstd]", 4, VIPS_FORMAT_FLOAT, 1440, 0},
    {".tif[compression=zstd,tile,tile-width=1024,tile-height=1024]", 1, VIPS_FORMAT_DOUBLE, 2048, 0},
    {".tif[compression=zstd]", 1, VIPS_FORMAT_UINT, 2800, 0},
    {".tif[compression=zstd]", 4, VIPS_FORMAT_UCHAR, 2890, VIPS_INTERPRETATION_CMYK},
    {".tif[compression=zstd]", 5, VIPS_FORMAT_UCHAR, 2590, VIPS_INTERPRETATION_CMYK},
    {".tif[compression=ccittfax4,bitdepth=1]", 1, VIPS_FORMAT_UCHAR, 3300, 0}};
enum { FORMS = sizeof forms / sizeof *forms };

/* 0: the form's square. */
static const struct {
    int width, height;
} shapes[] = {{4000, 1}, {1, 16000}, {0, 0}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const struct {
    int width, height;
    dc3_fit fit;
} views[] = {{0, 0, DC3_FIT_CROP}, {256, 256, DC3_FIT_CROP}, {64, 256, DC3_FIT_PAD}};
enum { VIEWS = sizeof views / sizeof *views };

/* The path of the file of a form and a shape; with the options where it is to be made. */
static const char *path_of(const char *folder, const made *form, int shape, int options)
{
    static char path[200];
    int length = (int)(options ? strlen(form->name) : strcspn(form->name, "["));
    snprintf(path, sizeof path, "%s/%d%.*s", folder, shape, length, form->name);
    return path;
}

static int make_one(const made *form, int shape, const char *path)
{
    VipsImage *zeros, *cast, *typed;
    int width = shapes[shape].width ? shapes[shape].width : form->side,
        height = shapes[shape].height ? shapes[shape].height : form->side;
    VipsInterpretation type = form->format == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_RGB16
                              : form->bands < 3                  ? VIPS_INTERPRETATION_B_W
                                                                 : VIPS_INTERPRETATION_sRGB;
    if (form->type) type = form->type;
    return vips_black(&zeros, width, height, "bands", form->bands, NULL) ||
           vips_cast(zeros, &cast, form->format, NULL) ||
           vips_copy(cast, &typed, "interpretation", type, NULL) ||
           vips_image_write_to_file(typed, path, NULL);
}

/* A file of each shape, of at most SMALL bytes. */
static void make(const char *folder, const made *form)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        int failed = VIPS_INIT("test");
        for (int i = 0; i < SHAPES && !failed; i++) failed = make_one(form, i, path_of(folder, form, i, 1));
        _exit(failed);
    }
    waitpid(child, &status, 0);
    if (status) fail_msg("%s cannot be made", form->name);
    for (int i = 0; i < SHAPES; i++) {
        struct stat info;
        assert_int_equal(stat(path_of(folder, form, i, 0), &info), 0);
        if (info.st_size > SMALL) fail_msg("%s, shape %d: %ld bytes", form->name, i, (long)info.st_size);
    }
}

/* Reads a file in all views, and as evaluation tests it; 0 if that is possible. */
static int read_all(const char *path)
{
    dc3_image image, test;
    int failed = 0;
    for (int i = 0; i < VIEWS && !failed; i++) {
        failed = dc3_image_read(path, views[i].width, views[i].height, views[i].fit, &image) != DC3_OK;
        if (!failed && !i) failed = dc3_test_image(&image, 224, &test) != DC3_OK;
        if (!failed && !i) dc3_image_free(&test);
        dc3_image_free(&image);
    }
    return failed;
}

/* After each shape, MB above what a small image takes. */
static void measure(const char *folder, const made *form, long peaks[SHAPES])
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rusage before, after;
        uint8_t pixel[3] = {0};
        dc3_image one = {1, 1, pixel}, four;
        setrlimit(RLIMIT_CPU, &(struct rlimit){CPU_SECONDS, CPU_SECONDS});
        int failed = dc3_image_resize(&one, 2, 2, DC3_FIT_CROP, &four) != DC3_OK;
        getrusage(RUSAGE_SELF, &before);
        for (int i = 0; i < SHAPES && !failed; i++) {
            failed = read_all(path_of(folder, form, i, 0));
            getrusage(RUSAGE_SELF, &after);
            peaks[i] = (after.ru_maxrss - before.ru_maxrss) / 1024;
        }
        if (failed) fprintf(stderr, "%s\n", dc3_error_text());
        ssize_t size = SHAPES * sizeof *peaks;
        _exit(failed || write(ends[1], peaks, (size_t)size) != size);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], peaks, SHAPES * sizeof *peaks);
    close(ends[0]);
    waitpid(child, &status, 0);
    if (status || got != SHAPES * sizeof *peaks) fail_msg("%s: ended with status %d", form->name, status);
}

static void small_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/dc3-limits-XXXXXX";
    assert_non_null(mkdtemp(folder));
    for (int f = 0; f < FORMS; f++) {
        long peaks[SHAPES];
        make(folder, &forms[f]);
        measure(folder, &forms[f], peaks);
        for (int i = 0; i < SHAPES; i++) {
            if (peaks[i] > MOST_MB && !SANITIZED)
                fail_msg("%s, %d bands, shape %d: %ld MB", forms[f].name, forms[f].bands, i, peaks[i]);
            unlink(path_of(folder, &forms[f], i, 0));
        }
    }
    rmdir(folder);
}

/* The middle is what a crop takes of a long line, whichever way it is scaled. */
static void middle_of_lines(void **state)
{
    (void)state;
    enum { LENGTH = 4001, SIDE = 64 };
    static uint8_t pixels[LENGTH * 3];
    for (int i = 0; i < LENGTH; i++) pixels[3 * i] = i == LENGTH / 2 ? 200 : 50;
    for (int upright = 0; upright < 2; upright++) {
        dc3_image line = {upright ? 1 : LENGTH, upright ? LENGTH : 1, pixels}, square;
        assert_int_equal(dc3_image_resize(&line, SIDE, SIDE, DC3_FIT_CROP, &square), DC3_OK);
        for (int i = 0; i < SIDE; i++) { /* of the one pixel in the middle, brightest in its own middle */
            int from_middle = abs(2 * i - SIDE + 1) / 2, at = upright ? i * SIDE + 5 : 5 * SIDE + i;
            int red = square.pixels[3 * at];
            if (from_middle < SIDE / 8) assert_in_range(red, 180, 220);
            if (from_middle > SIDE / 2 - 3) assert_in_range(red, 90, 160);
            assert_int_equal(square.pixels[3 * at + 1], 0);
        }
        dc3_image_free(&square);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(small_files), cmocka_unit_test(middle_of_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
