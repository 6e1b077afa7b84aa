"""Makes tests/golden/inception: the FID's Inception and the distances in its features, by pytorch-fid and
torch-fidelity.

    pip install numpy scipy torch torchvision safetensors pytorch-fid torch-fidelity
    python tools/golden/inception.py tests/golden/inception
Its weights (90 MB) are not needed: pytorch-fid's network is made without them and gets those of the formula in
tools/golden/classifiers.py and tests/support/hash_weights.h. Nothing is downloaded.

nets.json: the network's tensors with their shapes, as that of classifiers.py.
golden.safetensors, f32 unless said:
  image.N [h, w, 3] u8: the first HALF are one set, the others the second
  view.N [12]: values of pytorch-fid's view [299, 299, 3] of image N, at the places of `places` [12] i64
  features [n, 2048], logits [n, 1008]: of all images, by pytorch-fid's network in f64; logits without the bias
  frechet, kernel [1] f64: FID by pytorch-fid; KID by torch-fidelity over one subset, all of both sets
  score [2] f64: torch-fidelity's Inception score of all images and its deviation, over 3 parts, without shuffling
"""
import json, os, sys
from importlib.metadata import version
import numpy as np, torch
from pytorch_fid import inception
from pytorch_fid.fid_score import calculate_frechet_distance
from safetensors.torch import save_file
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

OUT = sys.argv.pop(1)
sys.argv[1:] = [OUT]
from classifiers import derived, weights

HALF, PLACES, GAIN = 6, 12, 1.0


def fid_network():
    """pytorch_fid.inception.fid_inception_v3 without its download."""
    net = inception._inception_v3(num_classes=1008, aux_logits=False, weights=None)
    net.Mixed_5b = inception.FIDInceptionA(192, pool_features=32)
    net.Mixed_5c = inception.FIDInceptionA(256, pool_features=64)
    net.Mixed_5d = inception.FIDInceptionA(288, pool_features=64)
    net.Mixed_6b = inception.FIDInceptionC(768, channels_7x7=128)
    net.Mixed_6c = inception.FIDInceptionC(768, channels_7x7=160)
    net.Mixed_6d = inception.FIDInceptionC(768, channels_7x7=160)
    net.Mixed_6e = inception.FIDInceptionC(768, channels_7x7=192)
    net.Mixed_7b = inception.FIDInceptionE_1(1280)
    net.Mixed_7c = inception.FIDInceptionE_2(2048)
    return net


def pictures(random):
    """Waves of one or the other colours, of several sizes; one larger than the network's."""
    sizes = [(32, 32), (20, 33), (41, 17), (32, 32), (1, 5), (24, 24)] + [(32, 32), (310, 8), (32, 32), (15, 28),
                                                                          (32, 32), (9, 9)]
    for n, (h, w) in enumerate(sizes):
        y, x = np.mgrid[0:h, 0:w]
        waves = [
            128 + 110 * np.sin(x * random.uniform(0, 1) + y * random.uniform(0, 1) + random.uniform(0, 6))
            for _ in range(3)
        ]
        tint = [1, 1, 1] if n < HALF else [1.1, 0.8, 0.6]
        yield np.clip(np.stack(waves, -1) * tint + random.normal(0, 12, (h, w, 3)), 0, 255).astype(np.uint8)


def main():
    os.makedirs(OUT, exist_ok=True)
    random = np.random.default_rng(11)
    net = fid_network()
    shapes = {k: list(v.shape) for k, v in net.state_dict().items() if not derived(k)}
    net.load_state_dict({k: weights(k, s, GAIN) for k, s in shapes.items()}, strict=False)
    # The pretrained weights are not wanted: its constructor gets the network from above.
    inception.fid_inception_v3 = lambda: net
    whole = inception.InceptionV3([3]).eval().double()
    places = torch.from_numpy(random.integers(0, 299 * 299 * 3, PLACES))
    golden, seen = {"places": places}, []
    views = []
    for block in whole.blocks[0][:1]:
        block.register_forward_pre_hook(lambda m, inputs: views.append(inputs[0]))
    for n, p in enumerate(pictures(random)):
        x = torch.from_numpy(p).permute(2, 0, 1)[None].double() / 255
        seen.append(whole(x)[0].flatten(1))
        golden[f"picture.{n}"] = torch.from_numpy(p)
        golden[f"view.{n}"] = views[-1][0].permute(1, 2, 0).flatten()[places].float()
    features = torch.cat(seen)
    logits = features @ net.fc.weight.double().T
    a, b = features[:HALF], features[HALF:]
    moments = [m for x in (a.numpy(), b.numpy()) for m in (x.mean(0), np.cov(x, rowvar=False))]
    frechet = calculate_frechet_distance(*moments)
    kid = kid_features_to_metric(a, b, kid_subsets=1, kid_subset_size=HALF, verbose=False)[KEY_METRIC_KID_MEAN]
    score = isc_features_to_metric(logits, 3, shuffle=False)
    print("features",
          features.mean().item(),
          features.std(0).mean().item(), "logits",
          logits.std().item(),
          logits.std(0).mean().item())
    print("FID", frechet, "KID", kid, "IS", score)
    golden["features"], golden["logits"] = features.float(), logits.float()
    golden["frechet"], golden["kernel"] = torch.tensor([frechet],
                                                       dtype=torch.float64), torch.tensor([kid], dtype=torch.float64)
    golden["score"] = torch.tensor([score[KEY_METRIC_ISC_MEAN], score[KEY_METRIC_ISC_STD]], dtype=torch.float64)
    made = {p: version(p) for p in ("torch", "torchvision", "pytorch-fid", "torch-fidelity")}
    save_file({k: v.contiguous() for k, v in golden.items()}, os.path.join(OUT, "golden.safetensors"), metadata=made)
    with open(os.path.join(OUT, "nets.json"), "w") as f:
        f.write("{\n" + f'"inception": {json.dumps({"gain": GAIN, "tensors": shapes})}' + "\n}\n")


if __name__ == "__main__":
    with torch.no_grad():
        main()
