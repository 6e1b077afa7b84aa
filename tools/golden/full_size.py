"""Makes a diffusers directory of InstructPix2Pix's full size with random weights, and what diffusers computes with it.

    python tools/golden/full_size.py FOLDER [dit]
Writes 2.1 GB of f16 weights and golden.safetensors (inputs and f32 results, channels last); run by hand, then
bench/bench_full FOLDER unet|vae|text f32|bf16
With dit: DiT-XL/2 for 256 pixels in their place, 1.35 GB; bench/bench_full FOLDER dit f32|bf16
"""
import os, sys, time
import torch
from diffusers import AutoencoderKL, DiTTransformer2DModel, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

OUT = sys.argv[1]


def store(model, folder):
    """Rounds the weights to f16, as checkpoints hold them, and saves them; computing continues with the rounded ones in
    f32."""
    torch.manual_seed(1)
    if isinstance(model, DiTTransformer2DModel):  # each block has a copy of them, as in converted checkpoints
        first = model.transformer_blocks[0].norm1.emb.state_dict()
        for block in model.transformer_blocks:
            block.norm1.emb.load_state_dict(first)
    for name, p in model.named_parameters():
        if p.ndim == 1 and p.abs().max() in (0, 1):
            p.data += 0.05 * torch.randn_like(p)
    model.half().save_pretrained(os.path.join(OUT, folder), max_shard_size="1GB")
    return model.float().eval()


def last(x):
    return x.permute(0, 2, 3, 1).contiguous()


def timed(what, run):
    run()
    start = time.time()
    y = run()
    print(f"{what}: {time.time() - start:.2f} s, {torch.get_num_threads()} threads, deviation {y.std():.3f}",
          flush=True)
    return y


def main():
    torch.manual_seed(0)
    golden = {}
    text = store(
        CLIPTextModel(
            CLIPTextConfig(vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
                           num_attention_heads=12, max_position_embeddings=77, hidden_act="quick_gelu")),
        "text_encoder")
    ids = torch.randint(0, 49408, (2, 77))
    ids[:, 0], ids[:, -1] = 49406, 49407
    golden["ids"], golden["states"] = ids, timed("text", lambda: text(ids).last_hidden_state)
    vae = store(
        AutoencoderKL(block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4, sample_size=256,
                      down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4), "vae")
    picture, latents = torch.rand(1, 3, 256, 256) * 2 - 1, torch.randn(1, 4, 32, 32)
    golden["picture"], golden["mean"] = last(picture), last(
        timed("encode", lambda: vae.encode(picture).latent_dist.mean))
    golden["latents"], golden["decoded"] = last(latents), last(timed("decode", lambda: vae.decode(latents).sample))
    del vae
    cross, plain = "CrossAttn{}Block2D", "{}Block2D"
    unet = store(
        UNet2DConditionModel(sample_size=32, in_channels=8, out_channels=4, cross_attention_dim=768,
                             attention_head_dim=8, block_out_channels=(320, 640, 1280, 1280), layers_per_block=2,
                             down_block_types=(cross.format("Down"),) * 3 + (plain.format("Down"),),
                             up_block_types=(plain.format("Up"),) + (cross.format("Up"),) * 3), "unet")
    x, states = torch.randn(3, 8, 32, 32), torch.randn(3, 77, 768)
    golden["x"], golden["text"], golden["timestep"] = last(x), states, torch.tensor([601.0])
    golden["y"] = last(timed("unet", lambda: unet(x, 601, states).sample))
    save_file({k: v.contiguous() for k, v in golden.items()}, os.path.join(OUT, "golden.safetensors"))


def dit():
    torch.manual_seed(0)
    net = store(DiTTransformer2DModel(out_channels=8), "transformer")
    x, t, labels = torch.randn(2, 4, 32, 32), torch.tensor([601.0, 601.0]), torch.tensor([207, 1000])
    y = timed("dit f32", lambda: net(x, t, labels).sample)
    save_file({"x": last(x), "timesteps": t, "labels": labels, "y": last(y)}, os.path.join(OUT, "golden.safetensors"))
    net = net.bfloat16()
    z = timed("dit bf16", lambda: net(x.bfloat16(), t.bfloat16(), labels).sample)
    print(f"bf16 is {(z.float() - y).norm() / y.norm():.1e} from f32")


with torch.no_grad():
    dit() if sys.argv[2:] == ["dit"] else main()
