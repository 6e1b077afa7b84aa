"""RUN VAL [EPOCHS [SEED]]: trains a ConvNet on the labels that dc3.label stored of RUN, and tests it on the set VAL."""
import sys

import dc3
import torch
from torch import nn

labels, val = dc3.SoftLabels(sys.argv[1]), dc3.load(sys.argv[2])
epochs, T = int(sys.argv[3]) if sys.argv[3:] else 300, 20
torch.manual_seed(int(sys.argv[4]) if sys.argv[4:] else 0)
block = lambda c: [nn.Conv2d(c, 128, 3, padding=1), nn.BatchNorm2d(128), nn.ReLU(), nn.AvgPool2d(2)]
net = nn.Sequential(*block(3), *block(128), *block(128), nn.Flatten(), nn.LazyLinear(len(labels.classes)))
batches = labels.batches(epochs, torch.initial_seed())  # each epoch shows every image once, in the next of its views
loader = torch.utils.data.DataLoader(labels.torch_dataset(), batch_sampler=batches, num_workers=2)
net(torch.zeros(1, 3, labels.size, labels.size))
optimizer = torch.optim.AdamW(net.parameters(), lr=0.001, weight_decay=0.01)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 2 * len(loader))
for images, logits, _ in loader:
    loss = nn.functional.kl_div((net(images) / T).log_softmax(1), (logits / T).softmax(1), reduction="batchmean")
    optimizer.zero_grad(), loss.backward(), optimizer.step(), schedule.step()
mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 3, 1, 1)
tests = (torch.from_numpy(val.array()).permute(0, 3, 1, 2) / 255 - mean) / deviation
with torch.no_grad():
    right = (torch.cat([net.eval()(x).argmax(1) for x in tests.split(500)]) == torch.from_numpy(val.labels)).sum()
print(f"top-1 {100 * right / len(val):.2f} %")
