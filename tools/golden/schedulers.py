"""Makes tests/golden/schedulers: trajectories of diffusers' schedulers by their own configuration files.

    python tools/golden/schedulers.py tests/golden/schedulers
Needs torch, diffusers, scipy, safetensors. diffusers computes in f64 here, where it says f32, so that what differs is
not its rounding. Of each case: the whole scheduler_config.json, the time steps, and x at the end; the noise is that of
the file, row by row, the start its first row times init_noise_sigma.
"""
import importlib, json, os, sys
import diffusers, numpy as np, torch
from safetensors.torch import save_file

OUT = sys.argv[1]
STEPS = (1, 4, 17)
SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
V = dict(prediction_type="v_prediction")
SAMPLE = dict(prediction_type="sample")
LEADING, TRAILING = dict(timestep_spacing="leading", steps_offset=1), dict(timestep_spacing="trailing")
LINSPACE = dict(timestep_spacing="linspace")
KARRAS, EXPONENTIAL, BETA = (dict([("use_" + k + "_sigmas", True)]) for k in ("karras", "exponential", "beta"))
ZERO = dict(V, **TRAILING, rescale_betas_zero_snr=True)
LEAST = dict(final_sigmas_type="sigma_min")
COSINE = dict(beta_schedule="squaredcos_cap_v2")


def cases():
    yield "PNDM", {}  # with Runge-Kutta steps
    for more in ({}, V, LINSPACE, TRAILING, COSINE, dict(set_alpha_to_one=True), dict(steps_offset=1)):
        yield "PNDM", dict(more, skip_prk_steps=True)
    yield "PNDM", dict(LEADING, **V)
    for more in ({}, dict(clip_sample=False), dict(clip_sample=False, **V), dict(clip_sample=False, **SAMPLE),
                 dict(clip_sample_range=0.7, **LINSPACE), dict(variance_type="fixed_large", **LEADING),
                 dict(variance_type="fixed_small_log", clip_sample=False, **TRAILING), dict(clip_sample=False, **ZERO),
                 dict(clip_sample=False, beta_schedule="sigmoid"), COSINE):
        yield "DDPM", more
    for more in ({}, dict(set_alpha_to_one=False, **TRAILING), ZERO, dict(clip_sample=False, **COSINE)):
        yield "DDIM", more
    for more in ({}, V, SAMPLE, LEADING, TRAILING, KARRAS, EXPONENTIAL, BETA, dict(clip_sample=True, **TRAILING),
                 COSINE):
        yield "HeunDiscrete", more
    for more in ({}, V, SAMPLE, LEADING, TRAILING, KARRAS, EXPONENTIAL, BETA):
        yield "LMSDiscrete", more
    for more in ({}, V, dict(clip_sample=True), dict(original_inference_steps=100, timestep_scaling=0.002), ZERO):
        yield "LCM", more
    for more in (KARRAS, EXPONENTIAL, BETA, dict(KARRAS, **TRAILING), dict(KARRAS, **V), ZERO, LEAST, COSINE,
                 dict(KARRAS, sigma_min=0.05, sigma_max=10.0), dict(interpolation_type="log_linear"),
                 dict(V, timestep_type="continuous", **KARRAS), dict(ZERO, **KARRAS)):
        yield "EulerDiscrete", more
    yield "EulerAncestralDiscrete", ZERO
    for algorithm in ("dpmsolver++", "dpmsolver", "sde-dpmsolver++"):
        end = LEAST if algorithm == "dpmsolver" else {}
        for order in (1, 2, 3):
            for more in ({}, KARRAS, dict(V, **TRAILING), dict(SAMPLE, lower_order_final=False), LEADING):
                yield "DPMSolverMultistep", dict(more, **end, algorithm_type=algorithm, solver_order=order)
        yield "DPMSolverMultistep", dict(end, algorithm_type=algorithm, solver_type="heun")
    for more in (dict(euler_at_final=True, lower_order_final=False, **LEAST), LEAST, EXPONENTIAL, BETA, ZERO,
                 dict(COSINE, lambda_min_clipped=-5.1), dict(COSINE, lambda_min_clipped=-5.1, **TRAILING),
                 dict(COSINE, **KARRAS), dict(KARRAS, **LEAST)):
        yield "DPMSolverMultistep", more
    for order in (1, 2, 3):
        for more in ({}, V, dict(solver_type="bh1", **LEAST), dict(predict_x0=False, **LEAST), KARRAS):
            yield "UniPCMultistep", dict(more, solver_order=order)
    for more in (dict(KARRAS, **LEAST), EXPONENTIAL, BETA, dict(lower_order_final=False, **LEAST), ZERO, SAMPLE):
        yield "UniPCMultistep", more


def fake_model(x, t):
    """Stands for a network: bounded, nonlinear, depends on x and t."""
    return 0.8 * torch.sin(1.3 * x + 0.002 * t) + 0.1 * x.flip(-1)


def run(name, config, steps, noises):
    cls = getattr(diffusers, name + "Scheduler")
    scheduler = cls(**config)
    scheduler.set_timesteps(steps)
    x, drawn = noises[0] * float(scheduler.init_noise_sigma), iter(noises[1:])
    importlib.import_module(cls.__module__).randn_tensor = lambda *a, **k: current
    times = scheduler.timesteps
    for t in times:
        current = next(drawn)
        output = fake_model(scheduler.scale_model_input(x, t), float(t))
        x = scheduler.step(output, t, x).prev_sample
    return times.to(F32), x


def main():
    os.makedirs(OUT, exist_ok=True)
    noises = torch.randn(3 * max(STEPS) + 20, 2, 6, generator=torch.Generator().manual_seed(18)).double()
    tensors, index = {"noise": noises.to(F32)}, []
    noises = tensors["noise"].double()
    for name, more in cases():
        config = {**SD, **more}
        done = []
        for steps in STEPS:
            if name == "PNDM" and not config.get("skip_prk_steps") and steps < 4:
                continue
            times, x = run(name, config, steps, noises)
            assert torch.isfinite(x).all(), (name, more, steps)
            key = f"{len(index)}.{steps}"
            tensors[key + ".times"], tensors[key + ".end"] = times, x.to(F32)
            done.append(steps)
        index.append(dict(config=dict(config, _class_name=name + "Scheduler"), steps=done))
    meta = {"torch": torch.__version__, "diffusers": diffusers.__version__}
    save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(OUT, "golden.safetensors"), metadata=meta)
    with open(os.path.join(OUT, "cases.json"), "w") as f:
        f.write('{"cases": [\n' + ",\n".join(json.dumps(i) for i in index) + "\n]}\n")


F32 = torch.float32
torch.float32, np.float32 = torch.float64, np.float64
main()
