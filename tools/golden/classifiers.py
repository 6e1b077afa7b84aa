"""Makes tests/golden/classifiers: logits and embeddings of torchvision's ResNets and RDED's ConvNets.

    python tools/golden/classifiers.py tests/golden/classifiers
The weights are megabytes, so they are not stored but made by a formula, here and in tests/support/hash_weights.h:
  h = fnv1a32(name) + 0x9E3779B9 * index (mod 2^32), mixed by lowbias32; u = (h >> 8) / 2^24 - 0.5;
  value = offset + width * u in f64, rounded to f32, with
    two or more dimensions   offset 0,   width sqrt(24 / fan_in): He's variance
    *.running_var            offset 1,   width 1
    *.weight                 offset 0.6, width 0.2 (of batch norms)
    everything else          offset 0,   width 0.2 (biases, running means)
  The pictures are the tensors input32 and input64, offset 0, width 4, rows of [n, 3, h, w].
"""
import json, os, sys
import numpy as np, torch, torchvision
from safetensors.torch import save_file
from torch import nn

OUT = sys.argv[1]


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


def weights(name, shape):
    if len(shape) >= 2:
        return make(name, shape, 0.0, (24.0 / int(np.prod(shape[1:]))) ** 0.5)
    if name.endswith(".running_var"):
        return make(name, shape, 1.0, 1.0)
    # one dimension: biases end in "bias", norm weights in "weight"
    return make(name, shape, 0.6 if name.endswith(".weight") else 0.0, 0.2)


class ConvNet(nn.Module):
    """As in dataset distillation and RDED: width 128, batch norm, average pooling."""

    def __init__(self, depth, size, classes, width=128):
        super().__init__()
        layers, channels = [], 3
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.AvgPool2d(2, 2)]
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


def cases():
    yield "resnet18", torchvision.models.resnet18(num_classes=10), 64
    yield "resnet34", torchvision.models.resnet34(num_classes=17), 64
    yield "resnet50", torchvision.models.resnet50(num_classes=10), 64
    yield "resnet18_modified", resnet18_modified(10), 32
    for depth, size in ((3, 32), (4, 64), (5, 64), (6, 64)):
        yield f"convnet{depth}", ConvNet(depth, size, 10), size


def main():
    torch.manual_seed(0)
    os.makedirs(OUT, exist_ok=True)
    golden, nets = {}, {}
    pictures = {n: make(f"input{n}", (2, 3, n, n), 0.0, 4.0) for n in (32, 64)}
    for n, x in pictures.items():
        golden[f"input{n}"] = x.permute(0, 2, 3, 1).contiguous()
    for name, net, size in cases():
        shapes = {k: list(v.shape) for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
        net.load_state_dict({k: weights(k, s) for k, s in shapes.items()}, strict=False)
        net.eval()
        seen = []
        last = net.fc if hasattr(net, "fc") else net.classifier
        last.register_forward_pre_hook(lambda m, inputs: seen.append(inputs[0].clone()))
        golden[name + ".logits"] = net(pictures[size])
        golden[name + ".embedding"] = seen[0]
        for k in list(shapes)[:5]:
            golden[f"{name}.sample.{k}"] = weights(k, shapes[k]).flatten()[-8:].clone()
        nets[name] = {"size": size, "classes": last.out_features, "tensors": shapes}
        print(name, golden[name + ".logits"].std().item(), golden[name + ".embedding"].abs().mean().item())
    save_file(golden, os.path.join(OUT, "golden.safetensors"), metadata={"torch": torch.__version__, "torchvision": torchvision.__version__})
    with open(os.path.join(OUT, "nets.json"), "w") as f:
        f.write("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in nets.items()) + "\n}\n")


if __name__ == "__main__":
    with torch.no_grad():
        main()
