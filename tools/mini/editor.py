"""The exported editor run with diffusers' and transformers' modules, as docs/mini-editor.md defines it."""
import json, os
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from safetensors.torch import load_file
from transformers import CLIPTextConfig, CLIPTextModel
import train

TO_YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


class Editor:
    """f16 weights, f32 arithmetic. Pictures are [n, 3, size, size] in 0..1."""

    def __init__(self, folder):
        part = lambda name: os.path.join(folder, name)
        self.vae = AutoencoderKL.from_pretrained(part("vae"), torch_dtype=torch.float32).eval()
        self.unet = UNet2DConditionModel.from_pretrained(part("unet"), torch_dtype=torch.float32).eval()
        self.text = CLIPTextModel(CLIPTextConfig.from_pretrained(part("text_encoder"))).float().eval()
        self.text.load_state_dict({k: v.float() for k, v in load_file(part("text_encoder/model.safetensors")).items()})
        self.tokenizer = train.open_tokenizer(part("tokenizer"))
        self.scheduler = DDIMScheduler.from_pretrained(part("scheduler"))
        self.own = json.load(open(part("model_index.json"), encoding="utf-8"))["dc3"]
        self.scale = self.vae.config.scaling_factor

    def encode(self, x):
        return self.vae.encode(2 * x - 1).latent_dist.mode()

    def decode(self, latents):
        return (self.vae.decode(latents).sample / 2 + 0.5).clamp(0, 1)

    def ids(self, texts):
        return train.tokens(self.tokenizer, texts)

    def denoise(self, image, states, noise, steps, guidance=1.0, image_guidance=1.0, empty=None):
        """Final latents (scaled) from the picture's latents, text states and standard normal noise."""
        self.scheduler.set_timesteps(steps)
        residual = self.scale if self.own["residual_image_latents"] else 0.0
        rows = [(guidance, states, image), (image_guidance - guidance, empty, image), (1 - image_guidance, empty, image * 0)]
        x = noise
        for t in self.scheduler.timesteps:
            v = 0
            for weight, text, seen in rows:
                if weight != 0:
                    v = v + weight * (self.unet(torch.cat([x, seen], 1), t, text).sample - residual * seen)
            x = self.scheduler.step(v, t, x).prev_sample
        return x

    def edit(self, x, texts, noise, steps, guidance=1.0, image_guidance=1.0):
        """(edits, reconstruction) of pictures x, one instruction each."""
        image = self.encode(x)
        states = self.text(self.ids(texts)).last_hidden_state
        empty = self.text(self.ids([""])).last_hidden_state.expand_as(states)
        latents = self.denoise(image, states, noise, steps, guidance, image_guidance, empty)
        return self.decode(latents / self.scale), self.decode(image)


def box(x, radius):
    return F.avg_pool2d(x, 2 * radius + 1, 1, radius, count_include_pad=False)


def guided(guide, x, radius, eps):
    """Guided filter (He et al. 2013); guide [n, 1, h, w], x [n, c, h, w]."""
    mean_g, mean_x = box(guide, radius), box(x, radius)
    a = (box(guide * x, radius) - mean_g * mean_x) / (box(guide * guide, radius) - mean_g**2 + eps)
    return box(a, radius) * guide + box(mean_x - a * mean_g, radius)


def keep_detail(small, reconstruction, edit, original):
    """The colour change of the edit, smoothed along the input's edges, added to the original at its own size."""
    mix = lambda m, x: torch.einsum("ij,njhw->nihw", m, x)
    change = mix(TO_YCC, edit - reconstruction)
    size = small.shape[-1]
    change = guided(mix(TO_YCC[:1], small), change, max(1, size * 4 // 64), 0.004)
    change = F.interpolate(change, size=original.shape[-2:], mode="bilinear", align_corners=False)
    return (original + mix(torch.linalg.inv(TO_YCC), change)).clamp(0, 1)
