/* Where a command may write. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "io/image.h"
#include "output/around.h"
#include "output/output_path.h"

static const dc3_output_kind notes = {"notes",
                                      "text",
                                      (const char *const[]){".txt", ".md", NULL},
                                      (const char *const[]){"one", "two", NULL},
                                      (const char *const[]){"report.html", NULL},
                                      0};

static void write_text(const char *path, const char *text)
{
    assert_int_equal(dc3_file_write(path, text, strlen(text)), DC3_OK);
}

static void refused(const char *path, int force, const char *input, const char *text)
{
    char *place;
    dc3_input inputs[] = {{"nothing", NULL}, {"the input", input}};
    dc3_output_path output = {"out", path, &notes, force, inputs, 2, NULL};
    assert_int_equal(dc3_output_path_check(&output, &place), DC3_ERR_OPTION);
    assert_null(place);
    assert_string_equal(dc3_error_setting(), "out");
    if (!strstr(dc3_error_text(), text)) fail_msg("'%s' is not in: %s", text, dc3_error_text());
}

static void taken(const char *path, int force, const char *input, const char *expected)
{
    char *place;
    dc3_input inputs[] = {{"the input", input}};
    dc3_output_path output = {"out", path, &notes, force, inputs, 1, NULL};
    if (dc3_output_path_check(&output, &place) != DC3_OK) fail_msg("%s: %s", path, dc3_error_text());
    assert_string_equal(place, expected);
    free(place);
}

static int enter(void **state)
{
    char folder[] = "/tmp/dc3_output_XXXXXX";
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    char here[256], command[300];
    (void)state;
    if (!getcwd(here, sizeof here)) return -1;
    snprintf(command, sizeof command, "cd / && rm -rf '%s'", here);
    return system(command);
}

static void names(void **state)
{
    (void)state;
    taken("a.txt", 0, NULL, "a.txt");
    taken("a.MD", 0, NULL, "a.MD");
    taken("a", 0, NULL, "a");
    taken(".hidden", 0, NULL, ".hidden");
    assert_int_equal(mkdir("v1.2", 0777), 0);
    taken("./v1.2/../a.txt", 0, NULL, "./v1.2/../a.txt");
    refused("a.text", 1, NULL,
            "notes are written as text; expected a name that ends with .txt or .md, found a.text");
    refused("a.txt.gz", 1, NULL, "ends with .txt or .md");
    refused("", 1, NULL, "empty name");
    refused("missing/a.txt", 1, NULL, "found no folder missing");
    refused("v1.2", 1, NULL, "found the folder v1.2");
    refused("/dev/null", 1, NULL, "device or pipe");
}

static void inputs(void **state)
{
    (void)state;
    assert_int_equal(dc3_make_dirs("data/class/deep"), DC3_OK);
    write_text("photo.txt", "one two");
    assert_int_equal(link("photo.txt", "hard.txt"), 0);
    assert_int_equal(symlink("photo.txt", "soft.txt"), 0);
    assert_int_equal(symlink("soft.txt", "softer.txt"), 0);
    static const char *const same[] = {"photo.txt", "./photo.txt", "data/../photo.txt", "hard.txt",
                                       "softer.txt"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        refused(same[i], 1, "photo.txt", "apart from the input");
    static const char *const within[] = {"data/a.txt", "data/class/deep/a.txt", "data/../data/a.txt"};
    for (size_t i = 0; i < sizeof within / sizeof *within; i++)
        refused(within[i], 1, "data/class/..", "which lies in data/class/..");
    taken("beside.txt", 0, "photo.txt", "beside.txt");
    taken("data.txt", 0, "data", "data.txt");
    /* A file that the dataset has by a hard link or by a link; a folder that it has by a link. */
    assert_int_equal(link("photo.txt", "data/class/image"), 0);
    refused("photo.txt", 1, "data", "is where a link leads in data");
    assert_int_equal(unlink("data/class/image"), 0);
    assert_int_equal(symlink("../../photo.txt", "data/class/image"), 0);
    refused("hard.txt", 1, "data", "is where a link leads in data");
    assert_int_equal(dc3_make_dirs("far/away"), DC3_OK);
    assert_int_equal(symlink("../far", "data/more"), 0);
    refused("far/away/new.txt", 1, "data", "is where a link leads in data");
    /* A link back to a folder above the dataset does not make everything there part of it. */
    assert_int_equal(symlink("../..", "data/class/up"), 0);
    taken("beside.txt", 0, "data", "beside.txt");
    taken("gone.txt", 0, "no such input", "gone.txt");
}

