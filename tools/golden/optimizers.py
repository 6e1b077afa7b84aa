"""Makes tests/golden/optimizers: trajectories of PyTorch's optimizers, schedules and moving averages.

    python tools/golden/optimizers.py tests/golden/optimizers
A few random tensors are trained for 20 steps with random gradients that grow and shrink over the steps.
  start.NAME, gradient.NAME [20, ...]            what every case begins with
  CASE.value.NAME [4, ...]                       after 1, 2, 10 and 20 steps
  CASE.momentum_buffer / exp_avg / exp_avg_sq.NAME   after 20 steps, CASE.norm [20] where gradients are clipped
  CASE.average.NAME                              the moving average after 20 steps
  schedule.CASE [total]                          the factors
"""
import json, os, sys
import numpy as np, torch
from safetensors.torch import save_file
from torch.optim import SGD, AdamW, lr_scheduler as lrs
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

OUT, STEPS, KEPT = sys.argv[1], 20, (1, 2, 10, 20)
SHAPES = {
    "conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "norm.weight": (5,), "fc.weight": (7, 11), "weight": (3, 2),
    "embedding": (6, 4), "token": (1, 1, 9)
}
OPTIMIZERS = {
    "sgd": dict(kind="sgd", lr=0.1),
    "sgd_decay": dict(kind="sgd", lr=0.1, weight_decay=0.05),
    "momentum": dict(kind="sgd", lr=0.05, momentum=0.9, weight_decay=5e-4),
    "nesterov": dict(kind="sgd", lr=0.05, momentum=0.9, weight_decay=0.02, nesterov=True),
    "nesterov_weights": dict(kind="sgd", lr=0.05, momentum=0.8, weight_decay=0.1, nesterov=True, rule="weights"),
    "adamw": dict(kind="adamw", lr=0.01),
    "adamw_weights": dict(kind="adamw", lr=0.02, weight_decay=0.3, rule="weights"),
    "adamw_odd": dict(kind="adamw", lr=0.005, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "clipped": dict(kind="sgd", lr=0.1, momentum=0.9, clip=1.0),
    "clipped_adamw": dict(kind="adamw", lr=0.01, clip=8.0),
    "averaged": dict(kind="sgd", lr=0.1, momentum=0.9, average=0.9),
    "averaged_warm": dict(kind="sgd", lr=0.1, momentum=0.9, average=0.99, warm=True),
    "grouped": dict(kind="sgd", lr=0.05, momentum=0.85, weight_decay=0.02, nesterov=True,
                    groups=[["conv.bias", 64.0, 1 / 64], ["norm.weight", 0.0, 1.0], ["fc.weight", 0.5, 3.0],
                            [".weight", 2.0, 0.0]]),
    "ahead": dict(kind="sgd", lr=0.1, momentum=0.9, average=0.6, every=5),
    "averaged_capped": dict(kind="sgd", lr=0.1, momentum=0.9, average=0.5, warm=True),
}
SCHEDULES = {
    "constant": dict(kind="constant"),
    "constant_warm": dict(kind="constant", warm_up=5, warm_up_start=0.25),
    "cosine": dict(kind="cosine"),
    "cosine_warm": dict(kind="cosine", warm_up=7, warm_up_start=0.01),
    "half_cosine": dict(kind="half_cosine"),
    "one_cycle": dict(kind="one_cycle"),
    "one_cycle_odd": dict(kind="one_cycle", rise=0.43, first_divisor=10.0, last_divisor=100.0),
    "one_cycle_only_down": dict(kind="one_cycle", rise=0.0),
    "one_cycle_only_up": dict(kind="one_cycle", rise=1.0),
    "triangle": dict(kind="triangle", rise=0.23, first_divisor=5.0, last_divisor=20 / 7),
    "triangle_warm": dict(kind="triangle", rise=0.4, first_divisor=4.0, last_divisor=10.0, warm_up=6),
    "decay_every": dict(kind="decay", gamma=0.3, every=9),
    "decay_milestones": dict(kind="decay", gamma=0.5, milestones=[3, 17, 30]),
    "decay_warm": dict(kind="decay", gamma=0.2, milestones=[4, 12], warm_up=6, warm_up_start=0.1),
}


class Net(torch.nn.Module):
    def __init__(self, start):
        super().__init__()
        self.keys = list(start)
        self.values = torch.nn.ParameterList([t.clone() for t in start.values()])


def param_groups(net, rule, decay, lr, named):
    if named:  # the first whose name the parameter's ends in
        found = []
        for k, p in zip(net.keys, net.values):
            rate, factor = next(((r, d) for name, r, d in named if k.endswith(name)), (1.0, 1.0))
            found.append({"params": [p], "lr": lr * rate, "weight_decay": decay * factor})
        return found
    if rule is None:
        return net.parameters()
    spared = [not ((k == "weight" or k.endswith(".weight")) and p.dim() >= 2) for k, p in zip(net.keys, net.values)]
    return [{
        "params": [p for p, s in zip(net.values, spared) if s == wanted], "weight_decay": 0.0 if wanted else decay
    } for wanted in (False, True)]


def train(name, start, gradients, golden, kind, lr, rule=None, clip=None, average=None, warm=False, every=0,
          groups=None, **options):
    net = Net(start)
    params = param_groups(net, rule, options.get("weight_decay", 0), lr, groups)
    optimizer = (SGD if kind == "sgd" else AdamW)(params, lr=lr, **options)
    averaged = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(average)) if average else None
    if averaged:
        averaged.update_parameters(net)  # its first update copies
    warm_average = [p.detach().clone() for p in net.values]
    kept, norms = {k: [] for k in net.keys}, []
    for t in range(STEPS):
        for k, p in zip(net.keys, net.values):
            p.grad = gradients[k][t].clone()
        if clip:
            norms.append(torch.nn.utils.clip_grad_norm_(net.parameters(), clip))
        optimizer.step()
        if averaged:
            averaged.update_parameters(net)
        d = min(average or 0, (1 + t) / (10 + t))
        for a, p in zip(warm_average, net.values):
            if not every:
                a.lerp_(p.detach(), 1 - d)
            elif (t + 1) % every == 0:  # lookahead: the values go on from the average
                a.lerp_(p.detach(), 1 - average)
                p.data.copy_(a)
        if t + 1 in KEPT:
            for k, p in zip(net.keys, net.values):
                kept[k].append(p.detach().clone())
    for k, p in zip(net.keys, net.values):
        golden[f"{name}.value.{k}"] = torch.stack(kept[k])
        for state in ("momentum_buffer", "exp_avg", "exp_avg_sq"):
            if optimizer.state[p].get(state) is not None:
                golden[f"{name}.{state}.{k}"] = optimizer.state[p][state].clone()
    if clip:
        golden[f"{name}.norm"] = torch.stack(norms).float()
    if average:
        values = warm_average if warm or every else [p.detach() for p in averaged.module.values]
        for k, a in zip(net.keys, values):
            golden[f"{name}.average.{k}"] = a.clone()


