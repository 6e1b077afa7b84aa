"""Makes tests/golden/training: ten steps of AdamW on two classifiers and on a small U-Net of diffusers.

    python tools/golden/training.py tests/golden/training
Everything is computed in f64. Weights come from the formula of classifiers.py; so do the inputs, under the names
below, which the test makes again: offset 0, width 4, in the order [n, c, h, w] for images.
  classifiers   "NET.pictures20" [8, 3, 32, 32], labels 3 i + 1 mod 10, smoothed by 0.1 so that the losses do not
                vanish. Of 0 to 23, number 20 keeps ResNet's ReLU inputs of the first step farthest from zero (1e-6):
                one gate that opens in one precision only changes the gradients below it by 3e-3
  U-Net         "unet.x" [4, 8, 8, 8], "unet.noise" [4, 4, 8, 8], "unet.text" [4, 7, 12], time steps in "unet.timesteps"
AdamW: lr 1e-3 (ResNet 3e-4: at 1e-3 PyTorch's own f32 strays by 1e-3 to 2e-3 from such losses, at 3e-4 by 7e-5), beta
  0.9 and 0.999, eps 1e-8, weight decay 0.01 on tensors called weight with two or more dimensions. The same batch every
  step. NET.losses           [11], before each step and after the last unet.gradient.NAME   of the first step, f32
  nets.json            the rate and the tensors of each network
"""
import json, os, sys
import diffusers, torch
from classifiers import ConvNet, make, resnet18_modified, weights
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

OUT = sys.argv[1]
STEPS = 10
UNET = dict(in_channels=8, out_channels=4, sample_size=8, block_out_channels=(8, 16), layers_per_block=[2, 1],
            norm_num_groups=4, cross_attention_dim=12, attention_head_dim=(2, 4), transformer_layers_per_block=[1, 2],
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))


def fill(net):
    """Weights by formula; returns the tensors' shapes."""
    shapes = {k: list(v.shape) for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    net.load_state_dict({k: weights(k, s, 0.6) for k, s in shapes.items()}, strict=False)
    net.double().train()
    return shapes


def adamw(net, lr):
    decayed = [p for k, p in net.named_parameters() if k.endswith("weight") and p.ndim >= 2]
    rest = [p for k, p in net.named_parameters() if not (k.endswith("weight") and p.ndim >= 2)]
    return torch.optim.AdamW([dict(params=decayed, weight_decay=0.01), dict(params=rest, weight_decay=0.0)], lr=lr)


def train(net, loss_of, lr):
    """The losses [STEPS + 1] and the first step's gradients."""
    optimizer, losses, first = adamw(net, lr), [], None
    for step in range(STEPS + 1):
        optimizer.zero_grad()
        loss = loss_of()
        losses.append(loss.item())
        loss.backward()
        if first is None:
            first = {k: p.grad.float().clone() for k, p in net.named_parameters()}
        if step < STEPS:
            optimizer.step()
    print(losses)
    return torch.tensor(losses, dtype=torch.float32), first


def classifier(name, net, rate, golden, nets):
    nets[name] = {"size": 32, "rate": rate, "tensors": fill(net)}
    x, labels = make(name + ".pictures20", (8, 3, 32, 32), 0.0,
                     4.0).double(), torch.tensor([(3 * i + 1) % 10 for i in range(8)])
    golden[name + ".losses"], _ = train(net,
                                        lambda: torch.nn.functional.cross_entropy(net(x), labels, label_smoothing=0.1),
                                        rate)


def unet(golden, nets):
    net = UNet2DConditionModel(**UNET)
    net.save_config(OUT)
    nets["unet"] = {"rate": 1e-3, "tensors": fill(net)}
    x, noise = make("unet.x", (4, 8, 8, 8), 0.0, 4.0).double(), make("unet.noise", (4, 4, 8, 8), 0.0, 4.0).double()
    text, t = make("unet.text", (4, 7, 12), 0.0, 4.0).double(), torch.tensor([3, 250, 617, 999])
    golden["unet.timesteps"] = t.float()
    golden["unet.losses"], gradients = train(net, lambda: torch.nn.functional.mse_loss(net(x, t, text).sample, noise),
                                             1e-3)
    golden.update({"unet.gradient." + k: g for k, g in gradients.items()})


def main():
    os.makedirs(OUT, exist_ok=True)
    golden, nets = {}, {}
    classifier("convnet3", ConvNet(3, 32, 10), 1e-3, golden, nets)
    classifier("resnet18_modified", resnet18_modified(10), 3e-4, golden, nets)
    unet(golden, nets)
    save_file(golden, os.path.join(OUT, "golden.safetensors"),
              metadata={"torch": torch.__version__, "diffusers": diffusers.__version__})
    with open(os.path.join(OUT, "nets.json"), "w") as f:
        f.write("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in nets.items()) + "\n}\n")


main()
