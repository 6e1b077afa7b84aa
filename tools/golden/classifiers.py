"""Makes tests/golden/classifiers: logits and embeddings of torchvision's classifiers and RDED's ConvNets; the gradients
of one training step; how the tensors of new ones are distributed.

    python tools/golden/classifiers.py tests/golden/classifiers [NETWORK ...]
The weights are megabytes, so they are not stored but made by a formula, here and in tests/support/hash_weights.h:
  h = fnv1a32(name) + 0x9E3779B9 * index (mod 2^32), mixed by lowbias32; u = (h >> 8) / 2^24 - 0.5;
  value = offset + width * u in f64, rounded to f32, with
    two or more dimensions   offset 0,   width sqrt(24 / fan_in): He's variance
    *.running_var            offset 1,   width 1
    *.weight                 offset "gain" of nets.json, else 0.6; width 0.2 (of norms)
    *.logit_scale            offset 1,   width 3
    everything else          offset 0,   width 0.2 (biases, running means)
  The images are the tensors input32, input64, ..., offset 0, width 4, rows of [n, 3, h, w].

nets.json: for each network its size, classes, tensors with their shapes; "arch" where that is not its name; "gain",
  "limit" (of gradients' errors) where they are special.
golden.safetensors: the images up to 64 pixels as [n, h, w, 3]; NET.logits, NET.embedding,
  computed in f64.
gradients.safetensors, in f64 too, networks in train mode without dropout and stochastic depth, cross-entropy
  with labels 3 and 7: NET.loss [1]; NET.norms, for each tensor of nets.json the norm of its gradient, or of the running
  statistic after the step; NET.gradient.NAME of some tensors.
initial.safetensors: NET [tensors, 2], mean and deviation of each tensor of a new network.
"""
import json, os, sys
import numpy as np, torch, torchvision
from safetensors.torch import save_file
from torch import nn

OUT, ONLY = sys.argv[1], sys.argv[2:]


def uniform(name, count):
    h = 0x811C9DC5
    for b in name.encode():
        h = (h ^ b) * 0x01000193 & 0xFFFFFFFF
    x = (h + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x7FEB352D) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(15)
    x = x * np.uint64(0x846CA68B) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return (x >> np.uint64(8)).astype(np.float64) / 2.0**24 - 0.5


def make(name, shape, offset, width):
    values = offset + width * uniform(name, int(np.prod(shape)))
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


# Relative errors of gradients, where not 1e-3. PyTorch in f32 differs from itself in f64 by up to 6e-3 here (64 and 128
# pixels, gains 0.6 and 0.9): single activations stand at the corners of ReLU6 and change sides.
LIMIT = {"mobilenet_v2": 3e-2}

# The offset of norms' weights in networks that would lose the image on its way.
GAIN = {"mobilenet_v2": 0.9, "efficientnet_b0": 1.1}


def weights(name, shape, gain):
    if name.endswith(".logit_scale"):
        return make(name, shape, 1.0, 3.0)
    if len(shape) >= 2:
        return make(name, shape, 0.0, (24.0 / int(np.prod(shape[1:]))) ** 0.5)
    if name.endswith(".running_var"):
        return make(name, shape, 1.0, 1.0)
    # one dimension: biases end in "bias", norm weights in "weight"
    return make(name, shape, gain if name.endswith(".weight") else 0.0, 0.2)


class ConvNet(nn.Module):
    """As in dataset distillation and RDED: width 128, batch norm, average pooling."""

    def __init__(self, depth, size, classes, width=128):
        super().__init__()
        layers, channels = [], 3
        for _ in range(depth):
            layers += [
                nn.Conv2d(channels, width, 3, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                nn.AvgPool2d(2, 2)
            ]
            channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width * (size >> depth) ** 2, classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def resnet18_modified(classes):
    net = torchvision.models.resnet18(num_classes=classes)
    net.conv1 = nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
    net.maxpool = nn.Identity()
    return net


def alexnet_small(num_classes):
    """For 32 and 64 pixels, as DD-Ranking has it."""
    net = torchvision.models.alexnet(num_classes=num_classes)
    net.features[0] = nn.Conv2d(3, 64, kernel_size=5, stride=1, padding=2)
    return net


class SpeedNet(nn.Module):
    """After airbench94 (Jordan 2024): a first layer of k x k at stride k / 2 and three blocks, of which the first
    convolution of each is pooled before its norm. New 3x3 convolutions let channels through (Dirac)."""

    def __init__(self, classes, kernel=2, filters=24, widths=(64, 256, 256)):
        super().__init__()
        self.whiten = nn.Conv2d(3, filters, kernel, stride=kernel // 2)
        for i, width in enumerate(widths, 1):
            block = nn.Module()
            for j, channels in ((1, filters), (2, width)):
                conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)
                nn.init.dirac_(conv.weight.data[:channels])
                setattr(block, f"conv{j}", conv)
                setattr(block, f"norm{j}", nn.BatchNorm2d(width, momentum=0.4))
            setattr(self, f"block{i}", block)
            filters = width
        self.fc = nn.Linear(filters, classes)
        nn.init.normal_(self.fc.weight, std=0.01)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x):
        x = nn.functional.gelu(self.whiten(x))
        for b in (self.block1, self.block2, self.block3):
            x = nn.functional.gelu(b.norm1(nn.functional.max_pool2d(b.conv1(x), 2)))
            x = nn.functional.gelu(b.norm2(b.conv2(x)))
        return self.fc(x.amax((2, 3)))


