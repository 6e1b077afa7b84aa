/* oneDNN's C API as dc3 uses it, for 2.6 (Debian 12) and 3.x: the only place that knows their difference. */
#ifndef DC3_KERNELS_ONEDNN_COMPAT_H
#define DC3_KERNELS_ONEDNN_COMPAT_H

#include <oneapi/dnnl/dnnl.h>

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t dc3_md; /* owned */
typedef const_dnnl_memory_desc_t dc3_const_md;
#else
typedef dnnl_memory_desc_t dc3_md;
typedef const dnnl_memory_desc_t *dc3_const_md;
#endif

dnnl_status_t dc3_md_make(dc3_md *md, int ndims, const dnnl_dims_t dims, dnnl_data_type_t type,
                          dnnl_format_tag_t tag);
void dc3_md_close(dc3_md *md);
dc3_const_md dc3_md_ref(const dc3_md *md);
size_t dc3_md_size(dc3_const_md md);
/* The description that a primitive wants for argument `what`; valid as long as `pd`. */
dc3_const_md dc3_pd_md(const_dnnl_primitive_desc_t pd, dnnl_query_t what, int index);

dnnl_status_t dc3_append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha, float beta);
/* The residual, which stands in dst before, is added. */
dnnl_status_t dc3_append_sum(dnnl_post_ops_t ops);
/* bias may be NULL. The convolution is forward inference, direct; `prefer_jit`: by oneDNN's own kernels
 * rather than by way of its small matrix products, where it has both. */
dnnl_status_t dc3_conv_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                          const dc3_md *src, const dc3_md *weights, const dc3_md *bias, const dc3_md *dst,
                          const dnnl_dims_t strides, const dnnl_dims_t pad_low, const dnnl_dims_t pad_high,
                          int prefer_jit);
dnnl_status_t dc3_matmul_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const_dnnl_primitive_attr_t attr,
                            const dc3_md *src, const dc3_md *weights, const dc3_md *bias, const dc3_md *dst);
/* The gradient with respect to the image (src) or to the weights of that convolution. */
typedef enum dc3_conv_gradient { DC3_CONV_DATA, DC3_CONV_WEIGHT } dc3_conv_gradient;
dnnl_status_t dc3_conv_backward_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                   const_dnnl_primitive_attr_t attr, dc3_conv_gradient of, const dc3_md *src,
                                   const dc3_md *weights, const dc3_md *dst, const dnnl_dims_t strides,
                                   const dnnl_dims_t pad_low, const dnnl_dims_t pad_high,
                                   const_dnnl_primitive_desc_t forward);
dnnl_status_t dc3_reorder_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dc3_const_md from,
                             dc3_const_md to, const_dnnl_primitive_attr_t attr);

#endif