static void what_is_there(void **state)
{
    (void)state;
    write_text("other.txt", "some body else's");
    write_text("half.txt", "one");
    write_text("own.txt", "two and one");
    write_text("empty.txt", "");
    refused("other.txt", 0, NULL, "not known as notes that dc3 wrote; choose another name, or give force");
    refused("half.txt", 0, NULL, "not known as notes");
    taken("other.txt", 1, NULL, "other.txt");
    taken("own.txt", 0, NULL, "own.txt");
    taken("empty.txt", 0, NULL, "empty.txt");
    assert_int_equal(symlink("new/target.txt", "link.txt"), 0);
    refused("link.txt", 0, NULL, "found no folder ./new");
    assert_int_equal(dc3_make_dirs("new"), DC3_OK);
    taken("link.txt", 0, NULL, "./new/target.txt");
    write_text("new/target.txt", "foreign");
    refused("link.txt", 0, NULL, "not known as notes");
    assert_int_equal(symlink("loop.txt", "loop.txt"), 0);
    refused("loop.txt", 1, NULL, "loop.txt");
}

static void folders(void **state)
{
    (void)state;
    dc3_input data = {"the dataset", "data"};
    assert_int_equal(dc3_make_dirs("data/class"), DC3_OK);
    static const char *const bad[] = {"data", "data/out", "data/class/../out/more", ".", "data/.."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(dc3_output_folder_check("out", bad[i], &data, 1), DC3_ERR_ARGUMENT);
        assert_non_null(strstr(dc3_error_text(), "apart from the dataset"));
    }
    static const char *const good[] = {"out", "data2", "not/yet/there"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(dc3_output_folder_check("out", good[i], &data, 1), DC3_OK);
    write_text("file", "x");
    assert_int_equal(dc3_output_folder_check("out", "file/out", &data, 1), DC3_ERR_OPTION);
}

/* Files, made with the folders above them; "own" images are marked as dc3 edit marks them. */
static void make(const char *const *paths)
{
    for (; *paths; paths++) {
        char *path = strdup(*paths), *slash = strrchr(path, '/');
        *slash = 0;
        assert_int_equal(dc3_make_dirs(path), DC3_OK);
        write_text(*paths, strstr(*paths, "own") ? dc3_image_output.marks[0] : "x");
        free(path);
    }
}

/* What is written into `folder` lies in the dataset `root`, or in none if that is NULL. */
static void lies(const char *folder, const char *root)
{
    dc3_around around;
    assert_int_equal(dc3_find_around(folder, &around), DC3_OK);
    char *real = root ? dc3_path_real(root) : NULL;
    if (!around.path != !real || (real && strcmp(real, around.path) != 0))
        fail_msg("%s: expected %s, found %s", folder, real ? real : "none",
                 around.path ? around.path : "none");
    free(real);
    dc3_around_free(&around);
}

/* Layouts that people have, and where something may be put in them. */
static void datasets_around(void **state)
{
    (void)state;
    /* A dataset with parts: into a class, below one, beside the classes, as a new folder there; beside the
     * parts. */
    make((const char *const[]){"nette/train/cat/1.jpg", "nette/train/cat/2.jpg", "nette/train/dog/1.jpg",
                               "nette/val/cat/1.jpg", "nette/val/dog/1.jpg", "nette/val/.DS_Store",
                               "nette/val/@eaDir/a.jpg", NULL});
    assert_int_equal(dc3_make_dirs("nette/val/empty"), DC3_OK);
    assert_int_equal(dc3_make_dirs("nette/train/cat/more"), DC3_OK);
    static const char *const within[] = {"nette/val",     "nette/val/cat",       "nette/val/q4",
                                         "nette/val/q/4", "nette/val/cat/x/y/z", "nette/val/empty"};
    for (size_t i = 0; i < sizeof within / sizeof *within; i++) lies(within[i], "nette/val");
    lies("nette/train/cat/more", "nette/train");
    lies("nette/new/../train/dog", "nette/train");
    lies("nette", NULL);
    lies("nette/small", NULL);
    lies(".", NULL);
    /* One of a single class, whose images lie deeper; only as a part it is known for a dataset. */
    make((const char *const[]){"tiny/train/n1/images/1.JPEG", "tiny/test/images/1.JPEG", "one/cat/1.jpg",
                               NULL});
    lies("tiny/train/n1/images", "tiny/train");
    lies("tiny/test/images", "tiny/test");
    lies("one/cat", NULL);
    lies("one", NULL);
    /* Sidecars and a list beside the classes change nothing. */
    make((const char *const[]){"cap/a/1.jpg", "cap/a/1.txt", "cap/a/1.json", "cap/b/1.jpg", "cap/labels.txt",
                               "cap/notes/a.txt", NULL});
    lies("cap/b", "cap");
    lies("cap/c", "cap");
    /* A folder for work: datasets, runs, results of dc3 edit in folders, and one of photos. */
    make((const char *const[]){"work/stamps/a/1.jpg", "work/stamps/b/1.jpg", "work/out1/dc3.json",
                               "work/out1/train/a/1.png", "work/out2/dc3.json", "work/out2/train/a/1.png",
                               "work/warm/own1.png", "work/cold/own1.png", "work/photos/1.jpg", NULL});
    lies("work", NULL);
    lies("work/out3", NULL);
    lies("work/out1", NULL);
    lies("work/warm", NULL);
    lies("work/photos", NULL);
    lies("work/stamps", "work/stamps");
    /* Classes that are being made with dc3 edit itself. */
    make((const char *const[]){"edited/a/own1.png", "edited/b/own1.png", NULL});
    lies("edited/a", NULL);
    lies("edited/c", NULL);
    /* A home: photos in it, some in folders, documents beside them. */
    make((const char *const[]){"home/1.jpg", "home/2.jpg", "home/Pictures/1.jpg", "home/Documents/a.odt",
                               "home/Downloads/a.zip", "home/Downloads/b.pdf", "home/Downloads/c.txt",
                               "home/Downloads/d.jpg", NULL});
    lies("home", NULL);
    lies("home/small", NULL);
    lies("home/Pictures", NULL);
    lies("home/Documents/small", NULL);
    /* Albums look like classes, unless as many photos lie beside them; a run that is among them goes on, and
     * so does a folder of runs. */
    make((const char *const[]){"albums/2019/1.jpg", "albums/2020/1.jpg", "albums/2021/1.jpg",
                               "albums/dc3/run/dc3.json", "loose/2019/1.jpg", "loose/2020/1.jpg",
                               "loose/a.jpg", "loose/b.jpg", NULL});
    lies("albums/2019", "albums");
    lies("albums/small", "albums");
    lies("albums/dc3", NULL);
    lies("albums/dc3/run", NULL);
    lies("albums/dc3/next", NULL);
    lies("loose/small", NULL);
    /* Images and masks of one dataset, in parts without classes. */
    make((const char *const[]){"flat/train/1.jpg", "flat/test/1.jpg", NULL});
    lies("flat", NULL);
    lies("flat/small", NULL);
}

/* A run's own files are written by the run, and by the command that is given it. */
static void files_of_runs(void **state)
{
    (void)state;
    char *place;
    const dc3_output_kind pages = {"pages",
                                   "text",
                                   (const char *const[]){".html", NULL},
                                   (const char *const[]){"one", NULL},
                                   (const char *const[]){"report.html", NULL},
                                   0};
    const dc3_output_kind weights = {
        "weights", "text", (const char *const[]){".safetensors", NULL}, (const char *const[]){"one", NULL},
        NULL,      0};
    make((const char *const[]){"a/dc3.json", "b/dc3.json", "a/students/1.json", "c/compare.json", "d/1.txt",
                               NULL});
    const struct {
        const char *path, *run;
        const dc3_output_kind *kind;
        int allowed;
    } cases[] = {{"a/report.html", "a", &pages, 1},
                 {"a/report.html", "d/../a", &pages, 1},
                 {"a/report.html", NULL, &pages, 0},
                 {"a/report.html", "b", &pages, 0},
                 {"a/other.html", "b", &pages, 1},
                 {"c/report.html", "c", &pages, 1},
                 {"d/report.html", NULL, &pages, 1},
                 {"a/teacher.safetensors", NULL, &weights, 0},
                 {"a/teacher.safetensors", "a", &weights, 0},
                 {"a/soft_labels.safetensors", "a", &weights, 0},
                 {"c/teacher.safetensors", NULL, &weights, 0},
                 {"a/mine.safetensors", NULL, &weights, 1},
                 {"a/.lock", NULL, &weights, 0},
                 {"a/students/2", NULL, &weights, 0},
                 {"d/teacher.safetensors", NULL, &weights, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int force = 0; force < 2; force++) {
            dc3_output_path output = {"out", cases[i].path, cases[i].kind, force, NULL, 0, cases[i].run};
            dc3_status expected = cases[i].allowed ? DC3_OK : DC3_ERR_OPTION;
            if (dc3_output_path_check(&output, &place) != expected)
                fail_msg("%s for %s: %s", cases[i].path, cases[i].run ? cases[i].run : "nobody",
                         cases[i].allowed ? dc3_error_text() : "is not refused");
            free(place);
        }
}

static void occupied(void **state)
{
    (void)state;
    make((const char *const[]){"junk/.DS_Store", "junk/Thumbs.db", "junk/@eaDir/1.jpg", "junk/a.txt.12.part",
                               "junk/.lock", NULL});
    assert_int_equal(dc3_folder_occupied("junk"), 0);
    assert_int_equal(dc3_folder_occupied("no such folder"), 0);
    make((const char *const[]){"junk/thumbnails/1.jpg", NULL});
    assert_int_equal(dc3_folder_occupied("junk"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(names, enter, leave),
                                       cmocka_unit_test_setup_teardown(inputs, enter, leave),
                                       cmocka_unit_test_setup_teardown(what_is_there, enter, leave),
                                       cmocka_unit_test_setup_teardown(folders, enter, leave),
                                       cmocka_unit_test_setup_teardown(datasets_around, enter, leave),
                                       cmocka_unit_test_setup_teardown(files_of_runs, enter, leave),
                                       cmocka_unit_test_setup_teardown(occupied, enter, leave)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
