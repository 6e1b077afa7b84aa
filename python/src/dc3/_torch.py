"""Stored soft labels for PyTorch, which is imported by this file alone."""
import numpy
import torch
import torch.utils.data

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet


class Views(torch.utils.data.Dataset):
    """Item v n + i is view v of image i: (tensor [3, size, size], logits [classes], class)."""

    def __init__(self, labels, normalise=True):
        self.labels, self.normalise = labels, normalise

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, k):
        v, i = divmod(range(len(self))[k], self.labels.images)
        pixels, logits = self.labels.view(v, i)
        if self.normalise:
            pixels -= numpy.float32(MEAN)
            pixels /= numpy.float32(DEVIATION)
        return torch.from_numpy(pixels).permute(2, 0, 1), torch.from_numpy(logits), int(self.labels.labels[i])
