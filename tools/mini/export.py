"""Writes the trained editor as a diffusers directory in f16."""
import argparse, json, os
import torch
from diffusers import DDIMScheduler
from safetensors.torch import load_file, save_file
import prompts, train


def halve(path):
    save_file({k: v.half() if v.is_floating_point() else v for k, v in load_file(path).items()}, path,
              metadata={"format": "pt"})


def load(work, tokenizer_folder):
    """The networks with the averaged weights, in evaluation mode."""
    state = torch.load(os.path.join(work, "unet.pt"))
    tokenizer = train.open_tokenizer(tokenizer_folder)
    vae, unet, text = train.make_vae(), train.make_unet(), train.make_text(tokenizer)
    vae.load_state_dict(torch.load(os.path.join(work, "vae.pt"))["vae"])
    decoder = os.path.join(work, "decoder.pt")
    if os.path.exists(decoder):
        vae.load_state_dict(torch.load(decoder)["vae"])
    with torch.no_grad():
        for p, mean in zip(list(unet.parameters()) + list(text.parameters()), state["mean"]):
            p.copy_(mean)
    vae.register_to_config(scaling_factor=state["scale"])
    return vae.eval(), unet.eval(), text.eval(), tokenizer, state


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("work")
    p.add_argument("out")
    p.add_argument("--steps", type=int, default=1)
    a = p.parse_args()
    vae, unet, text, _, state = load(a.work, os.path.join(a.out, "tokenizer"))
    for part, module, name in (("vae", vae, "diffusion_pytorch_model"), ("unet", unet, "diffusion_pytorch_model"),
                               ("text_encoder", text, "model")):
        module.save_pretrained(os.path.join(a.out, part), safe_serialization=True)
        halve(os.path.join(a.out, part, name + ".safetensors"))
    DDIMScheduler(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                  clip_sample=False, set_alpha_to_one=False, prediction_type="v_prediction",
                  timestep_spacing="trailing",
                  rescale_betas_zero_snr=True).save_pretrained(os.path.join(a.out, "scheduler"))
    index = dict(_class_name="StableDiffusionInstructPix2PixPipeline", vae=["diffusers", "AutoencoderKL"],
                 unet=["diffusers", "UNet2DConditionModel"], text_encoder=["transformers", "CLIPTextModel"],
                 tokenizer=["transformers", "CLIPTokenizer"], scheduler=["diffusers", "DDIMScheduler"],
                 dc3=dict(resolution=64, steps=a.steps, sampler="ddim", guidance=1.0, image_guidance=1.0, detail="keep",
                          residual_image_latents=True, concepts=prompts.CONCEPTS))
    json.dump(index, open(os.path.join(a.out, "model_index.json"), "w"), indent=2)
    print(f"U-Net step {state['step']}, {state['minutes']:.1f} min; parameters: " +
          ", ".join(f"{name} {sum(q.numel() for q in m.parameters()) / 1e6:.2f} M"
                    for name, m in (("vae", vae), ("unet", unet), ("text", text))))


if __name__ == "__main__":
    main()
