/* The kernels of the guarded device (guarded.c) that take pointers: KERNEL(name, its parameters, what is
 * passed on), where D(p) is the memory behind a pointer of the device. An entry of the table that stands not
 * here gets its pointers as they are, and falls at the first touch. No guard against a second inclusion: each
 * has its own KERNEL. */
KERNEL(copy, (size_t bytes, const void *from, void *to), (bytes, D(from), D(to)))
KERNEL(fill, (size_t bytes, int value, void *to), (bytes, value, D(to)))
KERNEL(swap, (size_t bytes, void *a, void *b), (bytes, D(a), D(b)))
KERNEL(copy_rows,
       (int64_t rows, size_t bytes, const void *from, size_t from_stride, void *to, size_t to_stride),
       (rows, bytes, D(from), from_stride, D(to), to_stride))
KERNEL(group_norm,
       (dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups, const void *x,
        const float *gamma, const float *beta, float eps, dc3_activation act, void *y),
       (type, n, pixels, c, groups, D(x), D(gamma), D(beta), eps, act, D(y)))
KERNEL(layer_norm,
       (dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma, const float *beta,
        float eps, void *y),
       (type, rows, c, D(x), D(gamma), D(beta), eps, D(y)))
KERNEL(group_norm_gradient,
       (dc3_dtype type, int64_t n, int64_t pixels, int64_t c, int64_t groups, const void *x,
        const float *gamma, const float *beta, float eps, dc3_activation act, const void *dy, void *dx,
        float *dgamma, float *dbeta, void *scratch),
       (type, n, pixels, c, groups, D(x), D(gamma), D(beta), eps, act, D(dy), D(dx), D(dgamma), D(dbeta),
        D(scratch)))
KERNEL(layer_norm_gradient,
       (dc3_dtype type, int64_t rows, int64_t c, const void *x, const float *gamma, float eps, const void *dy,
        void *dx, float *dgamma, float *dbeta, void *scratch),
       (type, rows, c, D(x), D(gamma), eps, D(dy), D(dx), D(dgamma), D(dbeta), D(scratch)))
KERNEL(adaptive_norm,
       (dc3_dtype type, const dc3_adaptive_shape *shape, const void *x, const void *shift, const void *scale,
        void *y),
       (type, shape, D(x), D(shift), D(scale), D(y)))
KERNEL(adaptive_norm_gradient,
       (dc3_dtype type, const dc3_adaptive_shape *shape, const void *x, const void *scale, const void *dy,
        void *dx, void *dshift, void *dscale, void *scratch),
       (type, shape, D(x), D(scale), D(dy), D(dx), D(dshift), D(dscale), D(scratch)))
KERNEL(gated_add,
       (dc3_dtype type, const dc3_adaptive_shape *shape, const void *x, const void *branch, const void *gate,
        void *y),
       (type, shape, D(x), D(branch), D(gate), D(y)))
KERNEL(gated_add_gradient,
       (dc3_dtype type, const dc3_adaptive_shape *shape, const void *branch, const void *gate, const void *dy,
        void *dbranch, void *dgate),
       (type, shape, D(branch), D(gate), D(dy), D(dbranch), D(dgate)))
KERNEL(attention,
       (dc3_dtype type, const dc3_attention_shape *shape, const void *q, const void *k, const void *v,
        void *y, float *lse, void *scratch),
       (type, shape, D(q), D(k), D(v), D(y), D(lse), D(scratch)))
KERNEL(geglu, (dc3_dtype type, int64_t rows, int64_t c, const void *x, void *y), (type, rows, c, D(x), D(y)))
KERNEL(geglu_gradient, (dc3_dtype type, int64_t rows, int64_t c, const void *x, const void *dy, void *dx),
       (type, rows, c, D(x), D(dy), D(dx)))
KERNEL(activate, (dc3_dtype type, dc3_activation act, int64_t n, const void *x, void *y),
       (type, act, n, D(x), D(y)))
KERNEL(add, (dc3_dtype type, int64_t n, const void *a, const void *b, void *y), (type, n, D(a), D(b), D(y)))
KERNEL(add_vector,
       (dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, const void *vector, void *y),
       (type, n, pixels, c, D(x), D(vector), D(y)))
