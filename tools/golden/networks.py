"""Makes tests/golden: small random networks of diffusers and transformers with their inputs and outputs.

    python tools/golden/networks.py tests/golden
Needs torch, diffusers, transformers, safetensors (versions are written into each file's metadata).
"""
import json, os, sys
import diffusers, torch, transformers
from diffusers import (AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler,
                       EulerDiscreteScheduler, UNet2DConditionModel)
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

OUT = sys.argv[1]
META = {"torch": torch.__version__, "diffusers": diffusers.__version__, "transformers": transformers.__version__}


def put(name, tensors):
    path = os.path.join(OUT, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, path, metadata=META)


def spread(module, seed):
    """Random weights of useful size: norms near one, biases not zero."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, p in module.named_parameters():
            if p.ndim == 1:
                p.copy_(0.1 * torch.randn_like(p) + (1.0 if name.endswith("weight") else 0.0))
            else:
                p.copy_(torch.randn_like(p) / p[0].numel() ** 0.5)
    return module.eval()


def half(folder, part):
    """Stores the weights as f16 to keep the files small; the module gets the rounded values."""
    path = os.path.join(OUT, folder, part)
    tensors = {k: v.half() if v.is_floating_point() else v for k, v in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})


def rounded(module):
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(p.half().float())
    return module


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def clip(folder, act, seed):
    config = CLIPTextConfig(vocab_size=600, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                            num_attention_heads=4, max_position_embeddings=77, hidden_act=act, bos_token_id=598,
                            eos_token_id=599, pad_token_id=599)
    model = rounded(spread(CLIPTextModel(config), seed))
    model.save_pretrained(os.path.join(OUT, folder))
    half(folder, "model.safetensors")
    ids = torch.randint(0, 598, (2, 77))
    ids[:, 0] = 598
    ids[0, 9:] = 599
    put(folder + "/golden.safetensors", dict(ids=ids, states=model(ids).last_hidden_state))


def old_names(tensors):
    change = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    out = {}
    for name, value in tensors.items():
        for new, old in change.items():
            name = name.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
        out[name] = value
    return out


def vae(folder, seed, channels, layers, groups, old):
    n = len(channels)
    model = AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * n, up_block_types=("UpDecoderBlock2D",) * n,
                          block_out_channels=channels, layers_per_block=layers, norm_num_groups=groups,
                          latent_channels=4)
    model = rounded(spread(model, seed))
    model.save_pretrained(os.path.join(OUT, folder))
    half(folder, "diffusion_pytorch_model.safetensors")
    if old:
        path = os.path.join(OUT, folder, "diffusion_pytorch_model.safetensors")
        save_file(old_names(load_file(path)), path, metadata={"format": "pt"})
    picture = torch.rand(2, 3, 32, 24) * 2 - 1
    mean = model.encode(picture).latent_dist.mean
    z = torch.randn(1, 4, 8, 6)
    put(folder + "/golden.safetensors",
        dict(picture=nhwc(picture), mean=nhwc(mean), z=nhwc(z), decoded=nhwc(model.decode(z).sample)))


def unet(folder, seed, **config):
    model = rounded(spread(UNet2DConditionModel(in_channels=8, out_channels=4, **config), seed))
    model.save_pretrained(os.path.join(OUT, folder))
    half(folder, "diffusion_pytorch_model.safetensors")
    x, text = torch.randn(3, 8, 16, 12), torch.randn(3, 77, config["cross_attention_dim"])
    t = torch.tensor(988.8889)
    put(folder + "/golden.safetensors", dict(x=nhwc(x), text=text, t=t.reshape(1), y=nhwc(model(x, t, text).sample)))
    return model


UNET_A = dict(block_out_channels=(32, 48, 64), layers_per_block=1, norm_num_groups=8, cross_attention_dim=32,
              attention_head_dim=4, down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
              up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"))
UNET_B = dict(block_out_channels=(24, 40), layers_per_block=[2, 1], norm_num_groups=8, cross_attention_dim=16,
              attention_head_dim=(3, 5), use_linear_projection=True, transformer_layers_per_block=[1, 2],
              down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
              up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"))

SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1)
ZERO = dict(SD, prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing")
KINDS = {"euler_ancestral": EulerAncestralDiscreteScheduler, "euler": EulerDiscreteScheduler, "ddim": DDIMScheduler,
         "dpmpp_2m": DPMSolverMultistepScheduler}
DDIM = dict(clip_sample=False, set_alpha_to_one=False)


def fake_model(x, t):
    """Stands for a network: bounded, nonlinear, depends on x and t."""
    return 0.8 * torch.sin(1.3 * x + 0.002 * t) + 0.1 * x.flip(-1)


def sampler_cases():
    for spacing in ("linspace", "leading", "trailing"):
        for prediction in ("epsilon", "v_prediction", "sample"):
            yield f"sd_{spacing}_{prediction}", dict(SD, timestep_spacing=spacing, prediction_type=prediction)
    yield "zero_snr", ZERO
    yield "linear", dict(SD, beta_schedule="linear", beta_start=0.0001, beta_end=0.02, timestep_spacing="leading")


def samplers():
    out, index = {}, []
    for case, config in sampler_cases():
        for kind, cls in KINDS.items():
            if kind == "euler_ancestral" and config.get("prediction_type") == "sample":
                continue  # diffusers has none
            for steps in (1, 4, 20):
                torch.manual_seed(len(index))
                extra = DDIM if kind == "ddim" else {}
                if case == "zero_snr" and kind == "dpmpp_2m":
                    continue  # diffusers' first step divides by alpha = 0 there
                s = cls(**config, **extra)
                s.set_timesteps(steps)
                x = torch.randn(2, 6) * s.init_noise_sigma
                name = f"{case}.{kind}.{steps}"
                noises, start = [], x.clone()
                for t in s.timesteps:
                    noise = torch.randn(2, 6)
                    noises.append(noise)
                    model = fake_model(s.scale_model_input(x, t), float(t))
                    kw = {}
                    if kind == "euler_ancestral":
                        import diffusers.schedulers.scheduling_euler_ancestral_discrete as module
                        module.randn_tensor = lambda *a, **k: noise
                    x = s.step(model, t, x, **kw).prev_sample
                index.append(dict(name=name, kind=kind, steps=steps, config=case))
                out[name + ".timesteps"] = torch.as_tensor(s.timesteps).float()
                out[name + ".start"], out[name + ".end"] = start, x
                out[name + ".noise"] = torch.stack(noises)
        json.dump(dict(config, **DDIM), open(os.path.join(OUT, "samplers", case + ".json"), "w"), indent=1)
    put("samplers/golden.safetensors", out)
    json.dump(dict(cases=index), open(os.path.join(OUT, "samplers", "cases.json"), "w"), indent=0)


def ip2p():
    """One whole edit, as StableDiffusionInstructPix2PixPipeline does it."""
    folder = os.path.join(OUT, "ip2p")
    text = rounded(spread(CLIPTextModel(CLIPTextConfig(
        vocab_size=600, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=16, bos_token_id=598, eos_token_id=599, pad_token_id=599)), 11))
    net = rounded(spread(UNet2DConditionModel(in_channels=8, out_channels=4, **UNET_A), 12))
    auto = rounded(
        spread(
            AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
                          block_out_channels=(16, 32), norm_num_groups=8, latent_channels=4), 13))
    scheduler = EulerAncestralDiscreteScheduler(**SD, timestep_spacing="linspace")
    for part, module, name in (("text_encoder", text, "model"), ("unet", net, "diffusion_pytorch_model"),
                               ("vae", auto, "diffusion_pytorch_model")):
        module.save_pretrained(os.path.join(folder, part))
        half("ip2p/" + part, name + ".safetensors")
    scheduler.save_pretrained(os.path.join(folder, "scheduler"))
    ids = torch.randint(0, 598, (2, 16))  # the instruction, the empty text
    ids[:, 0], ids[0, 9:], ids[1, 1:] = 598, 599, 599
    picture = torch.rand(1, 3, 32, 32)
    image = auto.encode(picture * 2 - 1).latent_dist.mode()
    states = text(ids).last_hidden_state
    embeds = torch.cat([states[:1], states[1:], states[1:]])
    image3 = torch.cat([image, image, torch.zeros_like(image)])
    steps, guidance, image_guidance = 10, 4.0, 1.5
    scheduler.set_timesteps(steps)
    noises = torch.randn(steps + 1, 1, 4, 16, 16)
    x = noises[0] * scheduler.init_noise_sigma
    import diffusers.schedulers.scheduling_euler_ancestral_discrete as module
    for i, t in enumerate(scheduler.timesteps):
        model_in = torch.cat([scheduler.scale_model_input(torch.cat([x] * 3), t), image3], 1)
        e_text, e_image, e_none = net(model_in, t, embeds).sample.chunk(3)
        e = e_none + guidance * (e_text - e_image) + image_guidance * (e_image - e_none)
        module.randn_tensor = lambda *a, **k: noises[i + 1]
        x = scheduler.step(e, t, x).prev_sample
    decoded = auto.decode(x / auto.config.scaling_factor).sample
    put(
        "ip2p/golden.safetensors",
        dict(ids=ids, picture=nhwc(picture), image_latents=nhwc(image), noises=noises.permute(0, 1, 3, 4, 2),
             latents=nhwc(x), decoded=nhwc(decoded)))
    json.dump(dict(_class_name="StableDiffusionInstructPix2PixPipeline"),
              open(os.path.join(folder, "model_index.json"), "w"))


with torch.no_grad():
    os.makedirs(os.path.join(OUT, "samplers"), exist_ok=True)
    clip("clip_quick", "quick_gelu", 1)
    clip("clip_gelu", "gelu", 2)
    vae("vae_new", 3, (16, 32), 1, 8, False)
    vae("vae_old", 4, (16, 24, 32), 2, 8, True)
    unet("unet_a", 5, **UNET_A)
    unet("unet_b", 6, **UNET_B)
    samplers()
    ip2p()
