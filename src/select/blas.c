#include "select/blas.h"

#include <cblas.h>
#include <omp.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users, before;

int dc3_blas_enter(void)
{
    pthread_mutex_lock(&lock);
    if (users++ == 0) {
        before = openblas_get_num_threads();
        openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
    omp_set_num_threads(1);
    return 1;
}

void dc3_blas_leave(const int *scope)
{
    (void)scope;
    pthread_mutex_lock(&lock);
    if (--users == 0) openblas_set_num_threads(before);
    pthread_mutex_unlock(&lock);
}
