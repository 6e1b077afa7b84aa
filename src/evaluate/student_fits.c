/* Which students may be started beside those that run: what memory they take, and what they share. */
#include <string.h>
#include "evaluate/student_group.h"

static int same_arch(const dc3_evaluate_options *a, const dc3_evaluate_options *b)
{
    return a->arch && b->arch ? strcmp(a->arch, b->arch) == 0 : a->arch == b->arch;
}

/* Bytes of the images of datasets that are held for those that run, but for the next one's own. */
static double images_beside(const dc3_student_group *g, const dc3_student_job *next)
{
    double bytes = 0;
    for (int i = 0; i < g->threads; i++) {
        const dc3_condensed *set = g->slots[i] ? g->slots[i]->e.set : NULL;
        int counted = !set || set == next->e.set;
        for (int k = 0; k < i && !counted; k++) counted = g->slots[k] && g->slots[k]->e.set == set;
        if (!counted) bytes += (double)dc3_images_bytes(set->images);
    }
    return bytes;
}

/* What a student will take, by those of its architecture before it, else four times the largest of the
 * others; and what those take that run, with the images of other datasets. */
static double bytes_with(const dc3_student_group *g, const dc3_student_job *next)
{
    const double other = 4;
    double own = 0, largest = 0, running = images_beside(g, next);
    for (int i = 0; i < next->number; i++) {
        const dc3_student_job *j = g->jobs[i];
        double batches =
            (double)next->result.score.batch / (j->result.score.batch ? j->result.score.batch : 1);
        double bytes = j->bytes * (batches > 1 ? batches : 1);
        if (same_arch(&j->options, &next->options) && bytes > own) own = bytes;
        if (bytes > largest) largest = bytes;
    }
    for (int i = 0; i < g->threads; i++)
        if (g->slots[i]) running += g->slots[i]->bytes;
    return running + (own > 0 ? own : other * largest);
}

int dc3_students_are_known(const dc3_student_group *g)
{
    for (int i = 0; i < g->threads; i++)
        if (g->slots[i] && !(g->slots[i]->bytes > 0)) return 0;
    return 1;
}

int dc3_student_shares(const dc3_student_job *j)
{
    /* Minutes are those of a student that has all threads. */
    return dc3_same_for_threads(j->e.dtype) && dc3_images_held(j->e.images) && !(j->options.minutes > 0);
}

int dc3_student_may_start(dc3_student_group *g, const dc3_student_job *j)
{
    const dc3_score *s = &j->result.score;
    if (!g->running) return 1;
    if (g->running >= g->most || g->tests->size != s->size || !dc3_student_shares(j)) return 0;
    pthread_mutex_lock(&g->lock);
    int may = dc3_students_are_known(g) &&
              dc3_students_at_once(g->running + 1, g->running + 1, bytes_with(g, j) / (g->running + 1)) >
                  g->running;
    pthread_mutex_unlock(&g->lock);
    return may;
}
