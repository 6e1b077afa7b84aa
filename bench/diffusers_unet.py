"""The same U-Net forward as bench_unet in PyTorch with diffusers: f32 and bf16, channels-last, two threads, median of
three."""
import os, time
import diffusers, torch
from diffusers import UNet2DConditionModel

torch.set_num_threads(os.cpu_count())
net = UNet2DConditionModel(in_channels=8, out_channels=4, cross_attention_dim=768, attention_head_dim=8,
                           sample_size=32).eval()
with torch.no_grad():
    for dtype in (torch.float32, torch.bfloat16):
        net = net.to(dtype=dtype, memory_format=torch.channels_last)
        x = torch.randn(3, 8, 32, 32, dtype=dtype).contiguous(memory_format=torch.channels_last)
        text, times = torch.randn(3, 77, 768, dtype=dtype), []
        for _ in range(4):
            start = time.perf_counter()
            net(x, 500, text)
            times.append(time.perf_counter() - start)
        print(
            f"PyTorch {torch.__version__}, diffusers {diffusers.__version__}, {str(dtype)[6:]}: median "
            f"{sorted(times[1:])[1]:.3f} s",
            flush=True)
