#include "train/train_in_run.h"

#include "base/listener.h"
#include "dc3/text.h"
#include "ranks/ranks.h"
#include "train/train_step.h"

/* Seconds to read an image, on one thread. */
static double measure_reading(const dc3_train_state *t, int size)
{
    enum { LOOK = 16 };
    int64_t n = dc3_dataset_size(t->data);
    double start = dc3_seconds_now();
    for (int i = 0; i < LOOK; i++) {
        dc3_image image;
        if (dc3_dataset_read(t->data, n * i / LOOK, size, size, DC3_FIT_CROP, &image) == DC3_OK)
            dc3_image_free(&image);
    }
    return (dc3_seconds_now() - start) / LOOK;
}

double dc3_train_share(int replicas)
{
    int ranks = dc3_ranks_count(), most = (replicas + ranks - 1) / ranks;
    return replicas > 1 ? (double)most / replicas : 1;
}

dc3_status dc3_train_estimate(dc3_train_state *t, int size)
{
    const dc3_train_options *o = t->options;
    const double progressive = (0.25 + 0.5625 + 1) / 3; /* views of a half, 3/4 and all of the size */
    double step = 0, tests = (o->epochs + o->test_every - 1) / o->test_every;
    double held = (double)t->parts.held_count, trained = (double)t->report->images - held,
           tested = t->val && !o->fine_tune ? (double)dc3_dataset_size(t->val) : held;
    char text[DC3_NUMBER_TEXT];
    int batch = dc3_train_batch(o, (int64_t)trained);
    DC3_TRY(dc3_trainer_measure(&t->trainer, batch, size, &step));
    double reading = measure_reading(t, size) / o->threads,
           image = step / batch * (o->progressive ? progressive : 1) * dc3_train_share(o->replicas);
    t->report->estimate_seconds = t->probe.seconds + (trained + tested) * reading +
                                  o->epochs * trained * image + tests * tested * step / batch / 3;
    dc3_listener_say(&o->listener,
                     "estimate: %.0f images read in %.2g ms each, %d epoch%s at %.1f images/s, about %s",
                     trained + tested, reading * 1e3, o->epochs, o->epochs == 1 ? "" : "s", 1 / image,
                     dc3_duration_text(t->report->estimate_seconds, text));
    return DC3_OK;
}
