"""Makes tests/golden/pth: small PyTorch checkpoints of each form, and damaged ones.

    python tools/golden/pth.py tests/golden/pth
NAME.pth holds what golden.safetensors has under NAME/...; damaged/ holds what must be refused (test_pth.c has the
sentences).
"""
import argparse, datetime, enum, functools, io, os, pathlib, pickle, struct, sys, zipfile
from collections import Counter, OrderedDict, defaultdict, namedtuple
import numpy as np, torch
from safetensors.torch import save_file
from torch import nn

OUT = sys.argv[1]
golden = {}


def path(name):
    return os.path.join(OUT, name + ".pth")


def keep(name, tensors):
    for key, value in tensors.items():
        golden[f"{name}/{key}"] = value.detach().contiguous().clone()


def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def trained():
    made = net()
    optimizer = torch.optim.SGD(made.parameters(), 0.1, momentum=0.9)
    made(torch.randn(5, 3, 3, 3)).square().mean().backward()
    optimizer.step()
    return made, optimizer


def types():
    x = torch.randn(3, 2)
    return {
        "f32": x, "f16": x.half(), "bf16": x.bfloat16(), "f64": x.double(), "i64": torch.tensor([-(2**40), 7]),
        "i32": torch.tensor([-3, 4], dtype=torch.int32), "u8": torch.tensor([0, 255], dtype=torch.uint8),
        "i16": torch.tensor([-300, 4], dtype=torch.int16), "i8": torch.tensor([-3, 4], dtype=torch.int8),
        "bool": torch.tensor([True, False, True]), "scalar": torch.tensor(3), "empty": torch.empty(0, 5)
    }


def views():
    x, y, image = torch.randn(4, 6), torch.randn(3, 4, 5), torch.randn(2, 3, 4, 5)
    return {
        "whole": x, "transposed": x.t(), "rows": x[1:3], "columns": x[:, 2:5], "stepped": x[::2, ::3],
        "column": x[:, 1:2], "permuted": y.permute(2, 0, 1), "shared": y, "last": y[2, 3, 4],
        "channels_last": image.contiguous(memory_format=torch.channels_last), "five": torch.randn(2, 1, 3, 1,
                                                                                                  2).transpose(0, 4)
    }


class States(OrderedDict):
    pass


class Colour(enum.Enum):
    RED = 1


class Slots:
    __slots__ = "a", "b"


class New:

    def __new__(cls, *, size):
        return super().__new__(cls)

    def __getnewargs_ex__(self):
        return (), {"size": 3}


class Reduced:
    """Makes itself anew by a call, then takes a state, items and pairs."""

    def __reduce__(self):
        return Reduced, (), {"a": torch.ones(5)}, iter([1, 2]), iter([("k", 3)])

    def append(self, item):
        pass

    def __setitem__(self, key, value):
        pass


class Wrapped(nn.Module):

    def __init__(self, inner):
        super().__init__()
        self.inner = inner


Pair = namedtuple("Pair", "a b")


def inert():
    """What people keep beside the weights."""
    slots = Slots()
    slots.a = 1
    counts = defaultdict(list)
    counts["a"].append(1)
    return {
        "counter": Counter("abca"),
        "defaultdict": counts,
        "scalar": np.float32(0.5),
        "array": np.arange(6.0).reshape(2, 3),
        "args": argparse.Namespace(lr=0.1, path=pathlib.PurePosixPath("/data")),
        "when": datetime.datetime(2024, 2, 29),
        "size": torch.Size([2, 3]),
        "dtype": torch.bfloat16,
        "device": torch.device("cuda:1"),
        "partial": functools.partial(max, 3),
        "colour": Colour.RED,
        "slots": slots,
        "new": New.__new__(New, size=3),
        "reduced": Reduced(),
        "set": {1, 2},
        "frozen": frozenset("ab"),
        "pair": Pair(1, 2),
        "complex": 1j,
        "big": -(2**200),
        "bytes": b"\x00\xff",
        "bytearray": bytearray(b"abc"),
        "function": os.path.join,
        "class": OrderedDict,
        "range": range(3),
        "slice": slice(1, 2),
        "ellipsis": ...,
        3: "a key that is no string",
        (1, 2): None,
        "rng": np.random.default_rng(0),
        "states": [torch.get_rng_state(), np.random.RandomState(0).get_state()],
        "class_names": np.array(["cat", "dog"])
    }


