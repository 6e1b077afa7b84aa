"""Makes tests/golden/finetune: losses of denoisers, and ten steps of their training, by diffusers, peft and PyTorch.

    python tools/golden/finetune.py tests/golden/finetune
Needs peft beside what generators.py needs. Computed in f64, stored in f32, images channels last. Schedules: "linear"
from 1e-4 to 0.02 (DiT), "scaled_linear" from 0.00085 to 0.012 (Stable Diffusion), of 1000 steps.
LOSS of losses below, at time steps TIMES, of inputs loss.x, loss.noise, loss.y by the formula of classifiers.py (width
4, [n, c, h, w]): LOSS.noisy, LOSS.target by diffusers' DDPMScheduler; LOSS.weights, diffusers' min-SNR weights with
gamma 5; LOSS.loss, and LOSS.slope, its gradient with respect to y by autograd. "hybrid" has a learned variance: the
bound is written down here from the papers (Nichol and Dhariwal 2021; Ho et al. 2020), with PyTorch's divergence of
normals.
CASE of cases below: CASE.losses [10], those before each step of AdamW; CASE.untrained [10], the same of the first
weights; CASE.timesteps, CASE.labels [10, batches, n]; CASE.last of one tensor after the last step. Networks and
weights are those of generators.py; adapters begin by the same formula, half as large, and with zeros. Inputs
CASE.x.I.B, CASE.noise.I.B of step I and batch B, CASE.text;
of a case with a text encoder, whose configuration and tensors are "text" in cases.json, CASE.ids [10, batches, n, 9];
of a case with DiffFit's factors CASE.gamma, some of them after the last step.
cases.json: the cases' settings.
"""
import json, math, os, sys
import diffusers, peft, torch
from classifiers import make, weights
from diffusers import DDPMScheduler, DiTTransformer2DModel, UNet2DConditionModel
from diffusers.training_utils import compute_snr
from peft import LoraConfig
from safetensors.torch import save_file
from torch.distributions import Normal, kl_divergence
from transformers import CLIPTextConfig, CLIPTextModel

OUT = sys.argv[1]
NETS = os.path.join(OUT, "..", "generators")
STEPS, TIMES, CLASSES = 10, [0, 1, 17, 500, 999], 5
SCHEDULES = {"linear": (1e-4, 0.02), "scaled_linear": (0.00085, 0.012)}
LOSSES = {
    "epsilon": dict(schedule="scaled_linear", prediction="epsilon", min_snr=0, outputs=4),
    "epsilon_snr": dict(schedule="scaled_linear", prediction="epsilon", min_snr=5, outputs=4),
    "v": dict(schedule="linear", prediction="v_prediction", min_snr=0, outputs=4),
    "v_snr": dict(schedule="scaled_linear", prediction="v_prediction", min_snr=5, outputs=4),
    "hybrid": dict(schedule="linear", prediction="epsilon", min_snr=0, outputs=8),
}
SD = dict(schedule="scaled_linear", prediction="epsilon", min_snr=0, decay=0.01, clip=1.0, n=2, batches=1, rank=0,
          alpha=0, layers="attention",
          text_encoder=False)
DIT = dict(SD, schedule="linear", decay=0, clip=0, n=3)
LAYERS = {
    "attention": ["to_q", "to_k", "to_v", "to_out.0"],
    "feed-forward": ["ff.net.0.proj", "ff.net.2"],
    "convolutions": ["conv1", "conv2", "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv"],
}
ENCODER = dict(vocab_size=40, hidden_size=12, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
               max_position_embeddings=9, hidden_act="quick_gelu", layer_norm_eps=1e-5, bos_token_id=38,
               eos_token_id=39, pad_token_id=0)
