"""The same encoding and decoding as bench_vae in PyTorch with diffusers: Stable Diffusion's VAE with random weights,
one image of 256x256 pixels, f32 and bf16, both memory layouts, medians of three."""
import os, time
import diffusers, torch
from diffusers import AutoencoderKL

torch.set_num_threads(os.cpu_count())
blocks = (128, 256, 512, 512)
net = AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
                    block_out_channels=blocks, layers_per_block=2, latent_channels=4, sample_size=256).eval()


def median(call, x):
    times = []
    for _ in range(4):
        start = time.perf_counter()
        call(x)
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[1]


with torch.no_grad():
    for dtype in (torch.float32, torch.bfloat16):
        for layout in (torch.contiguous_format, torch.channels_last):
            net = net.to(dtype=dtype, memory_format=layout)
            image, latent = (torch.randn(1, *shape, dtype=dtype).contiguous(memory_format=layout)
                             for shape in ((3, 256, 256), (4, 32, 32)))
            name = "planar" if layout == torch.contiguous_format else "channels-last"
            print(f"PyTorch {torch.__version__}, diffusers {diffusers.__version__}, {str(dtype)[6:]} {name}: encode "
                  f"{median(lambda x: net.encode(x), image):.3f} s, decode "
                  f"{median(lambda x: net.decode(x), latent):.3f} s", flush=True)
