/* The first layer of a network for fast training: kernels that whiten small patches of its images
 * (hlb-CIFAR10, tysam 2023; airbench, Jordan 2024, arXiv 2404.00498), so that what follows begins with
 * uncorrelated values of the same size. With C = mean of p p^T over the patches p [3 k^2] of images in a
 * view's values, and C v_i = l_i v_i, l_1 >= l_2 >= ..., kernel i is v_i / sqrt(l_i + 5e-4), and as many more
 * are the same with the other sign. Cost patches * d^2 + d^3 with d = 3 k^2. */
#ifndef DC3_LEARN_WHITEN_H
#define DC3_LEARN_WHITEN_H

#include "views/images.h"
#include "nn/param.h"

/* Sets the convolution's weight [2 m, 3, k, k], m at most 3 k^2, from some of the images as they are at
 * `size` pixels, at least k, normalised; the result depends on nothing else. DC3_ERR_ARGUMENT for another
 * shape, DC3_ERR_FORMAT where no image can be read. */
dc3_status dc3_whiten(dc3_images *images, int size, dc3_param *weight);
/* Eigenvalues [n], falling, and eigenvectors [n, n], a row each, of the symmetric a [n, n], which is
 * destroyed: Jacobi's rotations, cyclic, to the last digits. */
void dc3_eigen(int n, double *a, double *values, double *vectors);

#endif
