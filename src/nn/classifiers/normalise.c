/* How images are normalised for classifiers: by the mean and the deviation of ImageNet's. */
#include "nn/classifiers/classifier_private.h"

const float dc3_classifier_mean[] = {0.485f, 0.456f, 0.406f},
            dc3_classifier_deviation[] = {0.229f, 0.224f, 0.225f};

void dc3_classifier_normalise(int64_t pixels, float *rgb)
{
    for (int64_t i = 0; i < 3 * pixels; i++)
        rgb[i] = (rgb[i] - dc3_classifier_mean[i % 3]) / dc3_classifier_deviation[i % 3];
}