KERNEL(concat, (dc3_dtype type, int64_t rows, int64_t ca, int64_t cb, const void *a, const void *b, void *y),
       (type, rows, ca, cb, D(a), D(b), D(y)))
KERNEL(split, (dc3_dtype type, int64_t rows, int64_t ca, int64_t cb, const void *y, void *a, void *b),
       (type, rows, ca, cb, D(y), D(a), D(b)))
KERNEL(upsample2, (dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *x, void *y),
       (type, n, h, w, c, D(x), D(y)))
KERNEL(upsample2_gradient,
       (dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy, void *dx),
       (type, n, h, w, c, D(dy), D(dx)))
KERNEL(batch_norm_statistics,
       (const dc3_batch_norm_shape *shape, const void *x, float *mean, float *variance, void *scratch),
       (shape, D(x), D(mean), D(variance), D(scratch)))
KERNEL(batch_norm,
       (const dc3_batch_norm_shape *shape, const void *x, const float *scale, const float *offset,
        const void *residual, void *y),
       (shape, D(x), D(scale), D(offset), D(residual), D(y)))
KERNEL(batch_norm_sums,
       (const dc3_batch_norm_shape *shape, const void *dy, const void *x, const void *y, const float *scale,
        const float *offset, const float *mean, void *dz, float *sum, float *product, void *scratch),
       (shape, D(dy), D(x), D(y), D(scale), D(offset), D(mean), D(dz), D(sum), D(product), D(scratch)))
KERNEL(batch_norm_gradient,
       (const dc3_batch_norm_shape *shape, const void *dy, const void *x, const float *scale,
        const float *offset, const float *a, const float *b, const float *d, void *dx),
       (shape, D(dy), D(x), D(scale), D(offset), D(a), D(b), D(d), D(dx)))
KERNEL(batch_norm_vectors,
       (int64_t c, float eps, const float *gamma, const float *beta, const float *mean, const float *variance,
        float *vectors),
       (c, eps, D(gamma), D(beta), D(mean), D(variance), D(vectors)))
KERNEL(batch_norm_running,
       (int64_t c, int64_t count, float momentum, const float *mean, const float *variance,
        float *running_mean, float *running_variance),
       (c, count, momentum, D(mean), D(variance), D(running_mean), D(running_variance)))
KERNEL(batch_norm_coefficients,
       (int64_t c, int64_t count, const float *gamma, const float *vectors, const float *sums,
        float *coefficients, float *dgamma, float *dbeta),
       (c, count, D(gamma), D(vectors), D(sums), D(coefficients), D(dgamma), D(dbeta)))
KERNEL(add_rows, (dc3_dtype type, int64_t rows, int64_t c, const void *x, float *sums),
       (type, rows, c, D(x), D(sums)))
KERNEL(scatter_rows,
       (dc3_dtype type, int64_t rows, int64_t c, const int64_t *ids, const void *x, float *sums),
       (type, rows, c, D(ids), D(x), D(sums)))
KERNEL(activate_gradient,
       (dc3_dtype type, dc3_activation act, int64_t n, const void *x, const void *dy, void *dx),
       (type, act, n, D(x), D(dy), D(dx)))
KERNEL(cast, (dc3_dtype from_type, const void *from, dc3_dtype to_type, void *to, int64_t n),
       (from_type, D(from), to_type, D(to), n))
KERNEL(to_planar, (dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y),
       (type, n, pixels, c, D(x), D(y)))
KERNEL(from_planar, (dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y),
       (type, n, pixels, c, D(x), D(y)))
KERNEL(pool, (const dc3_pool_shape *shape, const void *x, void *y), (shape, D(x), D(y)))
KERNEL(pool_gradient,
       (const dc3_pool_shape *shape, const void *x, const void *y, const void *dy, void *dx, void *scratch),
       (shape, D(x), D(y), D(dy), D(dx), D(scratch)))
KERNEL(global_pool, (dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y),
       (type, n, pixels, c, D(x), D(y)))
KERNEL(global_pool_gradient, (dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *dy, void *dx),
       (type, n, pixels, c, D(dy), D(dx)))
KERNEL(adaptive_pool,
       (dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, int64_t size, const void *x, void *y),
       (type, n, h, w, c, size, D(x), D(y)))
