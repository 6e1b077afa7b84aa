"""Takes one residual block and one transformer out of the lowest level of a trained U-Net on the way down and on the
way up, to bring the model under its size limit. The branches are residual, so that training resumes from there:
`train.py unet` continues."""
import argparse
import torch
import train

TAKEN_OUT = ("down_blocks.2.resnets.1.", "down_blocks.2.attentions.1.", "up_blocks.0.resnets.1.",
             "up_blocks.0.attentions.1.")
MOVED = {"up_blocks.0.resnets.2.": "up_blocks.0.resnets.1.", "up_blocks.0.attentions.2.": "up_blocks.0.attentions.1."}


def shrink(tensors):
    out = {}
    for name, value in tensors.items():
        if name.startswith(TAKEN_OUT):
            continue
        for old, new in MOVED.items():
            name = name.replace(old, new)
        out[name] = value
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("full", help="checkpoint of two blocks at every level")
    p.add_argument("out")
    p.add_argument("tokenizer")
    a = p.parse_args()
    state = torch.load(a.full)
    full, text, unet = train.make_unet([2, 2, 2]), train.make_text(train.open_tokenizer(a.tokenizer)), train.make_unet()
    names = [n for n, _ in full.named_parameters()]
    averaged = dict(zip(names, state["mean"]))
    unet.load_state_dict(shrink(averaged))
    for q, mean in zip(text.parameters(), state["mean"][len(names):]):
        q.data.copy_(mean)
    parameters = list(unet.parameters()) + list(text.parameters())
    optimizer = torch.optim.AdamW(parameters, betas=(0.9, 0.99), weight_decay=1e-2)
    train.save(a.out, unet=unet.state_dict(), text=text.state_dict(), optimizer=optimizer.state_dict(),
               mean=[q.detach().clone() for q in parameters], scale=state["scale"], minutes=0.0, step=0)
    print(f"{sum(q.numel() for q in unet.parameters()) / 1e6:.2f} M parameters")


if __name__ == "__main__":
    main()
