/* How many make images side by side, and the memory that they need: all edits of an image are counted, not
 * only those that are made at once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "base/memory.h"
#include "calibrate/calibrate.h"
#include "features/crew.h"

static const dc3_crew_edits pair = {.at_once = 2, .held = 2}, six = {.at_once = 2, .held = 6};

static dc3_run run_of(const dc3_condense_options *o, int size)
{
    dc3_run run = {.options = o, .size = size, .prompts = {.warm_count = 5, .cold_count = 4}};
    if (dc3_editor_open(DC3_MODELS "/dc3-mini", DC3_F32, o->select.threads, &run.editor) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    run.edit = dc3_editor_defaults(run.editor);
    return run;
}

/* Four edits more of 15 bytes a pixel each: as floats, and in bytes where they are joined. */
static void held_edits_count(void **state)
{
    (void)state;
    dc3_condense_options o = dc3_condense_defaults();
    o.select.threads = 3;
    dc3_run run = run_of(&o, 100);
    int count = dc3_crew_size(&run, 50, six);
    assert_int_equal(count, dc3_ctx_device(dc3_editor_ctx(run.editor))->host_visible ? 3 : 1);
    assert_int_equal(dc3_crew_size(&run, 50, pair), count);
    double more = dc3_crew_bytes(&run, 50, six) - dc3_crew_bytes(&run, 50, pair);
    assert_true(fabs(more - (count > 1 ? count * 4 * 15e4 : 0)) < 1);
    assert_int_equal(dc3_crew_size(&run, 2, six), 1);
    dc3_editor_close(&run.editor);
}

/* Images so large that there is room for as many workers as there are threads with two edits, not with six.
 */
static void as_many_as_have_room(void **state)
{
    (void)state;
    const double third = (double)dc3_memory_limit() / 3, each = 400e6;
    dc3_condense_options o = dc3_condense_defaults();
    o.select.threads = third / each < 256 ? (int)(third / each) : 256;
    if (o.select.threads < 4) skip();
    dc3_run run = run_of(&o, (int)sqrt(third / o.select.threads / 80));
    if (third / o.select.threads > 700e6 || !dc3_ctx_device(dc3_editor_ctx(run.editor))->host_visible) {
        dc3_editor_close(&run.editor);
        skip();
    }
    assert_int_equal(dc3_crew_size(&run, 1000, pair), o.select.threads);
    assert_in_range(dc3_crew_size(&run, 1000, six), 2, o.select.threads - 1);
    assert_true(dc3_crew_bytes(&run, 1000, six) <= third);
    /* Those who make candidates have their edits as well. */
    double makers = dc3_calibrate_bytes(&run, 1);
    assert_true(makers > third / 2 && makers < third * 1.01);
    dc3_editor_close(&run.editor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_edits_count),
        cmocka_unit_test(as_many_as_have_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