GAMMAS = ["attn1.to_k.gamma", "attn1.to_out.0.gamma", "attn1.to_out.0.gamma_block", "ff.net.2.gamma_block"]
CASES = {
    "lora": dict(SD, net="unet_sd1", part="lora", rank=2, alpha=2, lr=1e-2, last="mid_block.attentions.0."
                 "transformer_blocks.0.attn2.to_v.lora_B.weight"),
    "lora_v": dict(SD, net="unet_sd2", part="lora", rank=3, alpha=6, lr=1e-2, prediction="v_prediction", min_snr=5,
                   batches=2, last="mid_block.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight"),
    "lora_ff": dict(SD, net="unet_sd2", part="lora", layers="attention,feed-forward", rank=2, alpha=4, lr=1e-2,
                    last="mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.lora_A.weight"),
    "lora_conv": dict(SD, net="unet_sd1", part="lora", layers="convolutions", rank=3, alpha=3, lr=1e-2,
                      last="up_blocks.0.upsamplers.0.conv.lora_A.weight"),
    "lora_all": dict(SD, net="unet_sd1", part="lora", layers="convolutions,attention,feed-forward", rank=2, alpha=1,
                     lr=1e-2, last="down_blocks.1.resnets.0.conv_shortcut.lora_B.weight"),
    "lora_text": dict(SD, net="unet_sd1", part="lora", text_encoder=True, rank=2, alpha=3, lr=1e-2, batches=2,
                      last="text_encoder.encoder.layers.0.self_attn.k_proj.lora_B.weight"),
    "lora_text_all": dict(SD, net="unet_sd2", part="lora", text_encoder=True, rank=3, alpha=3, lr=1e-2,
                          layers="attention,feed-forward,convolutions",
                          last="text_encoder.encoder.layers.1.self_attn.out_proj.lora_A.weight"),
    "attention": dict(SD, net="unet_sd1", part="attention", lr=1e-3, last="mid_block.attentions.0.transformer_blocks.0."
                      "attn2.to_k.weight"),
    "unet_bias_norm": dict(SD, net="unet_sd2", part="bias-norm", lr=1e-2, last="mid_block.resnets.0.norm1.weight"),
    "unet_all": dict(SD, net="unet_sd1", part="all", lr=1e-3, last="conv_in.weight"),
    "bias_norm": dict(DIT, net="dit", part="bias-norm", lr=1e-2, last="transformer_blocks.0.norm1.emb.class_embedder."
                      "embedding_table.weight"),
    "dit_all": dict(DIT, net="dit", part="all", lr=1e-3, last="transformer_blocks.1.attn1.to_k.weight"),
}
golden, TEXT = {}, {"gain": 0.6, "config": ENCODER}


def last(x):
    return x.permute(0, 2, 3, 1) if x.ndim == 4 else x


def put(name, x):
    golden[name] = last(x.detach()).float().contiguous()


def scheduler_of(case):
    start, end = SCHEDULES[case["schedule"]]
    s = DDPMScheduler(beta_schedule=case["schedule"], beta_start=start, beta_end=end,
                      prediction_type=case["prediction"])
    if case["schedule"] == "linear":
        s.betas = torch.linspace(start, end, 1000, dtype=torch.float64)
    else:
        s.betas = torch.linspace(start**0.5, end**0.5, 1000, dtype=torch.float64)**2
    s.alphas_cumprod = torch.cumprod(1 - s.betas, 0)
    return s


def normal_cdf(x):
    return 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def bound(s, x, noisy, t, y):
    """Bits a value of the step from t to t - 1, one number an image; no gradient through the mean."""
    bar = s.alphas_cumprod
    before = torch.cat([torch.ones(1, dtype=torch.float64), bar[:-1]])
    variance = s.betas * (1 - before) / (1 - bar)
    variance[0] = variance[1]

    def at(values):
        return values[t][:, None, None, None]

    def mean(x0):
        rates = s.betas * before.sqrt() / (1 - bar), (1 - before) * (1 - s.betas).sqrt() / (1 - bar)
        return at(rates[0]) * x0 + at(rates[1]) * noisy

    eps, v = y.chunk(2, 1)
    share = (v + 1) / 2
    log_variance = share * at(s.betas.log()) + (1 - share) * at(variance.log())
    guess = mean((noisy - (1 - at(bar)).sqrt() * eps.detach()) / at(bar).sqrt())
    kl = kl_divergence(Normal(mean(x), at(variance).sqrt()), Normal(guess, (0.5 * log_variance).exp()))
    rate = (-0.5 * log_variance).exp()
    high, low = normal_cdf(rate * (x - guess + 1 / 255)), normal_cdf(rate * (x - guess - 1 / 255))
    p = torch.where(x < -0.999, high, torch.where(x > 0.999, 1 - low, high - low))
    nll = -p.clamp(min=1e-12).log()
    return torch.where((t == 0)[:, None, None, None], nll, kl).flatten(1).mean(1) / math.log(2)