def factors(kind, total, warm_up=0, warm_up_start=0.01, rise=0.3, first_divisor=25.0, last_divisor=1e4, gamma=0.1,
            every=0, milestones=()):
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    rest = total - warm_up
    if kind == "constant":
        s = lrs.LambdaLR(optimizer, lambda t: 1.0)
    elif kind == "cosine":
        s = lrs.CosineAnnealingLR(optimizer, T_max=rest)
    elif kind == "half_cosine":  # as in RDED
        s = lrs.LambdaLR(
            optimizer, lambda t: 0.5 *
            (1.0 + torch.cos(torch.tensor(torch.pi * t / rest / 2, dtype=torch.float64)).item()))
    elif kind == "one_cycle":
        s = lrs.OneCycleLR(optimizer, max_lr=1.0, total_steps=rest, pct_start=rise, div_factor=first_divisor,
                           final_div_factor=last_divisor)
    elif kind == "triangle":  # numpy's interpolation between three points
        s = lrs.LambdaLR(
            optimizer, lambda t: float(np.interp(t, [0, rise * rest, rest], [
                1 / first_divisor, 1, 1 / first_divisor / last_divisor])))
    elif every:
        s = lrs.StepLR(optimizer, every, gamma)
    else:
        s = lrs.MultiStepLR(optimizer, list(milestones), gamma)
    if warm_up:
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        s = lrs.SequentialLR(optimizer, [lrs.LinearLR(optimizer, start_factor=warm_up_start, total_iters=warm_up), s],
                             milestones=[warm_up])
    out = []
    for _ in range(total):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        s.step() if len(out) < total else None
    return torch.tensor(out, dtype=torch.float64)


def main():
    torch.manual_seed(0)
    os.makedirs(OUT, exist_ok=True)
    golden, start, gradients = {}, {}, {}
    scale = torch.exp(torch.linspace(-2, 1, STEPS)[torch.randperm(STEPS)])
    for k, shape in SHAPES.items():
        start[k] = torch.randn(shape)
        gradients[k] = torch.randn((STEPS, *shape)) * scale.view(-1, *[1] * len(shape))
        golden[f"start.{k}"], golden[f"gradient.{k}"] = start[k], gradients[k]
    for name, options in OPTIMIZERS.items():
        train(name, start, gradients, golden, **options)
    for name, options in SCHEDULES.items():
        golden[f"schedule.{name}"] = factors(total=37, **options)
    save_file({k: v.contiguous() for k, v in golden.items()}, os.path.join(OUT, "golden.safetensors"),
              metadata={"torch": torch.__version__})
    rows = lambda table: ",\n".join(f'  "{k}": {json.dumps(v)}' for k, v in table.items())
    with open(os.path.join(OUT, "cases.json"), "w") as f:
        f.write('{"optimizers": {\n' + rows(OPTIMIZERS) + '\n}, "schedules": {\n' + rows(SCHEDULES) + "\n}}\n")


main()
