"""Makes tests/golden/generators: generators with tiny random configurations, forward and backward, computed in f64.

    python tools/golden/generators.py tests/golden/generators
Weights come from the formula of classifiers.py; so do the inputs, under the names below, offset 0, width 4, in the
order [n, c, h, w] for images. Networks:
  dit           diffusers' DiTTransformer2DModel (transformer.json): embeddings of each block's own
  dit_authors   the same architecture with the names, frequencies and epsilons of its authors' code, written down here
                from the paper (Peebles and Xie 2023)
  unet_sd1      UNet2DConditionModel with Stable Diffusion 1's kind of settings (4 channels), unet_sd1.json
  unet_sd2      with Stable Diffusion 2's: linear projections, a list of heads, attention in f32, unet_sd2.json
  text          CLIPTextModel with OpenCLIP's kind of settings (GELU), text.json
Inputs: NET.x, NET.target of y's shape; NET.text [n, 7, 12] of U-Nets; time steps, labels and ids in golden.safetensors.
golden.safetensors, f32, images channels last: NET.y (text: also text.skipped, without its last layer), dit.other of 12
  x 12 pixels; of the mean squared difference of y and target NET.loss, NET.gradient.NAME of each parameter, NET.dx,
  NET.dtext.
wide.safetensors: dit.y of dit.wide, two images of 4 x 10 pixels (rows x columns), channels last.
authors.pt: dit_authors as its authors store such networks, with the table of positions.
nets.json: the tensors of each network and their shapes.
"""
import json, os, sys
import diffusers, torch, transformers
from classifiers import make, weights
from diffusers import DiTTransformer2DModel, UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel

OUT = sys.argv[1]
golden, nets = {}, {}
WIDTH, HEADS, LAYERS, CLASSES = 24, 3, 2, 5


class Attention(nn.Module):

    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Mlp(nn.Module):

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


def modulated(x, shift, scale):
    return F.layer_norm(x, (WIDTH, ), eps=1e-6) * (1 + scale[:, None]) + shift[:, None]


class Block(nn.Module):

    def __init__(self):
        super().__init__()
        self.attn, self.mlp = Attention(), Mlp()
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(WIDTH, 6 * WIDTH))

    def forward(self, x, c):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(c).chunk(6, 1)
        x = x + gate1[:, None] * self.attn(modulated(x, shift1, scale1))
        return x + gate2[:, None] * self.mlp(modulated(x, shift2, scale2))


class Authors(nn.Module):
    """DiT with the tensor names of its authors' checkpoints; 8 x 8 pixels in patches of 2 x 2."""

    def __init__(self):
        super().__init__()
        self.x_embedder = nn.ModuleDict({"proj": nn.Conv2d(4, WIDTH, 2, 2)})
        self.t_embedder = nn.ModuleDict(
            {"mlp": nn.Sequential(nn.Linear(256, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))})
        self.y_embedder = nn.ModuleDict({"embedding_table": nn.Embedding(CLASSES + 1, WIDTH)})
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.final_layer = nn.ModuleDict({
            "linear": nn.Linear(WIDTH, 2 * 2 * 8),
            "adaLN_modulation": nn.Sequential(nn.SiLU(), nn.Linear(WIDTH, 2 * WIDTH))
        })

    def forward(self, x, t, y):
        x = self.x_embedder["proj"](x).flatten(2).transpose(1, 2) + positions(4)
        angles = t[:, None] * torch.exp(-torch.log(torch.tensor(1e4)) * torch.arange(128) / 128).double()
        c = self.t_embedder["mlp"](torch.cat([angles.cos(), angles.sin()], 1)) + self.y_embedder["embedding_table"](y)
        for block in self.blocks:
            x = block(x, c)
        x = self.final_layer["linear"](modulated(x, *self.final_layer["adaLN_modulation"](c).chunk(2, 1)))
        return x.reshape(-1, 4, 4, 2, 2, 8).permute(0, 5, 1, 3, 2, 4).reshape(-1, 8, 8, 8)


