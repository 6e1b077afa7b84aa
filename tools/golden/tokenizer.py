"""Makes tests/golden/tokenizer: a small CLIP vocabulary and hard strings with the ids that transformers gives them.

    python tools/golden/tokenizer.py tests/golden/tokenizer [DIRECTORY]
With DIRECTORY (vocab.json, merges.txt of another tokenizer) only strings.json is made, for that one; with the word
frames only frame.json and frame_added.json, for the vocabulary that is there.
"""
import json, os, random, shutil, sys, tempfile
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, trainers, Regex
from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
LENGTH = 77

PLAIN = """Adjust the color hue to be golden hour and preserve all details and content
a photo of a cat sitting on the kitchen table, 4k, highly detailed
Make it rainy, snowy, frozen lake, infrared and underwater
Turn the sky into a sunny daylight scene with vivid colors and sepia tones
it's what they'll've said: we're I'm you'd don't can't o'clock rock'n'roll
IT'S WHAT THEY'LL SAY: WE'RE I'M YOU'D DON'T
L'été à la montagne, où les garçons naïfs mangent des crêpes
Größe, Straße, Übermut, Äpfel und Öl
El niño comió piñas en São Paulo
Привет, мир! Солнечный день у озера
Καλημέρα κόσμε, ΟΔΥΣΣΕΥΣ Σίσυφος
日本語の写真、晴れた日 東京タワー
中文提示词:金色的湖泊,细节丰富
안녕하세요 세계 겨울 호수
مرحبا بالعالم ١٢٣ صورة
שלום עולם תמונה
नमस्ते दुनिया क्षत्रिय १२३
ภาษาไทย น้ำแข็ง ทะเลสาบ
Tiếng Việt: hồ đóng băng, chữ đẹp""".split("\n")

HARD = [
    "", " ", "\t\n  ", "a", "A", "'", "''", "'s", "'S 't 'RE", "s's's's", "don''t", "’s it’s", "x'm'll'd", "0123456789",
    "3.14159", "1,000,000", "2nd 3rd 4th", "½ ¼ Ⅷ ⅷ ² ³ ① ٣ 四", "a1b2c3", "v1.5-pruned_emaonly", "!!!???...",
    "((nested) [brackets] {here}:1.3)", "<lora:name:0.8>", "#hashtag @user $5.00 100% a&b", "~`^*_+=|\\/<>",
    "--- — – … « » „ “ ”", "https://example.org/a?b=c&d=%20e", "user@mail.example", "\u00a0leading\u00a0nbsp\u00a0",
    "\u2003em\u2003space\u3000ideographic", "zero\u200bwidth\u200cjoin\u200der\ufeffbom",
    "line\u2028sep\u2029para\u0085nel", "ctrl\x01\x02\x1b[0m\x7f", "sep\x1c\x1d\x1e\x1fend",
    "tab\tnew\nline\rcr\x0bvt\x0cff", "e\u0301 vs \u00e9", "a\u0323\u0307 \u1e69 s\u0307\u0323", "n\u0303 \u0303",
    "\u0301start", "Z\u0351\u036b\u0343a\u0321l\u0358g\u0322o", "\u0130stanbul I\u0307 \u0131", "\u1e9e \u00df SS",
    "\u01c4 \u01c5 \u01c6", "\ufb01 \ufb03 \u0149", "\u03a3 \u03c3 \u03c2 \u03a3\u03a3", "\u212b \u212a \u2126",
    "\u2160 \u2170 \u216f", "\u24b6 \u24d0 \u24cf", "\uff26\uff35\uff2c\uff2c \uff57\uff49\uff44\uff54\uff48 \uff11",
    "\u1100\u1161\u11a8 \uac01", "\u0958 \u0915\u093c", "\u2adc", "\U0001d15e", "\U0001d400\U0001d7d8",
    "\U00010400\U00010428", "\u10a0 \u1c90 \u10d0", "\u1f88 \u1fbc \u0345", "\u02b0 \u02bc \u02d0", "\u2c2f \ua640",
    "\u0660\u06f0\u0966", "\u3007\u3021", "\U0001f600", "\U0001f600\U0001f603 ok",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea", "\u2764\ufe0f",
    "cat\U0001f431cat", "\u00a9\u00ae\u2122", "\u20ac\u00a3\u00a5", "\u2190\u2192 \u2211\u222b \u221a2", "\ufffd",
    "\U0010fffd\ue000", "a" * 100, "ab" * 300, "antidisestablishmentarianism " * 20, "!" * 200, "7" * 90,
    "\u00e9" * 120, "\u4e2d" * 90, "\U0001f600" * 50, "word " * 80, "x" * 2000, START, END, START + END,
    "a " + END + " b", "a" + END + "b", END + "'s", "!" + END + "!", "<|endoftext |>", "<|END" + "OFTEXT|>",
    "!<|ENDOFTEXT|>!", "<|StartOfText|>x", "<|ENDOFTEXT|>'s", "<||||>", "<|!!|>", "<|endoftext", "endoftext|>",
    "<|endoftext|" + END, "</w>", "a</w>b", "<unk> <pad> [CLS]", "#version: 0.2", "\\n\\t", "\"quoted\" 'single'",
    "a'b'c", "O'Neil's dog's", "\u0027\u017f"
]


