#include "budget/given.h"

#include <math.h>
#include "options/option_names.h"

enum { MOST_VIEWS = 100000, BITS = 16 };

int dc3_amount_given(const dc3_condense_options *o)
{
    return o->total != 0 || o->fraction != 0 || o->budget != 0;
}

static dc3_status check_labels(const dc3_condense_options *o)
{
    const char *first = o->label_views ? "label_views" : o->label_bits ? "label_bits" : "label_top_k";
    if (!o->label_views && !o->label_bits && !o->label_top_k) return DC3_OK;
    if (!(o->budget > 0))
        return dc3_fail_setting(first, "reserves room for labels in a budget; expected %s with it",
                                dc3_setting("budget"));
    if (!o->label_views)
        return dc3_fail_setting(first, "says how labels are stored; expected %s with it",
                                dc3_setting("label_views"));
    if (o->label_views < 0 || o->label_views > MOST_VIEWS)
        return dc3_fail_setting("label_views", "expected 1 to %d, found %d", MOST_VIEWS, o->label_views);
    if (o->label_bits && o->label_bits != 8 && o->label_bits != BITS)
        return dc3_fail_setting("label_bits", "expected 8 or %d, found %d", BITS, o->label_bits);
    if (o->label_top_k < 0)
        return dc3_fail_setting("label_top_k", "expected 1 or more, found %d", o->label_top_k);
    return DC3_OK;
}

dc3_status dc3_amount_check(const dc3_condense_options *o, int stores, int chooses)
{
    const char *first = o->total ? "total" : o->fraction != 0 ? "fraction" : "budget";
    if ((o->total != 0) + (o->fraction != 0) + (o->budget != 0) > 1)
        return dc3_fail_setting(first, "expected one of %s, %s and %s, found several", dc3_setting("total"),
                                dc3_setting("fraction"), dc3_setting("budget"));
    if (o->total < 0) return dc3_fail_setting("total", "expected 1 image or more, found %d", o->total);
    if (!(o->fraction >= 0 && o->fraction <= 1))
        return dc3_fail_setting("fraction", "expected above 0 and at most 1, found %g", o->fraction);
    if (!(o->budget >= 0 && isfinite(o->budget)))
        return dc3_fail_setting("budget", "expected bytes, found %g", o->budget);
    if (o->budget > 0 && !stores)
        return dc3_fail_setting("budget",
                                "counts the bytes of stored images; this command stores none by it");
    DC3_TRY(dc3_option_check("balance", (int)o->balance, 0));
    if (o->balance != DC3_BALANCE_EQUAL && !dc3_amount_given(o))
        return dc3_fail_setting("balance",
                                "says how images are divided over classes; expected %s, %s or %s with it",
                                dc3_setting("total"), dc3_setting("fraction"), dc3_setting("budget"));
    if (!chooses && dc3_amount_given(o))
        return dc3_fail_setting(first, "this command does not choose images");
    return check_labels(o);
}

void dc3_budget_settings(const dc3_condense_options *o, json_t *settings)
{
    if (o->balance != DC3_BALANCE_EQUAL)
        json_object_set_new(settings, "balance", json_string(dc3_balance_name(o->balance)));
    if (!(o->budget > 0)) return;
    json_object_set_new(settings, "budget", json_real(o->budget));
    if (o->label_views)
        json_object_set_new(settings, "labels",
                            json_pack("{s:i, s:i, s:i}", "views", o->label_views, "bits",
                                      o->label_bits ? o->label_bits : BITS, "top_k", o->label_top_k));
}
