"""Makes tests/golden/classifiers/names.json and names.safetensors: networks whose tensors have other names than
torchvision's, from timm, transformers and programs for CIFAR, with logits and embeddings.

    python tools/golden/classifier_names.py tests/golden/classifiers
efficientnet_lite_pytorch (0.1.0) for the names of EfficientNet-Lite there, whose padding is that of `image_size=None`.
EfficientNet-Lite is given the images as it sees them: 2 x - 1 instead of x less ImageNet's mean and over its deviation.
Weights and images by the formula of classifiers.py, in both files the forms described there; "arch" is dc3's name.
"""
import json, os, sys
import efficientnet_lite_pytorch, timm, torch, transformers
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

OUT = sys.argv[1]
sys.argv = ["classifiers.py", OUT]
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import classifiers


class Block(nn.Module):
    """As pytorch-cifar has it."""

    def __init__(self, before, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != channels:
            self.shortcut = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + self.shortcut(x))


class CifarResNet18(nn.Module):

    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        before = 64
        for i in range(4):
            stage = nn.Sequential(Block(before, 64 << i, 1 + (i > 0)), Block(64 << i, 64 << i, 1))
            self.add_module(f"layer{i + 1}", stage)
            before = 64 << i
        self.linear = nn.Linear(512, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return self.linear(x.mean((2, 3)))


def cases():
    make = timm.create_model
    yield "cifar_resnet18", "resnet18_modified", CifarResNet18(10), 32
    yield "timm_mobilenetv2_100", "mobilenet_v2", make("mobilenetv2_100", num_classes=10), 64
    yield "timm_efficientnet_b0", "efficientnet_b0", make("efficientnet_b0", num_classes=10), 64
    for i, size in (0, 64), (2, 60):  # of 60 pixels some stages see odd sizes
        yield f"timm_tf_lite{i}", f"efficientnet_lite{i}", make(f"tf_efficientnet_lite{i}", num_classes=10), size
    for i in 0, 1:
        from_name = efficientnet_lite_pytorch.EfficientNet.from_name
        lite = from_name(f"efficientnet-lite{i}", image_size=None, num_classes=10)
        yield f"package_lite{i}", f"efficientnet_lite{i}", lite, 60
    yield "timm_vgg11", "vgg11", make("vgg11", num_classes=10), 64
    yield "timm_vit", "vit_b_16", make("vit_base_patch16_224", num_classes=10, img_size=64), 64
    ViT, ResNet, Swin = (transformers.ViTConfig, transformers.ResNetConfig, transformers.Swinv2Config)
    yield "transformers_vit", "vit_b_16", transformers.ViTForImageClassification(ViT(image_size=32, num_labels=10)), 32
    deep = transformers.ResNetForImageClassification(ResNet(num_labels=10))
    yield "transformers_resnet50", "resnet50", deep, 64
    tiny = Swin(image_size=256, window_size=8, embed_dim=96, num_heads=[3, 6, 12, 24], num_labels=10)
    yield "transformers_swinv2", "swin_v2_t", transformers.Swinv2ForImageClassification(tiny), 256
    yield "timm_swinv2", "swin_v2_t", make("swinv2_tiny_window8_256", num_classes=10), 256


def main():
    golden, nets = {}, {}
    gains = {"mobilenet_v2": 0.9, "efficientnet_b0": 1.1, "efficientnet_lite": 0.9}
    mean, deviation = (torch.tensor(v).double().view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    for name, arch, net, size in cases():
        lite = arch.startswith("efficientnet_lite")
        gain = gains.get("efficientnet_lite" if lite else arch, 0.6)
        shapes = {k: list(v.shape) for k, v in net.state_dict().items() if not classifiers.derived(k)}
        net.load_state_dict({k: classifiers.weights(k, s, gain) for k, s in shapes.items()}, strict=False)
        net.double().eval()
        seen = []
        last = [m for m in net.modules() if isinstance(m, nn.Linear)][-1]
        last.register_forward_pre_hook(lambda m, inputs: seen.append(inputs[0].clone()))
        picture = classifiers.make(f"input{size}", (2, 3, size, size), 0.0, 4.0)
        picture = picture.double()
        logits = net(2 * (picture * deviation + mean) - 1 if lite else picture)
        logits = golden[name + ".logits"] = getattr(logits, "logits", logits).float()
        golden[name + ".embedding"] = seen[0].float()
        nets[name] = {"size": size, "classes": 10, "arch": arch, "tensors": shapes}
        if gain != 0.6:
            nets[name]["gain"] = gain
        print(name, "logits", logits.std().item(), "between images", (logits[0] - logits[1]).std().item())
    made = {"torch": torch.__version__, "timm": timm.__version__, "transformers": transformers.__version__}
    save_file(golden, os.path.join(OUT, "names.safetensors"), metadata=made)
    with open(os.path.join(OUT, "names.json"), "w") as f:
        f.write("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in nets.items()) + "\n}\n")


if __name__ == "__main__":
    with torch.no_grad():
        main()
