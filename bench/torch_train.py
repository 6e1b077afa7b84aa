"""PyTorch beside bench_train: forward, backward and AdamW, batch 100 at 32x32, the best of its layouts and types; a
process for each, so that its peak memory is its own. Words: networks, and types (bf16 takes minutes where the
processor lacks it)."""
import os, resource, statistics, sys, time
import torch, torchvision
from torch import nn


def convnet(depth, classes=10, size=32, width=128):
    layers, channels = [], 3
    for _ in range(depth):
        layers += [
            nn.Conv2d(channels, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.AvgPool2d(2)
        ]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * (size >> depth) ** 2, classes))


def resnet18_modified(classes=10):
    net = torchvision.models.resnet18(num_classes=classes)
    net.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    net.maxpool = nn.Identity()
    return net


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def run(name, dtype, channels_last, n=100, steps=7):
    net = convnet(3) if name == "convnet3" else resnet18_modified()
    x = torch.randn(n, 3, 32, 32)
    if channels_last:
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    y = torch.arange(n) % 10
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)
    times, imports = [], peak_mb()
    for _ in range(steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == "bf16"):
            z = net(x)
        nn.functional.cross_entropy(z.float(), y).backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    print(f"PyTorch {torch.__version__} {name} {dtype} {'channels-last' if channels_last else 'planar'}: "
          f"median {n / statistics.median(times[1:]):.1f} images/s; peak memory {peak_mb():.0f} MB, "
          f"{peak_mb() - imports:.0f} MB above network and imports", flush=True)


TYPES = ["f32", "bf16"]
torch.set_num_threads(2)
for name in [word for word in sys.argv[1:] if word not in TYPES] or ["convnet3", "resnet18_modified"]:
    for dtype in [word for word in sys.argv[1:] if word in TYPES] or TYPES:
        for channels_last in [False, True]:
            if (child := os.fork()) == 0:
                run(name, dtype, channels_last)
                sys.exit(0)
            os.waitpid(child, 0)
