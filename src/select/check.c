#include "select/check.h"

#include <math.h>
#include "base/file.h"
#include "base/options.h"

dc3_status dc3_select_check_options(const dc3_select_options *o)
{
    if (o->ipc < 1) return dc3_fail_setting("ipc", "expected 1 or more, found %d", o->ipc);
    if (o->bins < 1) return dc3_fail_setting("bins", "expected 1 or more, found %d", o->bins);
    if (o->components < 1)
        return dc3_fail_setting("components", "expected 1 or more, found %d", o->components);
    if (!isfinite(o->lambda)) return dc3_fail_setting("lambda", "expected a number, found %g", o->lambda);
    if (!(o->epsilon > 0 && o->epsilon < 1))
        return dc3_fail_setting("epsilon", "expected more than 0 and less than 1, found %g", o->epsilon);
    if (!(o->beta > 0 && o->beta <= 1))
        return dc3_fail_setting("beta", "expected more than 0 and at most 1, found %g", o->beta);
    const struct {
        const char *what;
        int value, most;
    } kinds[] = {{"objective", (int)o->objective, DC3_LOG_DETERMINANT},
                 {"maximizer", (int)o->maximizer, DC3_APPROXIMATE_LAZY_GREEDY},
                 {"gradient", (int)o->gradient, DC3_GRADIENT_DOUBLE_SOFTMAX}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].value < 0 || kinds[i].value > kinds[i].most)
            return dc3_fail_setting(kinds[i].what, "expected 0 to %d, found %d", kinds[i].most,
                                    kinds[i].value);
    if (o->nested > 0 && o->maximizer == DC3_STOCHASTIC_GREEDY)
        return dc3_fail_setting(
            "maximizer", "stochastic looks at fewer rows a time the more are chosen, so that no selection "
                         "is part of a larger one; choose another, or no nested selection");
    return DC3_OK;
}

int dc3_select_nests(const dc3_select_options *o)
{
    return o->nested < 0 ? o->maximizer != DC3_STOCHASTIC_GREEDY : o->nested;
}

static dc3_status check_finite(const char *what, int64_t rows, int64_t columns, const float *x)
{
    enum { AT_ONCE = 4096 };
    for (int64_t i = 0; i < rows; i++) {
        if (i % AT_ONCE == 0 && i)
            dc3_map_forget(x + (i - AT_ONCE) * columns, AT_ONCE * (size_t)columns * sizeof *x);
        float zero = 0; /* NaN once a value is not finite */
#pragma omp simd reduction(+ : zero)
        for (int64_t k = 0; k < columns; k++) zero += x[i * columns + k] * 0.0f;
        if (zero != 0)
            return dc3_fail(DC3_ERR_FORMAT, "%s: row %lld holds a value that is not finite", what,
                            (long long)i);
    }
    return DC3_OK;
}

dc3_status dc3_select_check_values(const dc3_select_input *in)
{
    if (in->n < 1 || in->d < 1)
        return dc3_fail(DC3_ERR_ARGUMENT, "embeddings: expected at least one row and column");
    if (in->logits && in->c < 1)
        return dc3_fail(DC3_ERR_ARGUMENT, "logits: expected at least one column, found %lld",
                        (long long)in->c);
    enum { EACH = sizeof(int64_t) }; /* of the largest arrays of n rows */
    if (in->n > INT64_MAX / EACH / (in->logits && in->c > in->d ? in->c : in->d))
        return dc3_fail(DC3_ERR_ARGUMENT, "embeddings: %lld rows of %lld are more than any memory holds",
                        (long long)in->n, (long long)in->d);
    if (!in->embeddings || !in->labels)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected an array, found NULL",
                        in->embeddings ? "labels" : "embeddings");
    DC3_TRY(check_finite("embeddings", in->n, in->d, in->embeddings));
    if (in->logits) DC3_TRY(check_finite("logits", in->n, in->c, in->logits));
    for (int64_t i = 0; i < in->n; i++) {
        if (in->labels[i] < 0 || (in->logits && in->labels[i] >= in->c))
            return dc3_fail(DC3_ERR_ARGUMENT, "labels: row %lld has %lld; expected 0 to %lld", (long long)i,
                            (long long)in->labels[i], (long long)(in->logits ? in->c - 1 : INT64_MAX));
        if (in->given && in->given[i] < 0)
            return dc3_fail(DC3_ERR_ARGUMENT, "bins: row %lld has %lld; expected 0 or more", (long long)i,
                            (long long)in->given[i]);
    }
    return DC3_OK;
}
