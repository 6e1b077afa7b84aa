"""A training step as bench_finetune's in PyTorch with diffusers and peft, on the same arguments: forward, backward and
AdamW of LoRA beside Stable Diffusion 1.5's attention, as diffusers' train_text_to_image_lora.py sets it up, or of
DiffFit of DiT-XL/2, one image. Weights bf16; what is trained f32, autocast to bf16; channels last. Words: "checkpoints"
for gradient checkpointing, "planar" for PyTorch's usual layout, "plain" for adapters in bf16 without autocast.
Usage: diffusers_finetune.py sd15|dit [PIXELS [THREADS [STEPS]]] [WORD ...]"""
import contextlib, resource, statistics, sys, time
import diffusers, peft, torch
from diffusers import DDPMScheduler, DiTTransformer2DModel, UNet2DConditionModel
from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from torch import nn

words = [w for w in sys.argv[1:] if not w.isdigit()]
numbers = [int(w) for w in sys.argv[1:] if w.isdigit()]
pixels, threads, steps = numbers + [256, 2, 7][len(numbers):]
WARM_UP, DIT = 3, words[0] == "dit"
torch.set_num_threads(threads)
torch.manual_seed(1)


class Scaled(nn.Module):
    """A linear layer whose outputs are multiplied by learned factors."""

    def __init__(self, layer, count):
        super().__init__()
        self.layer, self.factors = layer, nn.ParameterList(
            [nn.Parameter(torch.ones(layer.out_features, dtype=torch.float32)) for _ in range(count)])

    def forward(self, x):
        y = self.layer(x)
        for factor in self.factors:
            y = y * factor.to(y.dtype)
        return y


def unet_with_lora():
    net = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8, sample_size=64)
    net.requires_grad_(False)
    net.add_adapter(LoraConfig(r=4, lora_alpha=4, init_lora_weights="gaussian",
                               target_modules=["to_k", "to_q", "to_v", "to_out.0"]))
    return net


def dit_by_difffit():
    """As MinimaxDiffusion's program: biases, embeddings of classes, factors in the first half of the blocks."""
    net = DiTTransformer2DModel(num_layers=28, num_embeds_ada_norm=1000, out_channels=8)
    for name, p in net.named_parameters():
        p.requires_grad_(name.endswith(".bias") or "class_embedder.embedding_table" in name)
    for block in net.transformer_blocks[:14]:
        a = block.attn1
        a.to_q, a.to_k, a.to_v = Scaled(a.to_q, 1), Scaled(a.to_k, 1), Scaled(a.to_v, 1)
        a.to_out[0], block.ff.net[2] = Scaled(a.to_out[0], 2), Scaled(block.ff.net[2], 1)
    return net


torch.set_default_dtype(torch.bfloat16) # so that the weights are never there in f32
net = dit_by_difffit() if DIT else unet_with_lora()
torch.set_default_dtype(torch.float32)
if "plain" not in words:
    cast_training_params(net, torch.float32)
if "checkpoints" in words:
    net.enable_gradient_checkpointing()
layout = torch.contiguous_format if "planar" in words else torch.channels_last
net = net.to(memory_format=layout).train()
trained = [p for p in net.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-4, fused=True)
side, scheduler = pixels // 8, DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
latents, noise = (torch.randn(1, 4, side, side).to(torch.bfloat16).contiguous(memory_format=layout) for _ in range(2))
text, t, label = torch.randn(1, 77, 768, dtype=torch.bfloat16), torch.tensor([500]), torch.tensor([7])
autocast = contextlib.nullcontext() if "plain" in words else torch.autocast("cpu", dtype=torch.bfloat16)


def step():
    noisy = scheduler.add_noise(latents, noise, t)
    with autocast:
        y = net(noisy, t, class_labels=label).sample[:, :4] if DIT else net(noisy, t, text).sample
    nn.functional.mse_loss(y.float(), noise.float()).backward()
    if not DIT:
        nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad()


times = []
for _ in range(WARM_UP + steps):
    start = time.perf_counter()
    step()
    times.append(time.perf_counter() - start)
times = times[WARM_UP:]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
name = "DiT-XL/2 by DiffFit" if DIT else "SD 1.5 by LoRA"
print(f"PyTorch {torch.__version__}, diffusers {diffusers.__version__}, peft {peft.__version__} {name} at {pixels} px, "
      f"bf16{''.join(', ' + w for w in words[1:])}, {threads} threads, {sum(p.numel() for p in trained) * 1e-6:.2f} M "
      f"values trained: median {statistics.median(times):.3f} s a step (best {min(times):.3f}); "
      f"peak memory {peak * 1e-6:.0f} MB", flush=True)