def positions(side):
    rate = 1e4**(-torch.arange(WIDTH // 4).double() / (WIDTH // 4))
    waves = torch.arange(side).double()[:, None] * rate
    waves = torch.cat([waves.sin(), waves.cos()], 1)
    columns, rows = waves[None].expand(side, -1, -1), waves[:, None].expand(-1, side, -1)
    return torch.cat([columns, rows], -1).reshape(side * side, WIDTH)


def fill(name, net):
    """Weights by formula, as f64; notes the tensors."""
    shapes = {k: list(v.shape) for k, v in net.named_parameters()}
    nets[name] = {"tensors": shapes}
    net.load_state_dict({k: weights(k, s, 0.6) for k, s in shapes.items()}, strict=False)
    return net.double().eval()


def last(x):
    return x.permute(0, 2, 3, 1) if x.ndim == 4 else x


def put(name, x):
    golden[name] = x.detach().float().contiguous()


def store(name, net, y, **inputs):
    """y, and the gradients of its squared distance to the target."""
    target = make(name + ".target", tuple(y.shape), 0.0, 4.0).double()
    loss = F.mse_loss(y, target)
    loss.backward()
    put(name + ".y", last(y)), put(name + ".loss", loss.reshape(1))
    for key, x in inputs.items():
        put(f"{name}.d{key}", last(x.grad))
    for key, p in net.named_parameters():
        if p.grad is not None:
            put(f"{name}.gradient.{key}", p.grad)


def variable(name, *shape):
    return make(name, shape, 0.0, 4.0).double().requires_grad_()


def wide(net, t, labels):
    """diffusers puts the patches of squares alone together: taken before, from the last layer."""
    found = []
    hook = net.proj_out_2.register_forward_hook(lambda module, inputs, y: found.append(y.detach()))
    try:
        net(variable("dit.wide", 2, 4, 4, 10), t, labels)
    except RuntimeError:
        pass  # of 10 patches as a square
    hook.remove()
    return found[0].reshape(2, 2, 5, 2, 2, 8).permute(0, 5, 1, 3, 2, 4).reshape(2, 8, 4, 10)


def dits():
    t, labels = torch.tensor([3., 250.5, 999.]), torch.tensor([4, CLASSES, 0])
    golden["dit.timesteps"], golden["dit.labels"] = t.clone(), labels.clone()
    net = DiTTransformer2DModel(num_attention_heads=HEADS, attention_head_dim=WIDTH // HEADS, in_channels=4,
                                out_channels=8, num_layers=LAYERS, sample_size=8, num_embeds_ada_norm=CLASSES)
    json.dump(dict(net.config), open(os.path.join(OUT, "transformer.json"), "w"), indent=1)
    fill("dit", net)
    x = variable("dit.x", 3, 4, 8, 8)
    store("dit", net, net(x, t.double(), labels).sample, x=x)
    put("dit.other", last(net(variable("dit.other_x", 3, 4, 12, 12), t.double(), labels).sample))
    save_file({"dit.y": last(wide(net, t[:2].double(), labels[:2])).float().contiguous()},
              os.path.join(OUT, "wide.safetensors"))
    net = fill("dit_authors", Authors())
    x = variable("dit_authors.x", 3, 4, 8, 8)
    store("dit_authors", net, net(x, t.double(), labels), x=x)
    torch.save({k: v.float() for k, v in net.state_dict().items()} | {"pos_embed": positions(4)[None].float()},
               os.path.join(OUT, "authors.pt"))


def unet(name, **settings):
    net = UNet2DConditionModel(in_channels=4, out_channels=4, sample_size=8, block_out_channels=(8, 16),
                               norm_num_groups=4, cross_attention_dim=12, layers_per_block=1, **settings)
    json.dump(dict(net.config), open(os.path.join(OUT, name + ".json"), "w"), indent=1)
    fill(name, net)
    t, x, text = torch.tensor([3, 617]), variable(name + ".x", 2, 4, 8, 8), variable(name + ".text", 2, 7, 12)
    golden[name + ".timesteps"] = t.float()
    store(name, net, net(x, t, text).sample, x=x, text=text)


def text():
    config = CLIPTextConfig(vocab_size=40, hidden_size=16, intermediate_size=64, num_hidden_layers=3,
                            num_attention_heads=2, max_position_embeddings=9, hidden_act="gelu", projection_dim=8,
                            bos_token_id=38, eos_token_id=39, pad_token_id=0)
    net = CLIPTextModel(config)
    json.dump(config.to_dict(), open(os.path.join(OUT, "text.json"), "w"), indent=1, default=str)
    fill("text", net)
    ids = torch.tensor([[38, 5, 17, 17, 30, 39, 0, 0, 0], [38, 39, 0, 0, 0, 0, 0, 0, 0]])
    golden["text.ids"] = ids
    states = net(ids, output_hidden_states=True)
    norm = getattr(net, "text_model", net).final_layer_norm
    put("text.skipped", norm(states.hidden_states[-2]))
    store("text", net, states.last_hidden_state)


def main():
    os.makedirs(OUT, exist_ok=True)
    dits()
    unet("unet_sd1", attention_head_dim=2, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
         up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
    unet("unet_sd2", attention_head_dim=(2, 4), use_linear_projection=True, upcast_attention=True,
         down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
    text()
    save_file(golden, os.path.join(OUT, "golden.safetensors"), metadata={
        "torch": torch.__version__, "diffusers": diffusers.__version__, "transformers": transformers.__version__
    })
    with open(os.path.join(OUT, "nets.json"), "w") as f:
        f.write("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in nets.items()) + "\n}\n")


main()
