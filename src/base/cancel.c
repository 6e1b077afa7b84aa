#include "base/cancel.h"

static _Thread_local dc3_watch *here;

void dc3_cancel_set(dc3_cancel *cancel)
{
    if (cancel) __atomic_store_n(&cancel->set, 1, __ATOMIC_RELEASE);
}

void dc3_cancel_clear(dc3_cancel *cancel)
{
    if (cancel) __atomic_store_n(&cancel->set, 0, __ATOMIC_RELEASE);
}

int dc3_cancel_is_set(const dc3_cancel *cancel)
{
    return cancel && __atomic_load_n(&cancel->set, __ATOMIC_ACQUIRE);
}

dc3_watch *dc3_cancel_here(void)
{
    return here;
}

int dc3_watch_fires(dc3_watch *watch)
{
    if (!watch) return 0;
    if (__atomic_load_n(&watch->seen, __ATOMIC_RELAXED)) return 1;
    if (!dc3_cancel_is_set(watch->flag)) return 0;
    __atomic_store_n(&watch->seen, 1, __ATOMIC_RELAXED);
    return 1;
}

int dc3_cancelled(void)
{
    return dc3_watch_fires(here);
}

dc3_watch *dc3_cancel_enter(dc3_watch *watch)
{
    dc3_watch *outer = here;
    if (watch) here = watch;
    return outer;
}

void dc3_cancel_leave(dc3_watch **outer)
{
    here = *outer;
}

dc3_status dc3_check_cancel(void)
{
    return dc3_cancelled() ? dc3_fail(DC3_ERR_CANCELLED, "interrupted") : DC3_OK;
}
