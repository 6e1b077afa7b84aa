#include "base/cancel.h"

static _Thread_local const dc3_cancel *here;

void dc3_cancel_set(dc3_cancel *cancel)
{
    __atomic_store_n(&cancel->set, 1, __ATOMIC_RELEASE);
}

void dc3_cancel_clear(dc3_cancel *cancel)
{
    __atomic_store_n(&cancel->set, 0, __ATOMIC_RELEASE);
}

int dc3_cancel_is_set(const dc3_cancel *cancel)
{
    return cancel && __atomic_load_n(&cancel->set, __ATOMIC_ACQUIRE);
}

const dc3_cancel *dc3_cancel_here(void)
{
    return here;
}

int dc3_cancelled(void)
{
    return dc3_cancel_is_set(here);
}

const dc3_cancel *dc3_cancel_enter(const dc3_cancel *cancel)
{
    const dc3_cancel *outer = here;
    if (cancel) here = cancel;
    return outer;
}

void dc3_cancel_leave(const dc3_cancel **outer)
{
    here = *outer;
}

dc3_status dc3_check_cancel(void)
{
    return dc3_cancelled() ? dc3_fail(DC3_ERR_CANCELLED, "interrupted") : DC3_OK;
}
