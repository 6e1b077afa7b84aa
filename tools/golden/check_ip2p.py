"""Repeats the edit stored in tests/golden/ip2p with diffusers' own pipeline and prints the relative errors; exit 1
above 1e-5.

    python tools/golden/check_ip2p.py tests/golden/ip2p
"""
import sys
import torch
import diffusers.schedulers.scheduling_euler_ancestral_discrete as ancestral
from diffusers import (AutoencoderKL, EulerAncestralDiscreteScheduler, StableDiffusionInstructPix2PixPipeline,
                       UNet2DConditionModel)
from safetensors.torch import load_file
from transformers import CLIPTextModel


def nchw(x):
    return x.movedim(-1, -3).contiguous()


def main(folder):
    golden = load_file(folder + "/golden.safetensors")
    text = CLIPTextModel.from_pretrained(folder + "/text_encoder", dtype=torch.float32)
    pipe = StableDiffusionInstructPix2PixPipeline(
        vae=AutoencoderKL.from_pretrained(folder + "/vae"), text_encoder=text, tokenizer=None,
        unet=UNet2DConditionModel.from_pretrained(folder + "/unet"), safety_checker=None, feature_extractor=None,
        scheduler=EulerAncestralDiscreteScheduler.from_pretrained(folder + "/scheduler"), requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    for part in (pipe.vae, pipe.unet, text):
        part.float()
    noises = list(nchw(golden["noises"]))
    start = noises.pop(0)
    ancestral.randn_tensor = lambda *args, **kw: noises.pop(0)
    with torch.no_grad():
        states = text(golden["ids"]).last_hidden_state
        common = dict(image=nchw(golden["picture"]), prompt_embeds=states[:1], negative_prompt_embeds=states[1:],
                      num_inference_steps=len(noises), guidance_scale=4.0, image_guidance_scale=1.5)
        latents = pipe(**common, latents=start, output_type="latent").images
        decoded = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample
    worst = 0.0
    for name, found in (("latents", latents), ("decoded", decoded)):
        want = nchw(golden[name])
        error = ((found - want).norm() / want.norm()).item()
        worst = max(worst, error)
        print(f"{name}: relative error {error:.2e}")
    return 0 if worst < 1e-5 else 1


sys.exit(main(sys.argv[1]))