def snr_weights(s, t, gamma):
    snr = compute_snr(s, t)
    least = torch.stack([snr, gamma * torch.ones_like(snr)], 1).min(1)[0]
    return least / (snr if s.config.prediction_type == "epsilon" else snr + 1)


def target_of(s, x, noise, t):
    return noise if s.config.prediction_type == "epsilon" else s.get_velocity(x, noise, t)


def loss_of(case, s, x, noise, t, y):
    apart = (y[:, :4] - target_of(s, x, noise, t)).square().flatten(1).mean(1)
    if case["min_snr"]:
        apart = apart * snr_weights(s, t, case["min_snr"])
    if y.shape[1] == 8:
        apart = apart + bound(s, x, s.add_noise(x, noise, t), t, y)
    return apart.mean()


def variable(name, *shape):
    return make(name, shape, 0.0, 4.0).double()


def losses():
    t = torch.tensor(TIMES)
    for name, case in LOSSES.items():
        s = scheduler_of(case)
        x, noise = variable("loss.x", 5, 4, 3, 2), variable("loss.noise", 5, 4, 3, 2)
        y = variable("loss.y", 5, case["outputs"], 3, 2).requires_grad_()
        loss = loss_of(case, s, x, noise, t, y)
        loss.backward()
        put(name + ".noisy", s.add_noise(x, noise, t)), put(name + ".target", target_of(s, x, noise, t))
        put(name + ".weights", snr_weights(s, t, 5)), put(name + ".loss", loss.reshape(1)), put(name + ".slope", y.grad)


def is_trained(part, name):
    attention = ".attn1." in name or ".attn2." in name
    norm = name.endswith(tuple(f".{n}.weight" for n in ("norm", "norm1", "norm2", "norm3"))) or "conv_norm_out" in name
    return {"all": True, "attention": attention, "lora": ".lora_" in name,
            "bias-norm": name.endswith(".bias") or norm or "embedding_table" in name or ".gamma" in name}[part]


class Factors(torch.nn.Module):
    """A layer whose outputs have learned factors, under the layer's own names."""

    def __init__(self, layer, names):
        super().__init__()
        self.weight, self.bias, self.names = layer.weight, layer.bias, names
        for name in names:
            self.register_parameter(name, torch.nn.Parameter(torch.ones(len(layer.weight))))

    def forward(self, x):
        y = torch.nn.functional.linear(x, self.weight, self.bias)
        for name in self.names:
            y = getattr(self, name) * y
        return y


