"""Makes tests/golden/lora: adapters of the tiny U-Net and text encoder of generators.py as files, and the networks'
results with them, computed in f64.

    python tools/golden/lora.py tests/golden/lora [FILE]
Needs peft beside what generators.py needs. Files:
  diffusers/pytorch_lora_weights.safetensors   by StableDiffusionPipeline.save_lora_weights from peft's adapters, rank
                        2, alpha 3 in the metadata
  old.safetensors       the same values by diffusers' oldest names (processor.to_q_lora.down), alpha = rank
  kohya.safetensors     by the names of kohya's scripts: rank 3, alpha 2, also of convolutions and feed-forward layers
  locon.safetensors     the same of all layers that its LoCon adapts: those of transformers and of the text encoder with
                        rank 4, alpha 1; of residual blocks and where the resolution changes with rank 2, alpha 2
golden.safetensors: FILE.unet and FILE.text, results on unet_sd1's and text's inputs, by diffusers' own loader of the
  file; old.unet by peft, since diffusers no longer loads it; the text encoder's with the products added here, since
  transformers 5 takes neither this peft nor all names.
With FILE nothing is made: diffusers loads FILE, which test_lora has stored with kohya's values (DC3_LORA_FILE).
"""
import os, sys
import torch
from classifiers import make, weights
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils import convert_state_dict_to_diffusers
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

OUT = sys.argv[1]
NETS = os.path.join(OUT, "..", "generators")
IDS = torch.tensor([[38, 5, 17, 17, 30, 39, 0, 0, 0], [38, 39, 0, 0, 0, 0, 0, 0, 0]])
META = {"format": "pt"}


def fill(net):
    net.load_state_dict({k: weights(k, list(v.shape), 0.6) for k, v in net.named_parameters()}, strict=False)
    return net.double().eval()


def networks():
    unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(os.path.join(NETS, "unet_sd1.json")))
    return fill(unet), fill(CLIPTextModel(CLIPTextConfig.from_json_file(os.path.join(NETS, "text.json"))))


def results(unet, text):
    x = make("unet_sd1.x", (2, 4, 8, 8), 0.0, 4.0).double()
    states = make("unet_sd1.text", (2, 7, 12), 0.0, 4.0).double()
    y = unet(x, torch.tensor([3, 617]), states).sample.permute(0, 2, 3, 1)
    return y.float().contiguous(), text(IDS).last_hidden_state.float().contiguous()


def adapters(net, names, rank, alpha):
    """peft's adapters with values by formula."""
    net.add_adapter(LoraConfig(r=rank, lora_alpha=alpha, target_modules=names, init_lora_weights=False))
    for name, p in net.named_parameters():
        if ".lora_" in name:
            p.data = weights(name, list(p.shape), 0.0).double() * (0.5 if "lora_B" in name else 1)


def state(net):
    values = convert_state_dict_to_diffusers(get_peft_model_state_dict(net))
    return {k: v.float().contiguous() for k, v in values.items()}


def load(path, with_text=False):
    """The result of a U-Net that diffusers has loaded the file into; with the text encoder's where that is wanted."""
    unet, text = networks()
    values, alphas, *rest = StableDiffusionPipeline.lora_state_dict(path, return_lora_metadata=True)
    metadata = rest[0] if rest else None
    StableDiffusionPipeline.load_lora_into_unet(values, alphas, unet, metadata=metadata)
    if with_text:
        StableDiffusionPipeline.load_lora_into_text_encoder(values, alphas, text, metadata=metadata)
        return results(unet.double(), text.double())
    return results(unet.double(), text)[0]


def text_halves(kinds, rank):
    """(module, down, up) of the text encoder's layers, by formula."""
    for name, p in networks()[1].named_parameters():
        module = name.removesuffix(".weight").removeprefix("text_model.")
        if name.endswith(".weight") and module.endswith(kinds):
            yield (module, weights(module + ".down", [rank, p.shape[1]], 0.0),
                   0.5 * weights(module + ".up", [p.shape[0], rank], 0.0))


def text_result(kinds, rank, alpha):
    unet, text = networks()
    parts = dict(text.named_parameters())
    for module, down, up in text_halves(kinds, rank):
        name = module + ".weight"
        parts[name if name in parts else "text_model." + name] += alpha / rank * up.double() @ down.double()
    return results(unet, text)[1]


