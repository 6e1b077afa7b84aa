#include "kernels/onednn/compat.h"

#include <stddef.h>
#include <string.h>

static const char *name_of(const_dnnl_primitive_desc_t pd)
{
    const char *name = NULL;
    return dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name) == dnnl_success && name ? name
                                                                                                     : "";
}

static int is_jit(const_dnnl_primitive_desc_t pd)
{
    return strncmp(name_of(pd), "jit", 3) == 0;
}

#if DNNL_VERSION_MAJOR >= 3

dnnl_status_t dc3_md_make(dc3_md *md, int ndims, const dnnl_dims_t dims, dnnl_data_type_t type,
                          dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(md, ndims, dims, type, tag);
}

void dc3_md_close(dc3_md *md)
{
    if (*md) dnnl_memory_desc_destroy(*md);
    *md = NULL;
}

dc3_const_md dc3_md_ref(const dc3_md *md)
{
    return *md;
}

dnnl_status_t dc3_append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha, float beta)
{
    return dnnl_post_ops_append_eltwise(ops, kind, alpha, beta);
}

dnnl_status_t dc3_append_sum(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_sum(ops, 1.0f, 0, dnnl_data_type_undef);
}

/* 1 for gradients of data that oneDNN 3 makes of small matrix products, but for those of 1x1 kernels: which
 * blocks they sum, and so the last bits, depends on the number of threads; and they are slower where the
 * kernel strides (bench/results/2026-12-01-zen4-onednn-3.7.txt). */
static int sums_by_threads(const_dnnl_primitive_desc_t pd)
{
    return strncmp(name_of(pd), "brg", 3) == 0 && !strstr(name_of(pd), "brgconv_1x1");
}

/* Puts the next of `other` whose name says "jit" in the place of *pd, if there is any. Consumes `other`. */
static void take_jit(dnnl_primitive_desc_t *pd, dnnl_primitive_desc_t other)
{
    dnnl_status_t next;
    while ((next = dnnl_primitive_desc_next_impl(other)) == dnnl_success && !is_jit(other)) continue;
    dnnl_primitive_desc_destroy(next == dnnl_success ? *pd : other);
    if (next == dnnl_success) *pd = other;
}

dnnl_status_t dc3_conv_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                          const dc3_md *src, const dc3_md *weights, const dc3_md *bias, const dc3_md *dst,
                          const dnnl_dims_t strides, const dnnl_dims_t pad_low, const dnnl_dims_t pad_high,
                          int prefer_jit)
{
    dnnl_dims_t dilates = {0, 0};
    dnnl_status_t status = dnnl_convolution_forward_primitive_desc_create(
        pd, engine, dnnl_forward_inference, dnnl_convolution_direct, *src, *weights, bias ? *bias : NULL,
        *dst, strides, dilates, pad_low, pad_high, attr);
    if (status != dnnl_success || !prefer_jit || is_jit(*pd)) return status;
    dnnl_primitive_desc_t other = NULL; /* again, since a clone knows of no next one */
    if (dnnl_convolution_forward_primitive_desc_create(
            &other, engine, dnnl_forward_inference, dnnl_convolution_direct, *src, *weights,
            bias ? *bias : NULL, *dst, strides, dilates, pad_low, pad_high, attr) == dnnl_success)
        take_jit(pd, other);
    return status;
}

dnnl_status_t dc3_matmul_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                            const dc3_md *src, const dc3_md *weights, const dc3_md *bias, const dc3_md *dst)
{
    return dnnl_matmul_primitive_desc_create(pd, engine, *src, *weights, bias ? *bias : NULL, *dst, attr);
}

dnnl_status_t dc3_conv_backward_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                   const_dnnl_primitive_attr_t attr, dc3_conv_gradient of, const dc3_md *src,
                                   const dc3_md *weights, const dc3_md *dst, const dnnl_dims_t strides,
                                   const dnnl_dims_t pad_low, const dnnl_dims_t pad_high,
                                   const_dnnl_primitive_desc_t forward)
{
    dnnl_dims_t dilates = {0, 0};
    if (of == DC3_CONV_DATA) {
        dnnl_primitive_desc_t other = NULL;
        dnnl_status_t status = dnnl_convolution_backward_data_primitive_desc_create(
            pd, engine, dnnl_convolution_direct, *src, *weights, *dst, strides, dilates, pad_low, pad_high,
            forward, attr);
        if (status == dnnl_success && sums_by_threads(*pd) &&
            dnnl_convolution_backward_data_primitive_desc_create(
                &other, engine, dnnl_convolution_direct, *src, *weights, *dst, strides, dilates, pad_low,
                pad_high, forward, attr) == dnnl_success)
            take_jit(pd, other);
        return status;
    }
    return dnnl_convolution_backward_weights_primitive_desc_create(pd, engine, dnnl_convolution_direct, *src,
                                                                   *weights, NULL, *dst, strides, dilates,
                                                                   pad_low, pad_high, forward, attr);
}

