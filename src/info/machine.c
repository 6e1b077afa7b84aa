/* What of this machine decides how fast it computes, and its results' last bits. */
#include "info/kinds.h"
#include "kernels/backend.h"

dc3_status dc3_info_machine(dc3_info_page *page)
{
    DC3_TRY(dc3_kernels_check());
    const char *kernels = dc3_kernels_best()->name;
    int bf16 = dc3_cpu_has_bf16();
    dc3_info_title(page, "machine", "kernels of the tier %s", kernels);
    dc3_info_line(page, "bf16", "%s", bf16 ? "multiplied by the processor; the default" : "no; f32 instead");
    dc3_info_set(page, "kernels", json_string(kernels));
    dc3_info_set(page, "bf16", json_boolean(bf16));
    return DC3_OK;
}