def random_strings(count):
    """Mixtures over scripts, marks, spaces and names."""
    r = random.Random(7)
    ranges = [(32, 126), (32, 126), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x5D0, 0x5EA), (0x900, 0x97F),
              (0xE01, 0xE5B), (0x1E00, 0x1FFE), (0x2000, 0x206F), (0x2100, 0x218B), (0x3040, 0x30FF), (0x4E00, 0x4FFF),
              (0xAC00, 0xADFF), (0x1F300, 0x1F5FF)]
    import unicodedata
    for _ in range(count):
        pieces = []
        for _ in range(r.randint(1, 12)):
            low, high = r.choice(ranges)
            piece = "".join(chr(r.randint(low, high)) for _ in range(r.randint(1, 6)))
            pieces.append("".join(c for c in piece if unicodedata.category(c) != "Cn"))
        yield r.choice(["", " ", "  ", "'s ", "\u00a0"]).join(pieces)


def train(folder, lines):
    """A byte-level BPE in CLIP's form; its alphabet first, as in CLIP's own file."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet(), key=lambda c: (ord(c) > 255, ord(c)))
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), behavior="removed",
                             invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)
    ])
    trainer = trainers.BpeTrainer(vocab_size=1400, min_frequency=2, initial_alphabet=letters, end_of_word_suffix="</w>",
                                  show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    merges = [tuple(m) for m in json.loads(tokenizer.to_str())["model"]["merges"]]
    tokens = letters + [c + "</w>" for c in letters]
    tokens += [t for t in dict.fromkeys(a + b for a, b in merges) if t not in set(tokens)] + [START, END]
    with open(os.path.join(folder, "vocab.json"), "w") as f:
        json.dump({t: i for i, t in enumerate(tokens)}, f, indent=0)
    with open(os.path.join(folder, "merges.txt"), "w") as f:
        f.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))


ADDED = [
    dict(content="<cat-toy>"), dict(content="blur", single_word=True), dict(content="Neon", normalized=True),
    dict(content="  wide  ", normalized=True), dict(content="glow", lstrip=True, rstrip=True),
    dict(content="<|pad|>", special=True), dict(content="\u00c9t\u00e9", normalized=True, single_word=True)
]
WITH_ADDED = [
    "a <cat-toy> on a table", "<Cat-Toy>", "a<cat-toy>b", "blur", "blurred blur blur_ blur7 (blur)", "unblur", "BLUR",
    "neon NEON Neons anneon", "a  wide  field", "a wide field", "glow glowing  glow  x", "<|pad|>a<|PAD|>",
    "\u00c9t\u00e9 \u00e9t\u00e9 \u00e9t\u00e9s E\u0301te\u0301", "blur<cat-toy>glow<|endoftext|>Neon",
    "\u00e9blur", "blur\u0301", "neonblur",
    "\u4e2dblur\u4e2d", "blur-blur"
]


def frames(out):
    """tokenizer.json as transformers saves it, without vocabulary and merges; and one with added tokens, with ids."""
    for name, added in (("frame.json", []), ("frame_added.json", ADDED)):
        tokenizer = CLIPTokenizer.from_pretrained(out, model_max_length=LENGTH)
        for a in added:
            special = a.get("special", False)
            tokenizer.add_tokens([AddedToken(**{**dict(normalized=False), **a})], special_tokens=special)
        with tempfile.TemporaryDirectory() as folder:
            tokenizer.save_pretrained(folder)
            whole = json.load(open(os.path.join(folder, "tokenizer.json")))
        del whole["model"]["vocab"], whole["model"]["merges"]
        if added:
            whole["strings"] = [dict(text=t, ids=tokenizer(t).input_ids + [tokenizer.pad_token_id]) for t in WITH_ADDED]
        with open(os.path.join(out, name), "w") as f:
            json.dump(whole, f, indent=1)
            f.write("\n")


def main():
    out, source = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else None)
    if source == "frames":
        return frames(out)
    os.makedirs(out, exist_ok=True)
    if source:
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(os.path.join(source, name), out)
    else:
        train(out, PLAIN * 3 + HARD[:-1])
    tokenizer = CLIPTokenizer.from_pretrained(out, model_max_length=LENGTH)
    strings = PLAIN + HARD + [s.upper() for s in PLAIN] + list(random_strings(200))
    rows = []
    for text in strings:
        if "\0" in text:
            continue
        ids = tokenizer(text, padding="max_length", truncation=True, max_length=LENGTH).input_ids
        end = max(i for i, x in enumerate(ids) if x != tokenizer.pad_token_id) + 2  # the padding is left out
        rows.append({"text": text, "ids": ids[:end]})
    with open(os.path.join(out, "strings.json"), "w") as f:
        f.write('{"length": %d, "strings": [\n' % LENGTH + ",\n".join(json.dumps(r) for r in rows) + "\n]}\n")
    if not source:
        frames(out)


main()
