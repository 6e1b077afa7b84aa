/* Devices: how they are found, and what the guarded one (tests/support/guarded.h) finds out. */
#include "support/device_values.h"
#include "support/guarded.h"
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ops/tape.h"

enum { N = 6 };
static const float values[N] = {1, -2, 3, -4, 5, -6};
static const int64_t shape[] = {2, 3};

static dc3_ctx *open_guarded(void)
{
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open("guarded", DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    return ctx;
}

static void names(void **state)
{
    (void)state;
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open("gpu", DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_ERR_OPTION);
    assert_null(ctx);
    assert_non_null(strstr(dc3_error_text(), "cpu"));
    assert_non_null(strstr(dc3_error_text(), "guarded"));
    assert_int_equal(dc3_ctx_open("cpu", DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    assert_string_equal(dc3_ctx_device(ctx)->name, "cpu");
    dc3_ctx_close(&ctx);
    const char *chosen = getenv("DC3_DEVICE");
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    assert_string_equal(dc3_ctx_device(ctx)->name, chosen && *chosen ? chosen : "cpu");
    dc3_ctx_close(&ctx);
}

/* On the CPU nothing is copied, on the other device everything. */
static void there_and_back(void **state)
{
    (void)state;
    dc3_ctx *guarded = open_guarded(), *cpu;
    assert_int_equal(dc3_ctx_open("cpu", DC3_F32, 2, DC3_CTX_FAST, &cpu), DC3_OK);
    dc3_tensor host = dc3_view((void *)(uintptr_t)values, DC3_F32, 2, shape);
    dc3_tensor near = dc3_on_device(cpu, host), far = dc3_on_device(guarded, host);
    assert_ptr_equal(near.data, values);
    assert_ptr_not_equal(far.data, values);
    assert_ptr_equal(far.device, dc3_ctx_device(guarded));
    assert_ptr_equal(dc3_on_device(guarded, far).data, far.data);
    dc3_tensor sum = dc3_add(guarded, far, far), back = dc3_on_host(guarded, sum);
    assert_int_equal(dc3_ctx_status(guarded), DC3_OK);
    for (int i = 0; i < N; i++) assert_true(((float *)back.data)[i] == 2 * values[i]);
    assert_ptr_equal(dc3_on_host(cpu, near).data, values);
    dc3_on_device(cpu, far); /* of another device */
    assert_int_equal(dc3_ctx_status(cpu), DC3_ERR_INTERNAL);
    dc3_ctx_close(&guarded);
    dc3_ctx_close(&cpu);
}

/* The host falls where it follows a pointer of the device. */
static void guarded_memory(void **state)
{
    (void)state;
    dc3_ctx *ctx = open_guarded();
    volatile float *data = dc3_upload(ctx, DC3_F32, 2, shape, values).data;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        _exit(data[0] == 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    dc3_ctx_close(&ctx);
}

/* What goes wrong on the device comes back as the operation's failure. */
static void failures(void **state)
{
    (void)state;
    dc3_ctx *ctx = open_guarded();
    dc3_tensor x = dc3_upload(ctx, DC3_F32, 2, shape, values);
    dc3_add(ctx, x, dc3_view((void *)(uintptr_t)values, DC3_F32, 2, shape));
    assert_int_equal(dc3_ctx_status(ctx), DC3_ERR_INTERNAL);
    assert_non_null(strstr(dc3_error_text(), "memory of the host"));
    dc3_ctx_clear(ctx);
    guarded_break_next();
    dc3_tensor y = dc3_activate(ctx, x, DC3_ACT_RELU);
    assert_int_equal(dc3_ctx_status(ctx), DC3_ERR_INTERNAL);
    assert_null(dc3_add(ctx, y, x).data);
    dc3_ctx_clear(ctx);
    guarded_limit(1 << 16);
    assert_null(dc3_new(ctx, DC3_F32, 1, (int64_t[]){1 << 20}).data);
    assert_int_equal(dc3_ctx_status(ctx), DC3_ERR_MEMORY);
    guarded_limit(0);
    dc3_ctx_clear(ctx);
    dc3_add(ctx, x, x);
    assert_int_equal(dc3_ctx_status(ctx), DC3_OK);
    dc3_ctx_close(&ctx);
}

/* A temporary that is dropped in an inner scope leaves the places of the others alone. */
static void dropped_in_a_scope(void **state)
{
    (void)state;
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    for (int round = 0; round < 3; round++) {
        dc3_scope outer = dc3_scope_open(ctx);
        dc3_tensor first = dc3_new(ctx, DC3_F32, 2, shape);
        dc3_scope inner = dc3_scope_open(ctx);
        dc3_tensor large = dc3_new(ctx, DC3_F32, 1, (int64_t[]){1 << 20});
        dc3_drop(ctx, first);
        dc3_scope_close(ctx, inner);
        dc3_tensor again = dc3_new(ctx, DC3_F32, 1, (int64_t[]){1 << 20});
        assert_ptr_equal(again.data, large.data); /* which the inner scope has given back */
        dc3_scope_close(ctx, outer);
    }
    dc3_ctx_close(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(there_and_back),
                                       cmocka_unit_test(guarded_memory), cmocka_unit_test(failures),
                                       cmocka_unit_test(dropped_in_a_scope)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
