#include "finetune/denoising_loss.h"

#include <math.h>

/* q(x_{t-1} | x_t, x) = N(of_x x + of_noisy x_t, exp(least)), and what bounds the learned log-variance. */
typedef struct posterior {
    double of_x, of_noisy;       /* factors of the mean */
    double least, most;          /* log of beta~_t, or at t = 0 of beta~_1; log of beta_t */
    double from_noisy, from_eps; /* x = from_noisy x_t - from_eps epsilon */
} posterior;

static double beta_at(const double *bar, int t)
{
    return 1 - bar[t] / (t > 0 ? bar[t - 1] : 1);
}

static posterior posterior_at(const dc3_noising *noising, int t)
{
    const double *bar = noising->alpha_bar;
    double before = t > 0 ? bar[t - 1] : 1, beta = beta_at(bar, t), rest = 1 - bar[t];
    int at = t > 0 || noising->steps < 2 ? t : 1; /* at t = 0 the variance is 0 */
    double variance = beta_at(bar, at) * (1 - (at > 0 ? bar[at - 1] : 1)) / (1 - bar[at]);
    return (posterior){.of_x = beta * sqrt(before) / rest,
                       .of_noisy = (1 - before) * sqrt(1 - beta) / rest,
                       .least = log(variance),
                       .most = log(beta),
                       .from_noisy = sqrt(1 / bar[t]),
                       .from_eps = sqrt(1 / bar[t] - 1)};
}

/* KL of N(0, exp(wanted)) and N(apart, exp(found)), and its derivative with respect to `found`. */
static double divergence(double apart, double wanted, double found, double *slope)
{
    double ratio = exp(wanted - found), far = apart * apart * exp(-found);
    *slope = 0.5 * (1 - ratio - far);
    return 0.5 * (found - wanted - 1 + ratio + far);
}

/* The normal distribution function nearly (Page 1977), and its derivative. */
static double normal_cdf(double x, double *slope)
{
    double u = sqrt(2 / M_PI) * (x + 0.044715 * x * x * x), t = tanh(u);
    *slope = 0.5 * (1 - t * t) * sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
    return 0.5 * (1 + t);
}

/* log max(p, 1e-12) and its derivative, from that of p. */
static double bounded_log(double p, double dp, double *slope)
{
    const double least = 1e-12;
    *slope = p >= least ? dp / p : 0;
    return log(p > least ? p : least);
}

/* -log of the probability of x, one of 256 levels from -1 to 1, under N(x - apart, exp(log_variance)), and
 * its derivative with respect to log_variance. */
static double surprise(double x, double apart, double log_variance, double *slope)
{
    double rate = exp(-0.5 * log_variance), high = rate * (apart + 1.0 / 255),
           low = rate * (apart - 1.0 / 255);
    double d_high, d_low, value;
    double below_high = normal_cdf(high, &d_high), below_low = normal_cdf(low, &d_low);
    d_high *= -0.5 * high, d_low *= -0.5 * low;
    if (x < -0.999)
        value = bounded_log(below_high, d_high, slope);
    else if (x > 0.999)
        value = bounded_log(1 - below_low, -d_low, slope);
    else
        value = bounded_log(below_high - below_low, d_high - d_low, slope);
    *slope = -*slope;
    return -value;
}

/* The bound of one image in nats a value; slope of its variance's outputs, of `outputs` a pixel. */
static double variance_bound(const dc3_noising *noising, const dc3_denoised *b, int64_t row, double rate,
                             float *slope)
{
    posterior p = posterior_at(noising, b->timesteps[row]);
    int64_t c = b->channels, each = b->pixels * c;
    const float *x = b->x + row * each, *noisy = b->noisy + row * each,
                *y = b->y + row * b->pixels * b->outputs;
    double sum = 0;
    for (int64_t i = 0; i < each; i++) {
        int64_t at = i / c * b->outputs + i % c;
        double share = ((double)y[at + c] + 1) / 2, spread = p.most - p.least, d;
        double log_variance = p.least + share * spread;
        double guess = p.from_noisy * (double)noisy[i] - p.from_eps * (double)y[at];
        double mean = p.of_x * guess + p.of_noisy * (double)noisy[i], wanted = (double)x[i];
        if (b->timesteps[row] > 0) {
            wanted = p.of_x * (double)x[i] + p.of_noisy * (double)noisy[i];
            sum += divergence(wanted - mean, p.least, log_variance, &d);
        } else
            sum += surprise(wanted, wanted - mean, log_variance, &d);
        slope[at + c] = (float)(rate * d * spread / 2);
    }
    return sum;
}

double dc3_denoising_loss(const dc3_noising *noising, const dc3_denoised *b, double min_snr, float *slope)
{
    int64_t c = b->channels, each = b->pixels * c;
    double share = 1 / ((double)b->n * (double)each), total = 0, bits = share / log(2);
    for (int64_t row = 0; row < b->n; row++) {
        double weight = dc3_noise_weight(noising, b->timesteps[row], min_snr), sum = 0;
        const float *y = b->y + row * b->pixels * b->outputs, *target = b->target + row * each;
        float *s = slope + row * b->pixels * b->outputs;
        for (int64_t i = 0; i < each; i++) {
            int64_t at = i / c * b->outputs + i % c;
            double apart = (double)y[at] - (double)target[i];
            sum += apart * apart;
            s[at] = (float)(2 * weight * share * apart);
        }
        total += weight * share * sum;
        if (b->outputs > c) total += bits * variance_bound(noising, b, row, bits, s);
    }
    return total;
}
