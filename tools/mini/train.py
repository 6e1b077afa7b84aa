"""Trains the small editor: `train.py vae`, then `train.py unet`. Continues from its checkpoint in --work."""
import argparse, os, random, time
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
import color_ops, data, prompts

LENGTH = 40


def make_vae():
    return AutoencoderKL(in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(32, 64, 96),
                         layers_per_block=1, down_block_types=("DownEncoderBlock2D",) * 3,
                         up_block_types=("UpDecoderBlock2D",) * 3, norm_num_groups=8, sample_size=64,
                         scaling_factor=1.0)


def make_unet(layers=(2, 2, 1)):
    return UNet2DConditionModel(sample_size=16, in_channels=8, out_channels=4, block_out_channels=(64, 128, 192),
                                layers_per_block=list(layers), norm_num_groups=16, cross_attention_dim=128,
                                attention_head_dim=4,
                                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
                                up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"))


def make_text(tokenizer):
    return CLIPTextModel(
        CLIPTextConfig(vocab_size=len(tokenizer), hidden_size=128, intermediate_size=256, num_hidden_layers=2,
                       num_attention_heads=4, max_position_embeddings=LENGTH, projection_dim=128,
                       bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
                       pad_token_id=tokenizer.pad_token_id))


def open_tokenizer(folder):
    return CLIPTokenizer(os.path.join(folder, "vocab.json"), os.path.join(folder, "merges.txt"),
                         pad_token="<|endoftext|>", model_max_length=LENGTH)


def tokens(tokenizer, texts):
    return tokenizer(texts, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt").input_ids


def alphas_bar():
    """Scaled-linear betas, rescaled to zero terminal SNR (Lin et al. 2023)."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    root = torch.cumprod(1 - betas, 0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return (root**2).float()


def save(path, **states):
    torch.save(states, path + ".part")
    os.replace(path + ".part", path)


class Clock:
    """Minutes spent so far over restarts, and the learning rate that they imply: a short warm-up, then a cosine."""

    def __init__(self, budget, spent):
        self.budget, self.spent, self.start = budget, spent, time.time()

    def minutes(self):
        return self.spent + (time.time() - self.start) / 60

    def rate(self, top):
        share = min(self.minutes() / self.budget, 1)
        return top * min(1,
                         self.minutes() / 0.5 + 0.02) * (0.02 + 0.98 * 0.5 *
                                                         (1 + torch.cos(torch.tensor(share * 3.14159)).item()))

    def done(self):
        return self.minutes() >= self.budget


def step(optimizer, loss, rate, parameters):
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()


def edges(a, b):
    return (F.l1_loss(a.diff(dim=-1), b.diff(dim=-1)) + F.l1_loss(a.diff(dim=-2), b.diff(dim=-2)))


def colour_mix(x):
    """Half of the images as they are, half graded at random, so that the latents know every colour."""
    half = len(x) // 2
    names = random.choices(list(color_ops.GRADES), k=half)
    return torch.cat([color_ops.grade(x[:half], names, torch.rand(half) * 1.2), x[half:]])


def train_vae(a, pictures):
    torch.manual_seed(0)
    vae = make_vae().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(vae.parameters(), betas=(0.9, 0.99), weight_decay=1e-3)
    path, clock, i = os.path.join(a.work, "vae.pt"), Clock(a.minutes, 0), 0
    if os.path.exists(path):
        state = torch.load(path)
        vae.load_state_dict(state["vae"]), optimizer.load_state_dict(state["optimizer"])
        clock, i = Clock(a.minutes, state["minutes"]), state["step"]
    while not clock.done():
        x = (colour_mix(data.batch(pictures, a.batch)) * 2 - 1).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            posterior = vae.encode(x).latent_dist
            z = posterior.mode() + 0.05 * torch.randn_like(posterior.mode())
            y = vae.decode(z).sample
        y = y.float()
        kl = posterior.mean.float().pow(2).mean()
        loss = F.l1_loss(y, x) + 2 * F.mse_loss(y, x) + 0.5 * edges(y, x) + 1e-3 * kl
        step(optimizer, loss, clock.rate(2e-3), vae.parameters())
        i += 1
        if i % 50 == 0:
            mse = F.mse_loss(y.clamp(-1, 1), x).item() / 4
            print(
                f"vae step {i} {clock.minutes():.1f} min loss {loss.item():.4f} psnr "
                f"{-10 * torch.log10(torch.tensor(mse)).item():.2f} "
                f"latent std {posterior.mean.float().std().item():.2f}", flush=True)
        if i % 200 == 0 or clock.done():
            save(path, vae=vae.state_dict(), optimizer=optimizer.state_dict(), minutes=clock.minutes(), step=i)


def triples(x):
    """(input, instruction, target): graded images, and for one in eight a disturbed image with its original as
    target."""
    n = len(x)
    names = random.choices(list(color_ops.GRADES), k=n)
    texts = [prompts.instruction(name) for name in names]
    target = color_ops.grade(x, names, 0.6 + 0.6 * torch.rand(n))
    fixed = n // 8
    target[:fixed] = x[:fixed]
    texts[:fixed] = [prompts.natural() for _ in range(fixed)]
    source = x.clone()
    source[:fixed] = color_ops.disturb(x[:fixed])
    return source, texts, target


def train_unet(a, pictures):
    torch.manual_seed(1)
    random.seed(1)
    tokenizer = open_tokenizer(a.tokenizer)
    vae = make_vae()
    vae.load_state_dict(torch.load(os.path.join(a.work, "vae.pt"))["vae"])
    vae.requires_grad_(False).eval().to(memory_format=torch.channels_last)
    unet, text = make_unet().to(memory_format=torch.channels_last), make_text(tokenizer)
    parameters = list(unet.parameters()) + list(text.parameters())
    mean = [p.detach().clone() for p in parameters]
    optimizer = torch.optim.AdamW(parameters, betas=(0.9, 0.99), weight_decay=1e-2)
    path, clock, i = os.path.join(a.work, "unet.pt"), Clock(a.minutes, 0), 0
    with torch.no_grad():
        std = vae.encode(data.batch(pictures, 256) * 2 - 1).latent_dist.mean.std().item()
    scale = 1 / std
    if os.path.exists(path):
        state = torch.load(path)
        unet.load_state_dict(state["unet"]), text.load_state_dict(state["text"]), optimizer.load_state_dict(
            state["optimizer"])
        mean, scale = state["mean"], state["scale"]
        clock, i = Clock(a.minutes, state["minutes"]), state["step"]
    bar, running, samples = alphas_bar(), 0.0, time.time()
    empty = tokens(tokenizer, [""])
    if a.overfit:
        fixed = triples(data.batch(pictures, a.overfit))
    while not clock.done():
        n = a.batch
        source, texts, target = triples(data.batch(pictures, n)) if not a.overfit else fixed
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            both = vae.encode(
                (torch.cat([source, target]) * 2 - 1).contiguous(memory_format=torch.channels_last)).latent_dist.mean
        image, x0 = both[:n].float(), both[n:].float() * scale
        ids = tokens(tokenizer, texts)
        ids[torch.rand(n) < 0.06] = empty
        image = image * (torch.rand(n, 1, 1, 1) >= 0.06)
        t = torch.where(torch.rand(n) < 0.35, torch.full((n,), 999), torch.randint(0, 1000, (n,)))
        alpha, sigma = bar[t].sqrt().reshape(n, 1, 1, 1), (1 - bar[t]).sqrt().reshape(n, 1, 1, 1)
        noise = torch.randn_like(x0)
        x = torch.cat([alpha * x0 + sigma * noise, image], 1).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            out = unet(x, t, text(ids).last_hidden_state).sample
        v = out.float() - scale * image
        loss = F.mse_loss(v, alpha * noise - sigma * x0)
        step(optimizer, loss, clock.rate(5e-4), parameters)
        i += 1
        with torch.no_grad():
            decay = min(0.999, (1 + i) / (10 + i))
            torch._foreach_lerp_(mean, [p.detach() for p in parameters], 1 - decay)
        running = 0.98 * running + 0.02 * loss.item() if i > 1 else loss.item()
        if i % 50 == 0:
            print(
                f"unet step {i} {clock.minutes():.1f} min loss {running:.4f} {50 * n / (time.time() - samples):.0f} "
                f"samples/s",
                flush=True)
            samples = time.time()
        if i % 200 == 0 or clock.done():
            save(path, unet=unet.state_dict(), text=text.state_dict(), optimizer=optimizer.state_dict(), mean=mean,
                 scale=scale, minutes=clock.minutes(), step=i)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("part", choices=["vae", "unet"])
    p.add_argument("--data", nargs="+", required=True, help="folders of training pictures")
    p.add_argument("--work", required=True, help="folder of checkpoints")
    p.add_argument("--tokenizer", help="folder with vocab.json and merges.txt")
    p.add_argument("--minutes", type=float, required=True)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--overfit", type=int, default=0, help="learn only this many triples, to check the sampler")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    os.makedirs(a.work, exist_ok=True)
    pictures = data.load(a.data, 64, os.path.join(a.work, "pictures.pt"))
    print(f"{len(pictures)} pictures", flush=True)
    (train_vae if a.part == "vae" else train_unet)(a, pictures)


if __name__ == "__main__":
    main()