KERNEL(adaptive_pool_gradient,
       (dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, int64_t size, const void *dy, void *dx),
       (type, n, h, w, c, size, D(dy), D(dx)))
KERNEL(scale_channels,
       (dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, const void *scale, void *y),
       (type, n, pixels, c, D(x), D(scale), D(y)))
KERNEL(scale_channels_gradient,
       (dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, const void *dy, void *dscale),
       (type, n, pixels, c, D(x), D(dy), D(dscale)))
KERNEL(dropout, (const dc3_dropout_shape *shape, const void *x, void *y), (shape, D(x), D(y)))
KERNEL(embedding,
       (const dc3_embedding_shape *shape, const int64_t *ids, const void *table, const void *position,
        void *y),
       (shape, D(ids), D(table), D(position), D(y)))
KERNEL(class_token,
       (dc3_dtype type, int64_t n, int64_t t, int64_t c, const void *x, const float *token,
        const float *position, void *y),
       (type, n, t, c, D(x), D(token), D(position), D(y)))
KERNEL(patch_merge, (dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *x, void *y),
       (type, n, h, w, c, D(x), D(y)))
KERNEL(patch_merge_gradient,
       (dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, const void *dy, void *dx),
       (type, n, h, w, c, D(dy), D(dx)))
KERNEL(position_bias, (int64_t heads, int64_t side, const float *x, float *y), (heads, side, D(x), D(y)))
KERNEL(position_bias_gradient, (int64_t heads, int64_t side, const float *y, const float *dy, float *dx),
       (heads, side, D(y), D(dy), D(dx)))
KERNEL(window_attention,
       (const dc3_window_shape *shape, const void *qkv, const float *position, const float *bias,
        const float *scale, void *y, void *scratch),
       (shape, D(qkv), D(position), D(bias), D(scale), D(y), D(scratch)))
KERNEL(cross_entropy,
       (int64_t n, int64_t c, int64_t k, const float *z, const int64_t *labels, const float *weights,
        float smoothing, float *loss, float *slope, void *scratch),
       (n, c, k, D(z), D(labels), D(weights), smoothing, D(loss), D(slope), D(scratch)))
KERNEL(distillation,
       (int64_t n, int64_t c, const float *z, const float *target, float temperature, float *loss,
        float *slope, void *scratch),
       (n, c, D(z), D(target), temperature, D(loss), D(slope), D(scratch)))
KERNEL(cosine,
       (int64_t n, int64_t c, int64_t k, const float *z, const float *target, const int64_t *labels,
        const float *weights, float smoothing, float share, float *loss, float *slope, void *scratch),
       (n, c, k, D(z), D(target), D(labels), D(weights), smoothing, share, D(loss), D(slope), D(scratch)))
KERNEL(mse, (int64_t n, const float *x, const float *target, float *loss, float *slope),
       (n, D(x), D(target), D(loss), D(slope)))
KERNEL(multiply, (int64_t n, const float *x, const float *factor, float *y), (n, D(x), D(factor), D(y)))
KERNEL(affine, (int64_t n, float scale, float offset, const float *x, float *y),
       (n, scale, offset, D(x), D(y)))
KERNEL(clamp, (int64_t n, float low, float high, float *x), (n, low, high, D(x)))
KERNEL(guided, (const dc3_guided_shape *shape, const float *rows, const float *condition, float *y),
       (shape, D(rows), D(condition), D(y)))
KERNEL(sampler_step,
       (const dc3_sampler_step *step, int64_t n, const float *y, const float *noise, float *x, float *memory),
       (step, n, D(y), D(noise), D(x), D(memory)))
KERNEL(scale, (int64_t n, float rate, float *x), (n, rate, D(x)))
KERNEL(sum_squares, (int64_t n, const float *x, double *sum), (n, D(x), D(sum)))
KERNEL(blend, (int64_t n, float rate, const float *value, float *average), (n, rate, D(value), D(average)))
KERNEL(sgd, (const dc3_sgd_step *step, int64_t n, const float *gradient, float *value, float *momentum),
       (step, n, D(gradient), D(value), D(momentum)))
KERNEL(adamw,
       (const dc3_adamw_step *step, int64_t n, const float *gradient, float *value, float *m, float *v),
       (step, n, D(gradient), D(value), D(m), D(v)))