def good():
    made, optimizer = trained()
    plain = made.state_dict()
    torch.save(plain, path("plain"))
    torch.save(plain, path("legacy"), _use_new_zipfile_serialization=False)
    torch.save(plain, path("protocol4"), pickle_protocol=4)
    for name in ("plain", "legacy", "protocol4"):
        keep(name, plain)
    torch.save(
        {
            "epoch": 3, "arch": "net", "state_dict": nn.DataParallel(made).state_dict(),
            "best_acc1": torch.tensor(76.5), "optimizer": optimizer.state_dict(), "args": argparse.Namespace(
                lr=0.1, layers=[1, 2]), "history": [0.5, (1, None), {"a": 2**70}]
        }, path("nested"))
    keep("nested", nn.DataParallel(made).state_dict())
    torch.save({"ema": plain}, path("only"))
    keep("only", plain)
    torch.save(types() | {"skipped": "a string"}, path("types"))
    keep("types", torch.load(path("types"), weights_only=True) | {"skipped": torch.zeros(0)})
    del golden["types/skipped"]
    odd = {
        "complex": torch.zeros(2, dtype=torch.complex64), "u16": torch.zeros(2, dtype=torch.uint16),
        "f8": torch.zeros(2, dtype=torch.float8_e4m3fn), "sparse": torch.eye(3).to_sparse(),
        "csr": torch.eye(3).to_sparse_csr(), "quantised": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "meta": torch.empty(3, device="meta"), "six": torch.zeros(1, 1, 1, 1, 1, 2), "conj": torch.zeros(2).to(
            torch.complex64).conj(), "array": np.zeros(3), "expanded": torch.zeros(1).expand(1000, 1000)
    }
    torch.save({"a": torch.ones(2)} | odd | {"\u5206": torch.ones(2)}, path("other_types"))
    keep("other_types", {"a": torch.ones(2)})
    for name, protocol, old in (("inert", 2, False), ("inert_legacy", 2, True), ("inert3", 3, False),
                                ("inert4", 4, True), ("inert5", 5, False)):
        torch.save(
            inert() | {"state_dict": States(plain)}, path(name), pickle_protocol=protocol,
            _use_new_zipfile_serialization=not old)
        keep(name, plain)
    tagged = torch.ones(2, 2)
    tagged.tag = "an attribute"
    wrapped = {"tagged": tagged, "parameter": nn.Parameter(torch.ones(3)), "expanded": torch.ones(2, 1).expand(2, 3)}
    wrapped["parameter"].note = Colour.RED
    torch.save(wrapped, path("wrapped"))
    keep("wrapped", wrapped)
    torch.save(made, path("module"))
    torch.save({"epoch": 1, "model": Wrapped(made), "ema": None}, path("module_in_dict"))
    keep("module", plain)
    keep("module_in_dict", {"inner." + k: v for k, v in plain.items()})
    torch.jit.save(torch.jit.script(made.eval()), path("script"))
    keep("script", plain)
    twice = {k: v + 1 if v.is_floating_point() else v for k, v in plain.items()}
    both = {"model": plain, "model_ema": {"state_dict": twice}, "criterion": {"w": torch.ones(1)}}
    torch.save(both, path("averaged"))
    keep("averaged", twice)
    made_views = views()
    torch.save(made_views, path("views"))
    keep("views", made_views)
    torch.save(made_views, path("legacy_views"), _use_new_zipfile_serialization=False)
    keep("legacy_views", made_views)
    parameters = {k: v for k, v in made.named_parameters()}
    torch.save(parameters, path("parameters"))
    keep("parameters", parameters)
    python2()


# A small assembler: opcodes as in pickletools.
def text(s):
    return b"X" + struct.pack("<I", len(s.encode())) + s.encode()


def number(n):
    return b"J" + struct.pack("<i", n) if -(2**31) <= n < 2**31 else pickle.dumps(n, 2)[2:-1]


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def call(module, name, args):
    return f"c{module}\n{name}\n".encode() + args + b"R"


def storage(kind="FloatStorage", key="0", elements=4, tail=b""):
    return b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + number(
        elements) + tail + b"tQ"


def tensor(made=None, offset=0, shape=(4,), strides=(1,), tail=b"\x89)"):
    return call("torch._utils", "_rebuild_tensor_v2",
                b"(" + (made or storage()) + number(offset) + numbers(shape) + numbers(strides) + tail + b"t")


def whole(body, protocol=2):
    return b"\x80" + bytes([protocol]) + body + b"."


def state(value, key="w"):
    return whole(b"}" + text(key) + value + b"s")


DATA = struct.pack("<4f", 1, 2, 3, 4)