KOHYA_TEXT, ATTENTION_TEXT = ("q_proj", "mlp.fc1"), ("q_proj", "k_proj", "v_proj", "out_proj")
KOHYA = ("attn1.to_q", "attn2.to_k", "to_out.0", "proj_in", "ff.net.0.proj", "ff.net.2", "resnets.0.conv1")
TRANSFORMER = ("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2")
LOCON = ("conv1", "conv2", "conv_shortcut", "time_emb_proj", "samplers.0.conv")
ALL_TEXT = (*ATTENTION_TEXT, "mlp.fc1", "mlp.fc2")


def put(out, key, down, up, alpha):
    out[key + ".lora_down.weight"], out[key + ".lora_up.weight"] = down, up
    out[key + ".alpha"] = torch.tensor(float(alpha))


def kohya(unet, out, kinds, rank, alpha):
    for name, p in unet.named_parameters():
        module = name.removesuffix(".weight")
        if name.endswith(".weight") and module.endswith(kinds):
            key = "lora_unet_" + module.replace(".", "_")
            put(out, key, weights(key + ".down", [rank, *p.shape[1:]], 0.0),
                0.5 * weights(key + ".up", [p.shape[0], rank] + [1] * (p.ndim - 2), 0.0), alpha)


def kohya_text(out, kinds, rank, alpha):
    for module, down, up in text_halves(kinds, rank):
        put(out, "lora_te_text_model_" + module.replace(".", "_"), down, up, alpha)


def old(unet):
    """Attention only, as attn_procs had it; alpha as large as the rank."""
    out = {}
    for name, value in state(unet).items():
        module, half = name.rsplit(".lora", 1)
        where, layer = module.split(".to_")
        down = "A" in half or "down" in half
        out[f"{where}.processor.to_{layer.removesuffix('.0')}_lora.{'down' if down else 'up'}.weight"] = value
    save_file(out, os.path.join(OUT, "old.safetensors"), metadata=META)


def main():
    os.makedirs(os.path.join(OUT, "diffusers"), exist_ok=True)
    golden = {}
    unet, text = networks()
    golden["none.unet"], golden["none.text"] = results(unet, text)
    out, more = {}, {}
    kohya(unet, out, KOHYA, 3, 2), kohya_text(out, KOHYA_TEXT, 3, 2)
    save_file(out, os.path.join(OUT, "kohya.safetensors"), metadata=META)
    kohya(unet, more, TRANSFORMER, 4, 1), kohya(unet, more, LOCON, 2, 2), kohya_text(more, ALL_TEXT, 4, 1)
    save_file(more, os.path.join(OUT, "locon.safetensors"), metadata=META)
    golden["locon.unet"], golden["locon.text"] = load(os.path.join(OUT, "locon.safetensors"), True)
    print("text:", (golden["locon.text"] - text_result(ALL_TEXT, 4, 1)).abs().max())
    golden["kohya.unet"] = load(os.path.join(OUT, "kohya.safetensors"))
    golden["kohya.text"] = text_result(KOHYA_TEXT, 3, 2)
    adapters(unet, ["to_q", "to_k", "to_v", "to_out.0"], 2, 2)
    golden["old.unet"] = results(unet, text)[0]
    old(unet)
    unet, text = networks()
    adapters(unet, ["to_q", "to_k", "to_v", "to_out.0"], 2, 3)
    golden["diffusers.unet"] = results(unet, text)[0]
    golden["diffusers.text"] = text_result(ATTENTION_TEXT, 2, 3)
    config = unet.peft_config["default"].to_dict()
    layers = {}
    for module, down, up in text_halves(ATTENTION_TEXT, 2):
        layers[f"text_model.{module}.lora_A.weight"], layers[f"text_model.{module}.lora_B.weight"] = down, up
    StableDiffusionPipeline.save_lora_weights(os.path.join(OUT, "diffusers"), unet_lora_layers=state(unet),
                                              text_encoder_lora_layers=layers, unet_lora_adapter_metadata=config,
                                              text_encoder_lora_adapter_metadata=dict(
                                                  config, target_modules=list(ATTENTION_TEXT)))
    again = load(os.path.join(OUT, "diffusers"))
    print("loaded again:", (again - golden["diffusers.unet"]).norm() / again.norm())
    save_file(golden, os.path.join(OUT, "golden.safetensors"), metadata=META)


def check(path):
    wanted = load_file(os.path.join(OUT, "golden.safetensors"))["kohya.unet"]
    found = load(path)
    print(f"{path}: relative error {(found - wanted).norm() / wanted.norm():.1e}")


with torch.no_grad():
    check(sys.argv[2]) if len(sys.argv) > 2 else main()
