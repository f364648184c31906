"""Byte-level BPE of the model, from the vocabulary and the merges in its gguf file."""
import re

# The file names the pre-tokeniser `smollm`: each digit is a word of its own, without the space before it. Then the
# pattern of GPT-2. The texts of the household have ASCII characters only, so [A-Za-z] is sufficient for letters.
DIGIT_OR_REST = re.compile(r"\d|\D+")
WORD = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?\d| ?[^\sA-Za-z\d]+|\s+(?!\S)|\s+")


def byte_characters():
    """The printable character that stands for each byte in the vocabulary."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in kept]
    return {byte: chr(byte) for byte in kept} | {byte: chr(256 + i) for i, byte in enumerate(rest)}


class Tokenizer:
    """`encode` maps a text to token ids, `decode` maps token ids to a text. Special tokens are not recognised in texts.

    vocabulary: list of token texts, the position is the id. merges: list of "left right", in order of priority.
    """

    def __init__(self, vocabulary, merges):
        self.vocabulary = vocabulary
        self.ids = {text: number for number, text in enumerate(vocabulary)}
        self.ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(merges)}
        self.characters = byte_characters()
        self.bytes = {character: byte for byte, character in self.characters.items()}

    def encode(self, text):
        if not text.isascii():
            raise ValueError(f"encode: text must be ASCII, got {text!r}; replace the other characters")
        words = [word for part in DIGIT_OR_REST.findall(text) for word in WORD.findall(part)]
        return [self.ids[piece] for word in words for piece in self.pieces(word)]

    def pieces(self, word):
        parts = [self.characters[byte] for byte in word.encode()]
        last = len(self.ranks)
        while len(parts) > 1:
            pairs = list(zip(parts, parts[1:]))
            at = min(range(len(pairs)), key=lambda i: self.ranks.get(pairs[i], last))
            if pairs[at] not in self.ranks:
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return parts

    def decode(self, ids):
        return bytes(self.bytes[c] for number in ids for c in self.vocabulary[number]).decode(errors="replace")
