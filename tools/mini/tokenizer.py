"""Trains a byte-level BPE in CLIP's form on our own sentences; writes vocab.json, merges.txt and the configs beside
them."""
import argparse, collections, json, os, re
import prompts

START, END = "<|startoftext|>", "<|endoftext|>"


def byte_letters():
    """A printable letter for each byte, as byte-level BPE writes them."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = [b for b in range(256) if b not in keep]
    return [chr(b) for b in keep] + [chr(256 + i) for i in range(len(rest))], keep + rest


def train(lines, size):
    letters, order = byte_letters()
    of_byte = dict(zip(order, letters))
    words = collections.Counter(w for line in lines for w in re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]+", line.lower()))
    split = {w: [of_byte[b] for b in w.encode()] for w in words}
    for parts in split.values():
        parts[-1] += "</w>"
    vocab = letters + [x + "</w>" for x in letters]
    merges = []
    while len(vocab) < size - 2:
        pairs = collections.Counter()
        for w, parts in split.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[w]
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        vocab.append(best[0] + best[1])
        for w, parts in split.items():
            i, out = 0, []
            while i < len(parts):
                if tuple(parts[i:i + 2]) == best:
                    out.append(best[0] + best[1])
                    i += 2
                else:
                    out.append(parts[i])
                    i += 1
            split[w] = out
    return vocab + [START, END], merges


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("folder")
    p.add_argument("--size", type=int, default=1024)
    p.add_argument("--length", type=int, default=40)
    a = p.parse_args()
    vocab, merges = train(prompts.corpus(), a.size)
    os.makedirs(a.folder, exist_ok=True)
    put = lambda name, text: open(os.path.join(a.folder, name), "w", encoding="utf-8").write(text)
    put("vocab.json", json.dumps({t: i for i, t in enumerate(vocab)}, ensure_ascii=False))
    put("merges.txt", "#version: 0.2\n" + "".join(f"{x} {y}\n" for x, y in merges))
    special = dict(bos_token=START, eos_token=END, unk_token=END, pad_token=END)
    put("special_tokens_map.json", json.dumps(special, indent=2))
    put("tokenizer_config.json", json.dumps(dict(special, tokenizer_class="CLIPTokenizer", model_max_length=a.length,
                                                 do_lower_case=True), indent=2))


if __name__ == "__main__":
    main()
