# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes unicode_tables.h: what BERT's basic tokenizer makes of each code point,
# from the Unicode data that comes with Python.
#   python3 blocks/tokenizers/unicode_tables.py > blocks/tokenizers/unicode_tables.h
import unicodedata as u

DROP, SPACE, PUNCTUATION, SHIFT, SHIFT_EVERY_SECOND, LIST = range(6)
NAMES = ["Drop", "Space", "Punctuation", "Shift", "ShiftEverySecond", "List"]


def fold(c):
    """Lower case, decomposed, without marks."""
    return "".join(x for x in u.normalize("NFD", c.lower()) if u.category(x) != "Mn")


def kind_of(code):
    """(kind, result of a mapping); None for what stays as it is."""
    c, category = chr(code), u.category(chr(code))
    if c in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
        return SPACE, None
    if category in ("Cc", "Cf", "Co", "Mn") or code == 0xFFFD:
        return DROP, None
    if category[0] == "P" and fold(c) == c:
        return PUNCTUATION, None
    if 0xAC00 <= code <= 0xD7A3 or fold(c) == c:
        return None  # Hangul syllables are taken apart by a formula
    return LIST, fold(c)


def runs():
    """Sorted (first, count, kind, value), and what lists hold."""
    result, singles, sequences = [], [], []
    kinds = {k: v for k in range(0x110000) if not 0xD800 <= k < 0xE000 and (v := kind_of(k))}
    code = 0
    while code < 0x110000:
        if code not in kinds:
            code += 1
            continue
        kind, target = kinds[code]
        if kind != LIST:
            count = 1
            while kinds.get(code + count) == (kind, None):
                count += 1
            result.append((code, count, kind, 0))
            code += count
            continue

        def shift(at):
            entry = kinds.get(at)
            if not entry or entry[0] != LIST or len(entry[1]) != 1:
                return None
            return ord(entry[1]) - at

        def length(step):
            if shift(code) is None:
                return 0
            n = 1
            while shift(code + n * step) == shift(code):
                if step == 2 and (code + n * step - 1) in kinds:
                    break
                n += 1
            return n

        if length(1) >= 3:
            count = length(1)
            result.append((code, count, SHIFT, shift(code)))
        elif length(2) >= 3:
            count = 2 * length(2) - 1
            result.append((code, count, SHIFT_EVERY_SECOND, shift(code)))
        else:
            count = 1
            while True:
                at = code + count
                entry = kinds.get(at)
                if not entry or entry[0] != LIST:
                    break
                if all(shift(at + i) is not None and shift(at + i) == shift(at) for i in range(3)):
                    break
                count += 1
            result.append((code, count, LIST, len(singles)))
            for at in range(code, code + count):
                text = kinds[at][1]
                if len(text) == 1:
                    singles.append(ord(text))
                else:
                    singles.append(len(text) << 24 | len(sequences))
                    sequences.extend(map(ord, text))
        code += count
    return result, singles, sequences


def rows(values, each):
    line = " "
    for value in values:
        text = f" {each(value)},"
        if len(line) + len(text) > 80:
            print(line)
            line = " "
        line += text
    print(line)


ranges, singles, sequences = runs()
print(f"""// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Written by unicode_tables.py from Unicode {u.unidata_version}; do not edit.
// clang-format off
#pragma once

#include <cstdint>

namespace rune::tokenizers {{

enum class Kind : uint8_t {{ {", ".join(NAMES)} }};

/// `count` code points from `first`. `value` is what a Shift adds, or where in
/// `listed` a List begins.
struct Range {{
  uint32_t first : 24;
  Kind kind;
  uint16_t count;
  int16_t value;
}};
static_assert(sizeof(Range) == 8);

constexpr Range ranges[] = {{""")


def split(run):
    """A range's count has 16 bits."""
    first, count, kind, value = run
    while count > 0xFFFF:
        yield first, 0xFFFF, kind, value
        first, count = first + 0xFFFF, count - 0xFFFF
    yield first, count, kind, value


shifted = []
for run in ranges:
    first, count, kind, value = run
    if kind in (SHIFT, SHIFT_EVERY_SECOND) and not -0x8000 <= value <= 0x7FFF:
        codes = range(first, first + count)
        run = first, count, LIST, len(singles)
        singles += [c + value if kind == SHIFT or (c - first) % 2 == 0 else c for c in codes]
    shifted += split(run)
assert len(singles) < 0x8000 and len(sequences) < 1 << 16
rows(shifted, lambda r: f"{{0x{r[0]:X}, Kind::{NAMES[r[2]]}, {r[1]}, {r[3]}}}")
print("""};

/// One code point, or from bit 24 on how many and below where in `sequences`.
constexpr uint32_t listed[] = {""")
rows(singles, lambda v: f"0x{v:X}")
print("""};

constexpr uint32_t sequences[] = {""")
rows(sequences, lambda v: f"0x{v:X}")
print("""};

} // namespace rune::tokenizers""")
