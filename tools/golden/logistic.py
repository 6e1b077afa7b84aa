"""Makes tests/golden/logistic/golden.json: multinomial logistic regression by scikit-learn on small made-up rows.

    python tools/golden/logistic.py tests/golden/logistic
x [n][d] and y [n]; for each case "decay" (of which C is 1 / (n decay)), f at the minimum, its parts, and the weights
[classes][d] and biases [classes], which are determined but for a constant added to all biases: their mean is 0.
"""
import json, os, sys
import numpy as np
from sklearn import __version__
from sklearn.linear_model import LogisticRegression

OUT = sys.argv[1]


def main():
    os.makedirs(OUT, exist_ok=True)
    random = np.random.default_rng(7)
    n, d, classes = 60, 6, 4
    centres = random.normal(size=(classes, d))
    y = random.integers(0, classes, n)
    x = np.round(centres[y] + random.normal(size=(n, d)), 4).astype(np.float32).astype(np.float64)
    cases = []
    for decay in (1.0, 0.1, 0.001):
        model = LogisticRegression(C=1 / (n * decay), tol=1e-12, max_iter=100000).fit(x, y)
        z = x @ model.coef_.T + model.intercept_
        log_softmax = z - np.log(np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)) - z.max(1, keepdims=True)
        loss = -log_softmax[np.arange(n), y].mean()
        value = loss + decay / 2 * (model.coef_**2).sum()
        cases.append({"decay": decay, "value": value, "loss": loss, "right": float((z.argmax(1) == y).mean()),
                      "weights": model.coef_.tolist(), "biases": (model.intercept_ - model.intercept_.mean()).tolist()})
    golden = {"sklearn": __version__, "x": x.tolist(), "y": y.tolist(), "cases": cases}
    with open(os.path.join(OUT, "golden.json"), "w") as f:
        f.write(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
