"""Makes tests/golden/generate: images that tiny random models generate, by diffusers' own pipelines, in f32.

    python tools/golden/generate.py tests/golden/generate
Directories, weights as f16:
  text      StableDiffusionPipeline of Stable Diffusion 1's kind (epsilon), with the tokenizer of models/dc3-mini
  text_v    the same of Stable Diffusion 2's kind: velocity, linear projections, heads as a list
  classes   DiTPipeline of 1,000 classes, learned variance, some of them with names (id2label)
  lora      adapters of text's attention, as diffusers writes them
  editor_lora.safetensors   the same for the U-Net of tests/golden/ip2p
golden.safetensors, channels last: CASE.noise [n, h, w, c], the latents at the start; CASE.latents, those at the end;
  CASE.images in [0, 1]. Cases: text, text_large (of another size), text_v, text_lora, all by DDIM in STEPS steps for
  the prompts below under guidance 5 and a negative prompt; text_plain without guidance; classes for LABELS under
  guidance 4.
"""
import json, os, sys
import diffusers, torch, transformers
from diffusers import (AutoencoderKL, DDIMScheduler, DiTPipeline, DiTTransformer2DModel, StableDiffusionPipeline,
                       UNet2DConditionModel)
from diffusers.utils.torch_utils import randn_tensor
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

OUT = sys.argv[1]
MINI = os.path.join(os.path.dirname(__file__), "..", "..", "models", "dc3-mini")
PROMPTS, NEGATIVE, STEPS = ["a red fish in the sea", "a photo of a sunny lake"], "rain", 4
LABELS = [7, 0, 999]
NAMES = {0: "tench, Tinca tinca", 1: "goldfish, Carassius auratus", 7: "cock", 207: "golden retriever"}
golden = {}


def spread(module, seed):
    """Random weights of useful size, as f16 holds them."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, p in module.named_parameters():
            p.copy_(0.1 * torch.randn_like(p) + (1.0 if name.endswith("weight") else 0.0)
                    if p.ndim == 1 else torch.randn_like(p) / p[0].numel()**0.5)
            p.copy_(p.half().float())
    return module.eval()


def halve(folder):
    for part in os.listdir(folder):
        for name in ("diffusion_pytorch_model.safetensors", "model.safetensors"):
            path = os.path.join(folder, part, name)
            if os.path.exists(path):
                save_file({k: v.half() for k, v in load_file(path).items()}, path, metadata={"format": "pt"})


def vae():
    return spread(
        AutoencoderKL(down_block_types=("DownEncoderBlock2D", ) * 2, up_block_types=("UpDecoderBlock2D", ) * 2,
                      block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, latent_channels=4,
                      scaling_factor=0.7), 1)


def text_model(seed, **settings):
    tokenizer = CLIPTokenizer.from_pretrained(os.path.join(MINI, "tokenizer"))
    encoder = CLIPTextModel(
        CLIPTextConfig(vocab_size=869, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                       num_attention_heads=2, max_position_embeddings=40, bos_token_id=867, eos_token_id=868,
                       pad_token_id=868, **settings.pop("text", {})))
    scheduler = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
                              set_alpha_to_one=False, steps_offset=1,
                              prediction_type=settings.pop("prediction_type", "epsilon"))
    unet = UNet2DConditionModel(in_channels=4, out_channels=4, sample_size=8, block_out_channels=(8, 16),
                                norm_num_groups=4, cross_attention_dim=16, layers_per_block=1,
                                down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                                up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), **settings)
    return StableDiffusionPipeline(vae(), spread(encoder, seed + 1), tokenizer, spread(unet, seed), scheduler, None,
                                   None, None, requires_safety_checker=False)


def put(name, x):
    golden[name] = torch.as_tensor(x).detach().float().contiguous()


def last(x):
    return x.permute(0, 2, 3, 1)


def generate(name, pipe, size=16, guidance=5.0):
    torch.manual_seed(len(golden))
    noise = torch.randn(len(PROMPTS), 4, size // 2, size // 2)
    settings = dict(negative_prompt=[NEGATIVE] * len(PROMPTS), num_inference_steps=STEPS, guidance_scale=guidance,
                    height=size, width=size)
    put(name + ".noise", last(noise))
    put(name + ".latents", last(pipe(PROMPTS, latents=noise, output_type="latent", **settings).images))
    put(name + ".images", pipe(PROMPTS, latents=noise, output_type="np", **settings).images)


def adapters(unet):
    """Adapters of the attention's queries and outputs, rank 2, by the names of diffusers' files."""
    torch.manual_seed(9)
    values = {}
    for name, p in unet.named_parameters():
        module = name.removesuffix(".weight")
        if p.ndim == 2 and module.endswith(("to_q", "to_out.0")):
            values[f"unet.{module}.lora_A.weight"] = torch.randn(2, p.shape[1])
            values[f"unet.{module}.lora_B.weight"] = 0.5 * torch.randn(p.shape[0], 2)
    return values


def texts():
    pipe = text_model(2)
    pipe.set_progress_bar_config(disable=True)
    pipe.save_pretrained(os.path.join(OUT, "text"))
    generate("text", pipe)
    generate("text_large", pipe, size=24)
    generate("text_plain", pipe, guidance=1.0)
    os.makedirs(os.path.join(OUT, "lora"), exist_ok=True)
    file = os.path.join(OUT, "lora", "pytorch_lora_weights.safetensors")
    save_file(adapters(pipe.unet), file, metadata={"format": "pt"})
    pipe.load_lora_weights(os.path.join(OUT, "lora"))
    generate("text_lora", pipe)
    pipe = text_model(4, prediction_type="v_prediction", use_linear_projection=True, attention_head_dim=(2, 4),
                      text={"hidden_act": "gelu"})
    pipe.set_progress_bar_config(disable=True)
    pipe.save_pretrained(os.path.join(OUT, "text_v"))
    generate("text_v", pipe)


def editor():
    unet = UNet2DConditionModel.from_pretrained(os.path.join(OUT, "..", "ip2p", "unet"))
    save_file(adapters(unet), os.path.join(OUT, "editor_lora.safetensors"), metadata={"format": "pt"})


def classes():
    net = DiTTransformer2DModel(num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8,
                                num_layers=2, sample_size=8, num_embeds_ada_norm=1000)
    scheduler = DDIMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="linear", clip_sample=False)
    pipe = DiTPipeline(spread(net, 6), vae(), scheduler, id2label=NAMES)
    pipe.set_progress_bar_config(disable=True)
    pipe.save_pretrained(os.path.join(OUT, "classes"))
    index = os.path.join(OUT, "classes", "model_index.json")
    with open(index) as f:
        content = json.load(f)
    content["id2label"] = {str(k): v for k, v in NAMES.items()}  # as in the published model
    with open(index, "w") as f:
        json.dump(content, f, indent=2)
    start = randn_tensor((len(LABELS), 4, 8, 8), generator=torch.manual_seed(3))
    images = pipe(LABELS, guidance_scale=4.0, num_inference_steps=STEPS, generator=torch.manual_seed(3),
                  output_type="np").images
    put("classes.noise", last(start)), put("classes.images", images)


def main():
    os.makedirs(OUT, exist_ok=True)
    with torch.no_grad():
        texts()
        classes()
        editor()
    for folder in ("text", "text_v", "classes"):
        halve(os.path.join(OUT, folder))
    save_file(golden, os.path.join(OUT, "golden.safetensors"), metadata={
        "torch": torch.__version__, "diffusers": diffusers.__version__, "transformers": transformers.__version__
    })


main()