def add_factors(net):
    """DiffFit's, as MinimaxDiffusion's DiT has them in the first half of its blocks."""
    for block in net.transformer_blocks[:len(net.transformer_blocks) // 2]:
        a, ff = block.attn1, block.ff.net
        a.to_q, a.to_k, a.to_v = (Factors(layer, ["gamma"]) for layer in (a.to_q, a.to_k, a.to_v))
        a.to_out[0], ff[2] = Factors(a.to_out[0], ["gamma", "gamma_block"]), Factors(ff[2], ["gamma_block"])


def network(case):
    kind, file = (DiTTransformer2DModel, "transformer") if case["net"] == "dit" else (UNet2DConditionModel, case["net"])
    net = kind.from_config(kind.load_config(os.path.join(NETS, file + ".json")))
    net.load_state_dict({k: weights(k, list(v.shape), 0.6) for k, v in net.named_parameters()}, strict=False)
    if case["part"] == "lora":
        names = [name for layer in case["layers"].split(",") for name in LAYERS[layer]]
        net.add_adapter(LoraConfig(r=case["rank"], lora_alpha=case["alpha"], target_modules=names))
    if case["net"] == "dit" and case["part"] == "bias-norm":
        add_factors(net)
    net = net.double().train()
    for name, p in net.named_parameters():
        p.requires_grad_(is_trained(case["part"], name))
        if ".lora_A" in name:
            p.data = weights(name.replace(".default", ""), list(p.shape), 0.0).double() * 0.5
        if ".lora_B" in name:
            p.data.zero_()
    return net


def text_encoder(case):
    """With adapters of attention, under names that begin with "text_encoder."."""
    net = CLIPTextModel(CLIPTextConfig(**ENCODER))
    TEXT["tensors"] = {k: list(v.shape) for k, v in net.named_parameters()}
    net.load_state_dict({k: weights(k, list(v.shape), 0.6) for k, v in net.named_parameters()}, strict=False)
    names = ["q_proj", "k_proj", "v_proj", "out_proj"]
    peft.inject_adapter_in_model(LoraConfig(r=case["rank"], lora_alpha=case["alpha"], target_modules=names), net)
    net = net.double().train()
    for name, p in net.named_parameters():
        p.requires_grad_(".lora_" in name)
        if ".lora_A" in name:
            p.data = weights("text_encoder." + name.replace(".default", ""), list(p.shape), 0.0).double() * 0.5
        if ".lora_B" in name:
            p.data.zero_()
    return net


def run(name, case, trains):
    """The losses before each step."""
    s, net, n, found = scheduler_of(case), network(case), case["n"], []
    encoder = text_encoder(case) if case["text_encoder"] else None
    values = {k.replace(".default", ""): v for k, v in net.named_parameters()}
    if encoder:
        values |= {"text_encoder." + k.replace(".default", ""): v for k, v in encoder.named_parameters()}
    trained = [p for p in values.values() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=case["lr"], weight_decay=case["decay"])
    text = variable(name + ".text", n, 7, 12)
    times, labels, ids = (golden.get(f"{name}.{kind}") for kind in ("timesteps", "labels", "ids"))
    for i in range(STEPS):
        total = 0
        for b in range(case["batches"]):
            x, noise = (variable(f"{name}.{kind}.{i}.{b}", n, 4, 8, 8) for kind in ("x", "noise"))
            t, noisy = times[i, b], s.add_noise(x, noise, times[i, b])
            if case["net"] == "dit":  # drops classes by itself in training: they are given here
                y = net.eval()(noisy, t.double(), labels[i, b]).sample
            else:
                y = net(noisy, t, encoder(ids[i, b]).last_hidden_state if encoder else text).sample
            loss = loss_of(case, s, x, noise, t, y) / case["batches"]
            loss.backward()
            total += loss.item()
        found.append(total)
        if case["clip"]:
            torch.nn.utils.clip_grad_norm_(trained, case["clip"])
        if trains:
            optimizer.step()
        optimizer.zero_grad()
    if trains:
        if ".gamma_block" in "".join(values):
            golden[name + ".gamma"] = torch.stack([values["transformer_blocks.0." + layer].detach().float() for layer in
                                                   GAMMAS])
        golden[name + ".last"] = values[case["last"]].detach().float().contiguous()
    return torch.tensor(found)


def main():
    os.makedirs(OUT, exist_ok=True)
    losses()
    for name, case in CASES.items():
        i, b, row = torch.meshgrid(torch.arange(STEPS), torch.arange(case["batches"]), torch.arange(case["n"]),
                                   indexing="ij")
        golden[name + ".timesteps"] = ((97 * i + 211 * b + 389 * row + 3) % 1000).contiguous()
        golden[name + ".labels"] = ((i + b + row) % (CLASSES + 1)).contiguous()
        if case["text_encoder"]:  # begin, four words, end, padding
            words = (7 * i + 5 * b + 3 * row)[..., None] % 30 + torch.arange(4)
            ends = torch.tensor([38, 39, 0, 0, 0]).expand(*i.shape, -1)
            golden[name + ".ids"] = torch.cat([ends[..., :1], words, ends[..., 1:]], -1)
        put(name + ".losses", run(name, case, True)), put(name + ".untrained", run(name, case, False))
        print(name, golden[name + ".losses"].tolist(), golden[name + ".untrained"].tolist())
    save_file(golden, os.path.join(OUT, "golden.safetensors"), metadata={
        "torch": torch.__version__, "diffusers": diffusers.__version__, "peft": peft.__version__
    })
    with open(os.path.join(OUT, "cases.json"), "w") as f:
        settings = LOSSES | CASES | {"text": TEXT}
        f.write("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in settings.items()) + "\n}\n")


main()
