"""Stored soft labels for PyTorch, which is imported by this file alone."""
import typing

import numpy
import torch
import torch.utils.data

from ._stored import SoftLabels

MEAN, DEVIATION = numpy.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], numpy.float32)  # of ImageNet


class Views(torch.utils.data.Dataset):
    """Item v n + i is view v of image i: (tensor [3, size, size], logits [classes], class)."""

    def __init__(self, labels: SoftLabels, normalise: bool = True) -> None:
        self.labels, self.normalise = labels, normalise

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, k: int) -> typing.Tuple[torch.Tensor, torch.Tensor, int]:
        v, i = divmod(range(len(self))[k], self.labels.images)
        pixels, logits = self.labels.view(v, i)
        if self.normalise:
            pixels -= MEAN
            pixels /= DEVIATION
        return torch.from_numpy(pixels).permute(2, 0, 1), torch.from_numpy(logits), int(self.labels.labels[i])
