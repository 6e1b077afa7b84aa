"""One edit with models/dc3-mini by diffusers' modules: tests/golden/mini/golden.safetensors.

    python tools/golden/mini.py models/dc3-mini tests/golden/mini
The image is computed, the noise is given, guidance is on (three rows), two steps.
"""
import os, sys
import torch
from diffusers import __version__
from safetensors.torch import save_file

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "mini"))
import evaluate, train

MODEL, OUT = sys.argv[1:]
GUIDANCE, IMAGE_GUIDANCE, STEPS, SIZE = 3.0, 1.5, 2, 64


def main():
    torch.manual_seed(0)
    editor = evaluate.Editor(MODEL, STEPS)
    y, x = torch.meshgrid(torch.linspace(0, 1, SIZE), torch.linspace(0, 1, SIZE), indexing="ij")
    picture = torch.stack(
        [0.2 + 0.6 * x, 0.5 + 0.4 * torch.sin(9 * y), 0.3 + 0.5 * ((x - 0.5)**2 + (y - 0.5)**2 < 0.1)])[None]
    ids = train.tokens(editor.tokenizer, ["Make it sunny.", "", ""])
    states = editor.text(ids).last_hidden_state
    image = editor.vae.encode(picture * 2 - 1).latent_dist.mode()
    noise = torch.randn_like(image)
    rows, z = torch.cat([image, image, 0 * image]), noise
    editor.scheduler.set_timesteps(STEPS)
    for t in editor.scheduler.timesteps:
        out = editor.unet(torch.cat([z.expand(3, -1, -1, -1), rows], 1), t, states).sample - editor.scale * rows
        full, picture_only, none = out.chunk(3)
        v = none + GUIDANCE * (full - picture_only) + IMAGE_GUIDANCE * (picture_only - none)
        z = editor.scheduler.step(v, t, z).prev_sample
    show = lambda q: (editor.vae.decode(q).sample / 2 + 0.5).clamp(0, 1)
    last = lambda q: q[0].permute(1, 2, 0).contiguous()
    golden = dict(picture=last(picture), noise=last(noise), latents=last(z), edit=last(show(z / editor.scale)),
                  reconstruction=last(show(image)), ids=ids[:2].contiguous(),
                  guidance=torch.tensor([GUIDANCE, IMAGE_GUIDANCE]))
    os.makedirs(OUT, exist_ok=True)
    save_file(golden, os.path.join(OUT, "golden.safetensors"),
              metadata={"torch": torch.__version__, "diffusers": __version__})
    print("edit less picture, mean of red, green, blue:", (golden["edit"] - golden["picture"]).mean((0, 1)).tolist())


with torch.no_grad():
    main()