#else

dnnl_status_t dc3_md_make(dc3_md *md, int ndims, const dnnl_dims_t dims, dnnl_data_type_t type,
                          dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(md, ndims, dims, type, tag);
}

void dc3_md_close(dc3_md *md)
{
    (void)md;
}

dc3_const_md dc3_md_ref(const dc3_md *md)
{
    return md;
}

dnnl_status_t dc3_append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha, float beta)
{
    return dnnl_post_ops_append_eltwise(ops, 1.0f, kind, alpha, beta);
}

dnnl_status_t dc3_append_sum(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_sum(ops, 1.0f);
}

dnnl_status_t dc3_conv_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                          const dc3_md *src, const dc3_md *weights, const dc3_md *bias, const dc3_md *dst,
                          const dnnl_dims_t strides, const dnnl_dims_t pad_low, const dnnl_dims_t pad_high,
                          int prefer_jit)
{
    dnnl_convolution_desc_t desc;
    dnnl_dims_t dilates = {0, 0};
    dnnl_primitive_desc_iterator_t list;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_convolution_direct, src, weights, bias, dst, strides, dilates,
        pad_low, pad_high);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_iterator_create(&list, &desc, attr, engine, NULL);
    if (status != dnnl_success) return status;
    *pd = dnnl_primitive_desc_iterator_fetch(list);
    while (prefer_jit && *pd && !is_jit(*pd) && dnnl_primitive_desc_iterator_next(list) == dnnl_success) {
        dnnl_primitive_desc_t other = dnnl_primitive_desc_iterator_fetch(list);
        if (other && is_jit(other)) {
            dnnl_primitive_desc_destroy(*pd);
            *pd = other;
        } else if (other)
            dnnl_primitive_desc_destroy(other);
    }
    dnnl_primitive_desc_iterator_destroy(list);
    return *pd ? dnnl_success : dnnl_unimplemented;
}

dnnl_status_t dc3_matmul_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                            const dc3_md *src, const dc3_md *weights, const dc3_md *bias, const dc3_md *dst)
{
    dnnl_matmul_desc_t desc;
    dnnl_status_t status = dnnl_matmul_desc_init(&desc, src, weights, bias, dst);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &desc, attr, engine, NULL) : status;
}

dnnl_status_t dc3_conv_backward_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                   const_dnnl_primitive_attr_t attr, dc3_conv_gradient of, const dc3_md *src,
                                   const dc3_md *weights, const dc3_md *dst, const dnnl_dims_t strides,
                                   const dnnl_dims_t pad_low, const dnnl_dims_t pad_high,
                                   const_dnnl_primitive_desc_t forward)
{
    dnnl_convolution_desc_t desc;
    dnnl_dims_t dilates = {0, 0};
    dnnl_status_t status =
        of == DC3_CONV_DATA
            ? dnnl_dilated_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, src, weights,
                                                               dst, strides, dilates, pad_low, pad_high)
            : dnnl_dilated_convolution_backward_weights_desc_init(&desc, dnnl_convolution_direct, src,
                                                                  weights, NULL, dst, strides, dilates,
                                                                  pad_low, pad_high);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &desc, attr, engine, forward) : status;
}

#endif

size_t dc3_md_size(dc3_const_md md)
{
    return dnnl_memory_desc_get_size(md);
}

dc3_const_md dc3_pd_md(const_dnnl_primitive_desc_t pd, dnnl_query_t what, int index)
{
    return dnnl_primitive_desc_query_md(pd, what, index);
}

dnnl_status_t dc3_reorder_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dc3_const_md from,
                             dc3_const_md to, const_dnnl_primitive_attr_t attr)
{
    return dnnl_reorder_primitive_desc_create(pd, from, engine, to, engine, attr);
}