def cases():
    models = torchvision.models
    yield "resnet18", "resnet18", lambda: models.resnet18(num_classes=10), 64
    yield "resnet34", "resnet34", lambda: models.resnet34(num_classes=17), 64
    yield "resnet50", "resnet50", lambda: models.resnet50(num_classes=10), 64
    yield "resnet18_modified", "resnet18_modified", lambda: resnet18_modified(10), 32
    for depth, size in ((3, 32), (4, 64), (5, 64), (6, 64)):
        yield f"convnet{depth}", f"convnet{depth}", lambda: ConvNet(depth, size, 10), size
    yield "vgg11", "vgg11", lambda: models.vgg11(num_classes=10), 64
    yield "alexnet", "alexnet", lambda: models.alexnet(num_classes=10), 224
    yield "alexnet_small", "alexnet", lambda: alexnet_small(10), 32
    yield "mobilenet_v2", "mobilenet_v2", lambda: models.mobilenet_v2(num_classes=10), 64
    yield "efficientnet_b0", "efficientnet_b0", lambda: models.efficientnet_b0(num_classes=10), 64
    yield "swin_v2_t", "swin_v2_t", lambda: models.swin_v2_t(num_classes=10), 112
    yield "vit_b_16", "vit_b_16", lambda: models.vit_b_16(num_classes=10, image_size=64), 64
    yield "speednet", "speednet", lambda: SpeedNet(10), 32
    yield "speednet_64", "speednet", lambda: SpeedNet(10, 4, 64), 64


def derived(name):
    """Whether a tensor follows from the architecture alone."""
    return name.endswith(("num_batches_tracked", "relative_coords_table", "relative_position_index"))


def nothing_drawn(net):
    """Dropout and stochastic depth off."""
    for m in net.modules():
        if isinstance(m, (nn.Dropout, torchvision.ops.StochasticDepth)):
            m.p = 0.0
        elif isinstance(m, nn.MultiheadAttention):
            m.dropout = 0.0


@torch.enable_grad()
def gradients(name, net, shapes, picture):
    net = net.double().train()
    nothing_drawn(net)
    loss = nn.functional.cross_entropy(net(picture.double()), torch.tensor([3, 7]))
    loss.backward()
    parameters, state = dict(net.named_parameters()), net.state_dict()
    found = {f"{name}.loss": loss.detach().reshape(1)}
    found[f"{name}.norms"] = torch.stack(
        [parameters[k].grad.norm() if k in parameters else state[k].norm() for k in shapes])
    least = 1e-6 * max(p.grad.norm() for p in parameters.values())  # others are zero by nature
    small = [
        k for k in shapes if k in parameters and parameters[k].numel() <= 4096 and parameters[k].grad.norm() > least
    ]
    for k in small[:: max(1, len(small) // 4)][:4] + small[-1:]:
        found[f"{name}.gradient.{k}"] = parameters[k].grad
    return {k: v.float().contiguous() for k, v in found.items()}


def main():
    torch.manual_seed(0)
    os.makedirs(OUT, exist_ok=True)
    golden, slopes, initial, nets = {}, {}, {}, {}
    pictures = {n: make(f"input{n}", (2, 3, n, n), 0.0, 4.0) for n in (32, 64, 112, 224)}
    for n, x in list(pictures.items())[:2]:
        golden[f"input{n}"] = x.permute(0, 2, 3, 1).contiguous()
    for name, arch, make_net, size in cases():
        if ONLY and name not in ONLY:
            continue
        net = make_net()
        gain = GAIN.get(name, 0.6)
        state = {k: v for k, v in net.state_dict().items() if not derived(k)}
        shapes = {k: list(v.shape) for k, v in state.items()}
        initial[name] = torch.tensor([[v.double().mean(), v.double().std(correction=0)]
                                      for v in state.values()]).float()
        net.load_state_dict({k: weights(k, s, gain) for k, s in shapes.items()}, strict=False)
        net.eval()
        seen = []
        last = [m for m in net.modules() if isinstance(m, nn.Linear)][-1]
        hook = last.register_forward_pre_hook(lambda m, inputs: seen.append(inputs[0].clone()))
        logits = golden[name + ".logits"] = net.double()(pictures[size].double()).float()
        hook.remove()
        golden[name + ".embedding"] = seen[0].float()
        for k in list(shapes)[:5]:
            golden[f"{name}.sample.{k}"] = weights(k, shapes[k], gain).flatten()[-8:].clone()
        nets[name] = {"size": size, "classes": last.out_features, "tensors": shapes}
        if name in LIMIT:
            nets[name]["limit"] = LIMIT[name]
        if name in GAIN:
            nets[name]["gain"] = gain
        if arch != name:
            nets[name]["arch"] = arch
        print(name, "logits", logits.std().item(), "between pictures", (logits[0] - logits[1]).std().item())
        if name not in ("resnet34", "resnet50"):
            slopes.update(gradients(name, net, shapes, pictures[size]))
    made = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    save_file(golden, os.path.join(OUT, "golden.safetensors"), metadata=made)
    save_file(slopes, os.path.join(OUT, "gradients.safetensors"), metadata=made)
    save_file(initial, os.path.join(OUT, "initial.safetensors"), metadata=made)
    with open(os.path.join(OUT, "nets.json"), "w") as f:
        f.write("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in nets.items()) + "\n}\n")


if __name__ == "__main__":
    with torch.no_grad():
        main()