def zipped(pickled, members=(("data/0", DATA),), order=b"little", compression=zipfile.ZIP_STORED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as z:
        for name, data in (("data.pkl", pickled), ("byteorder", order), *members):
            z.writestr(zipfile.ZipInfo("archive/" + name), data, compression)
    return made.getvalue()


def legacy(pickled, keys=("0",), storages=(DATA,), little=True):
    made = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps(
        {"protocol_version": 1001, "little_endian": little}, 2)
    made += pickled + pickle.dumps(list(keys), 2)
    return made + b"".join(struct.pack("<q", len(s) // 4) + s for s in storages)


def python2():
    """As Python 2 and PyTorch before 0.4 wrote: byte strings, pairs in a list, Parameters with a state, tensors
    without hooks, storages of a GPU."""
    old = b"(" + b"U\x07storage" + b"ctorch.cuda\nFloatStorage\n" + b"U\x010" + b"U\x06cuda:0" + b"K\x04Nt" + b"Q"
    made = b"ctorch._utils\n_rebuild_tensor\n(" + old + b"K\x00" + numbers((2, 2)) + numbers((2, 1)) + b"tR"
    parameter = b"ctorch.nn.parameter\nParameter\n" + made + b"\x85R(\x88\x89Ntb"
    pairs = b"](](U\x01wq\x05" + parameter + b"eh\x05" + b"0](U\x01v" + made + b"ee"
    with open(path("python2"), "wb") as f:
        f.write(legacy(whole(b"ccollections\nOrderedDict\n" + pairs + b"\x85R")))
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    keep("python2", {"w": values, "v": values.clone()})


def shared():
    """Modules below the same eight names on nine levels, and the same empty tensor: 9 x 8^9 names."""
    module = lambda children, tensors: (
        b"ctorch.nn.modules.module\nModule\n)\x81}" + text("_parameters") + b"}" + tensors + b"s" + text("_buffers") +
        b"}s" + text("_modules") + b"}" + children + b"sb")
    made = module(b"", text("w0") + tensor(shape=(0,)) + b"q\x00s" +
                  b"".join(text("w%d" % i) + b"h\x00s" for i in range(1, 9)))
    for level in range(1, 10):
        memo = bytes([level])
        made = module(b"".join(text("m%d" % i) + (made + b"q" + memo if i == 0 else b"h" + memo) + b"s"
                               for i in range(8)), b"")
    with open(path("shared"), "wb") as f:
        f.write(zipped(whole(made)))


def patched(data, old, new):
    assert data.count(old) >= 1
    return data.replace(old, new)


def longer(data):
    """Both headers of the last member give it a gigabyte."""
    for header, at in ((b"PK\3\4", 18), (b"PK\1\2", 20)):
        at += data.rindex(header)
        data = data[:at] + struct.pack("<II", 1 << 30, 1 << 30) + data[at + 8 :]
    return data


def damaged():
    fine = zipped(state(tensor()))
    whole_file = open(path("plain"), "rb").read()
    old_file = open(path("legacy"), "rb").read()
    cases = {
        "system": zipped(whole(call("os", "system", b"(" + text("touch /tmp/dc3-was-here") + b"t"))),
        "stack_global": zipped(whole(text("builtins") + text("eval\n") + b"\x93" + text("1") + b"\x85R", 4)),
        "inst": zipped(whole(b"(" + text("true") + b"iposix\nsystem\n")),
        "newobj": zipped(whole(b"csubprocess\nPopen\n" + text("true") + b"\x85\x81")),
        "model": zipped(whole(b"ctorch.nn.modules.linear\nLinear\n)\x81}b")),
        "call_dict": zipped(whole(b"})R")),
        "call_storage": zipped(whole(b"ctorch\nFloatStorage\n)R")),
        "build": zipped(whole(text("x") + b"}b")),
        "cut": whole_file[:len(whole_file) // 2],
        "cut_legacy": old_file[:-5],
        "cut_legacy_pickle": old_file[:400],
        "cut_pickle": zipped(state(tensor())[:-20]),
        "crc": patched(fine, DATA, struct.pack("<4f", 1, 2, 3, 5)),
        "compressed": zipped(state(tensor()), (("data/0", bytes(16)),), compression=zipfile.ZIP_DEFLATED),
        "bomb": zipped(state(tensor()), (("data/0", bytes(1 << 22)),), compression=zipfile.ZIP_DEFLATED),
        "big_endian": zipped(state(tensor()), order=b"big"),
        "big_endian_legacy": legacy(state(tensor()), little=False),
        "no_pickle": patched(fine, b"archive/data.pkl", b"archive/data.pki"),
        "no_storage": zipped(state(tensor(storage(key="1")))),
        "long_storage": zipped(state(tensor(storage(elements=5), shape=(5,)))),
        "long_storage_legacy": legacy(state(tensor(storage(elements=5), shape=(5,)))),
        "unknown_key_legacy": legacy(state(tensor()), ("0", "7"), (DATA, DATA)),
        "huge_storage": zipped(state(tensor(storage(elements=2**62), shape=(2**62,)))),
        "negative_storage": zipped(state(tensor(storage(elements=-4)))),
        "negative_size": zipped(state(tensor(shape=(-4,)))),
        "negative_stride": zipped(state(tensor(offset=3, strides=(-1,)))),
        "negative_offset": zipped(state(tensor(offset=-1))),
        "offset": zipped(state(tensor(offset=1))),
        "stride": zipped(state(tensor(shape=(2, 2), strides=(3, 1)))),
        "huge_stride": zipped(state(tensor(shape=(2, 2), strides=(2**63 - 1, 2**63 - 1)))),
        "expanded": zipped(state(tensor(shape=(1000000,), strides=(0,)))),
        "huge_shape": zipped(state(tensor(shape=(2**31, 2**31, 2**31), strides=(0, 0, 0)))),
        "huge_empty": zipped(state(tensor(shape=(2**62, 4, 0), strides=(0, 0, 0)))),
        "six_dimensions": zipped(state(tensor(shape=(1,) * 6, strides=(1,) * 6))),
        "odd_strides": zipped(state(tensor(shape=(2, 2), strides=(1,)))),
        "text_shape": zipped(
            state(
                call("torch._utils", "_rebuild_tensor_v2",
                     b"(" + storage() + number(0) + b"(" + text("4") + b"t" + numbers((1,)) + b"\x89)t"))),
        "few_arguments": zipped(state(call("torch._utils", "_rebuild_tensor_v2", b"(" + storage() + b"t"))),
        "negated": zipped(state(tensor(tail=b"\x89)}" + text("neg") + b"\x88s"))),
        "view_of_storage": zipped(state(tensor(storage(tail=numbers((1, 2)))))),
        "complex": zipped(state(tensor(storage("ComplexFloatStorage", elements=2), shape=(2,)))),
        "persistent": zipped(state(b"(" + text("module") + b"tQ")),
        "memo_put": zipped(whole(b"}r\xff\xff\xff\xff")),
        "memo_get": zipped(whole(b"}q\x00h\x01s")),
        "laughs": zipped(
            whole(b"]q\x000" + b"".join(b"](" + (b"h" + bytes([i])) * 10 + b"eq" + bytes([i + 1]) + b"0"
                                        for i in range(200)) + b"}" + text("model") + b"h\xc8s")),
        "memo_bomb": zipped(
            whole(b"](K\x01K\x02\x86q\x01" + b"h\x01" * 4000 + b"eq\x02ccollections\nOrderedDict\nq\x03" +
                  b"h\x03h\x02\x85R" * 600)),
        "deep": zipped(whole(b"]" + b"\x85" * 20000)),
        "cycle": zipped(whole(b"}q\x00" + text("model") + b"h\x00s")),
        "protocol": zipped(whole(b"}", 6)),
        "protocol0": zipped(b"(dp0\n."),
        "opcode": zipped(whole(b"\x99")),
        "no_mark": zipped(whole(b"Nt")),
        "mark_value": zipped(whole(b"(")),
        "empty_stack": zipped(whole(b"")),
        "two_values": zipped(whole(b"}}")),
        "append_dict": zipped(whole(b"}Na")),
        "odd_items": zipped(whole(b"}(Nu")),
        "key_without_end": zipped(whole(b"}X\xff\xff\xff\x7fabc")),
        "long_length": zipped(whole(b"}\x8d" + b"\xff" * 8)),
        "list": zipped(whole(b"](" + tensor() + b"e")),
        "no_tensors": zipped(whole(b"}" + text("a") + b"K\x01s")),
        "two_dicts": zipped(
            whole(b"}" + text("a") + b"}" + text("w") + tensor() + b"ss" + text("b") + b"}" + text("w") + tensor() +
                  b"ss")),
        "twice": zipped(whole(b"}" + text("w") + tensor() + b"s" + text("w") + tensor() + b"s")),
        "name": zipped(state(tensor(), "w\n\x1b[31m")),
        "long_name": zipped(state(tensor(), "w" * 600)),
        "many_copies": zipped(
            whole(b"}" + b"".join(
                text("w%d" % i) + tensor(storage(elements=1024), shape=(32, 32), strides=(1, 32)) + b"s"
                for i in range(4))), (("data/0", bytes(4096)),)),
        "plain_pickle": pickle.dumps({"w": [1.0, 2.0]}, 2),
        "version_legacy": patched(legacy(state(tensor())), b"M\xe9\x03.", b"M\xea\x03."),
        "other_file": b"GIF89a" + bytes(32),
        "empty": b"",
        "long_member": longer(fine),
    }
    os.makedirs(os.path.join(OUT, "damaged"), exist_ok=True)
    for name, data in cases.items():
        with open(path("damaged/" + name), "wb") as f:
            f.write(data)


torch.manual_seed(0)
os.makedirs(OUT, exist_ok=True)
good()
shared()
damaged()
save_file(golden, os.path.join(OUT, "golden.safetensors"), metadata={"torch": torch.__version__})
os.chmod(os.path.join(OUT, "golden.safetensors"), 0o644)
