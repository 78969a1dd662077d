// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/blocks.h"

#include <cstring>

namespace rune::graph {

namespace {

/// Elements of less than a byte move one by one.
void copyPacked(ByteSpan in, std::span<uint8_t> out, unsigned bits,
                int64_t from, int64_t to, int64_t count) {
  unsigned perByte = 8 / bits, mask = (1u << bits) - 1;
  for (int64_t i = 0; i < count; ++i) {
    size_t source = static_cast<size_t>(from + i);
    size_t target = static_cast<size_t>(to + i);
    unsigned element =
        (in[source / perByte] >> (source % perByte * bits)) & mask;
    unsigned shift = static_cast<unsigned>(target % perByte) * bits;
    uint8_t &byte = out[target / perByte];
    byte = static_cast<uint8_t>((byte & ~(mask << shift)) | (element << shift));
  }
}

Result<Tensor>
moveTexts(Budget &budget, std::vector<int64_t> sizes,
          std::span<const TensorView> sources,
          const std::function<Result<>(const CopyBlock &)> &move) {
  uint64_t count = RUNE_TRY(elementCount(sizes));
  uint64_t scratch = 0, bytes = 0;
  if (__builtin_mul_overflow(count, sizeof(std::string_view), &scratch))
    return error("evaluate.memory-limit", "too many strings");
  RUNE_TRY(budget.reserve(scratch));
  std::vector<std::vector<std::string_view>> ins;
  for (const TensorView &source : sources)
    ins.push_back(RUNE_TRY(textElements(source)));
  std::vector<std::string_view> texts(count);
  RUNE_TRY(move([&](size_t source, int64_t from, int64_t to, int64_t n) {
    std::copy_n(ins[source].begin() + from, n, texts.begin() + to);
  }));
  for (std::string_view text : texts)
    bytes += text.size() + sizeof(uint32_t);
  RUNE_TRY(budget.reserve(bytes));
  ByteWriter out;
  for (std::string_view text : texts)
    out.text(text);
  budget.release(scratch);
  return Tensor::copyOf({DType::Utf8, sizes, out.bytes()});
}

/// Elements before, in and behind a dimension.
struct Around {
  int64_t outer = 1, size = 1, inner = 1;
};

Around around(std::span<const int64_t> sizes, size_t axis) {
  Around result;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] == 0) // the other sizes may multiply to anything
      return {0, sizes[axis < sizes.size() ? axis : 0], 0};
  for (size_t i = 0; i < sizes.size(); ++i)
    (i < axis   ? result.outer
     : i > axis ? result.inner
                : result.size) *= sizes[i];
  return result;
}

} // namespace

Result<Tensor>
moveBlocks(Budget &budget, DType dtype, std::vector<int64_t> sizes,
           std::span<const TensorView> sources,
           const std::function<Result<>(const CopyBlock &)> &move) {
  if (dtype == DType::Utf8)
    return moveTexts(budget, std::move(sizes), sources, move);
  Tensor result = RUNE_TRY(budget.allocate(dtype, std::move(sizes)));
  unsigned bits = dtypeBits(dtype), width = bits / 8;
  std::span<uint8_t> out = result.bytes();
  RUNE_TRY(move([&](size_t source, int64_t from, int64_t to, int64_t count) {
    ByteSpan in = sources[source].data;
    if (width == 0)
      return copyPacked(in, out, bits, from, to, count);
    if (count > 0)
      std::memcpy(out.data() + to * width, in.data() + from * width,
                  static_cast<size_t>(count) * width);
  }));
  return result;
}

Result<Tensor> joinPieces(Budget &budget, std::span<const TensorView> pieces,
                          size_t axis) {
  std::vector<int64_t> sizes(pieces[0].sizes.begin(), pieces[0].sizes.end());
  sizes[axis] = 0;
  for (const TensorView &piece : pieces)
    if (__builtin_add_overflow(sizes[axis], piece.sizes[axis], &sizes[axis]))
      return error("evaluate.memory-limit", "the sizes add up to 2^63");
  RUNE_TRY(elementCount(sizes));
  Around all = around(sizes, axis);
  bool isEmpty = all.outer == 0;
  return moveBlocks(budget, pieces[0].dtype, sizes, pieces,
                    [&](const CopyBlock &copy) -> Result<> {
                      int64_t to = 0;
                      for (int64_t o = 0; !isEmpty && o < all.outer; ++o)
                        for (size_t i = 0; i < pieces.size(); ++i) {
                          int64_t count = pieces[i].sizes[axis] * all.inner;
                          if (!budget.spend(static_cast<uint64_t>(count)))
                            return budget.expired();
                          copy(i, o * count, to, count);
                          to += count;
                        }
                      return {};
                    });
}

Result<Tensor> stackPieces(Budget &budget, DType dtype,
                           std::vector<int64_t> sizes,
                           std::span<const TensorView> pieces, size_t axis) {
  Around piece = around(sizes, axis);
  int64_t inner = axis < sizes.size() ? piece.size * piece.inner : 1;
  int64_t outer = piece.outer;
  sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(axis),
               static_cast<int64_t>(pieces.size()));
  if (auto fits = elementCount(sizes); !fits)
    return error("evaluate.memory-limit", "{}", fits.error().message);
  if (inner == 0)
    outer = 0;
  return moveBlocks(budget, dtype, std::move(sizes), pieces,
                    [&](const CopyBlock &copy) -> Result<> {
                      int64_t to = 0;
                      for (int64_t o = 0; o < outer; ++o)
                        for (size_t i = 0; i < pieces.size(); ++i) {
                          if (!budget.spend(static_cast<uint64_t>(inner)))
                            return budget.expired();
                          copy(i, o * inner, to, inner);
                          to += inner;
                        }
                      return {};
                    });
}

Result<Tensor> cutPiece(Budget &budget, const TensorView &from, size_t axis,
                        int64_t begin, int64_t count, bool keep) {
  Around all = around(from.sizes, axis);
  std::vector<int64_t> sizes(from.sizes.begin(), from.sizes.end());
  if (keep)
    sizes[axis] = count;
  else
    sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(axis));
  int64_t block = count * all.inner;
  return moveBlocks(budget, from.dtype, std::move(sizes), std::span(&from, 1),
                    [&](const CopyBlock &copy) -> Result<> {
                      for (int64_t o = 0; block > 0 && o < all.outer; ++o) {
                        if (!budget.spend(static_cast<uint64_t>(block)))
                          return budget.expired();
                        copy(0, (o * all.size + begin) * all.inner, o * block,
                             block);
                      }
                      return {};
                    });
}

} // namespace rune::graph
