// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MaxUnpooling2D of MediaPipe and LiteRT: each element goes back to where the
// largest of a window stood. Its options are no FlexBuffer but the bytes of C's
// TfLitePoolParams.
//
// source  TensorFlow Lite, perception/max_unpooling_2d.cc
#include "import/tflite/node.h"
#include "import/tflite/window.h"

namespace rune::import {
namespace {

/// The frame that the windows were taken from, without batch and channels.
Result<Integers> frameOf(const TfliteNode &node, const Integers &sizes) {
  constexpr size_t numbers = 5; // then an activation and what others computed
  ByteSpan bytes = node.customOptions();
  if (bytes.size() < numbers * sizeof(int32_t))
    return node.fail("its options have {} bytes, needs {}", bytes.size(),
                     numbers * sizeof(int32_t));
  auto number = [&](size_t index) {
    return int64_t{
        loadUnaligned<int32_t>(bytes.data() + index * sizeof(int32_t))};
  };
  int64_t padding = number(0); // 1 same, 2 valid
  if (padding != 1 && padding != 2)
    return node.fail("padding number {} is not known", padding);
  Integers frame;
  for (size_t i = 0; i < 2; ++i) { // the options give the width first
    int64_t stride = RUNE_TRY(positive(node, "the stride", number(2 - i)));
    int64_t window = RUNE_TRY(positive(node, "the window", number(4 - i)));
    int64_t size = sizes[1 + i];
    frame.push_back(padding == 1 || size == 0 ? size * stride
                                              : (size - 1) * stride + window);
  }
  return frame;
}

} // namespace

/// inputs  input f32[N, H, W, C], where each element stood in [H', W', C] of
///         its batch element
/// result  [N, H', W', C], zeros where nothing stood; of several the last
Imported importTfliteMaxUnpooling2d(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(2, 2));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId places = RUNE_TRY(node.input(1, "indices"));
  if (node.dtype(x) != DType::F32 || node.dtype(places) != DType::I32)
    return node.unsupported("{} at places of {}", dtypeName(node.dtype(x)),
                            dtypeName(node.dtype(places)));
  if (node.rank(x) != 4 || !node.type(x).isStatic() ||
      node.dims(x) != node.dims(places))
    return node.fail("`input` is `{}`, `indices` are `{}`, needs the same four "
                     "known dimensions",
                     node.type(x).str(), node.type(places).str());
  Integers sizes = node.type(x).sizes();
  Integers frame = RUNE_TRY(frameOf(node, sizes));
  int64_t row = 0, count = 0, area = 0, image = 0;
  if (__builtin_mul_overflow(sizes[2], sizes[3], &row) ||
      __builtin_mul_overflow(sizes[1], row, &count) ||
      __builtin_mul_overflow(frame[0], frame[1], &area) ||
      __builtin_mul_overflow(area, sizes[3], &image))
    return node.fail("more than 2^63 elements");
  Integers flat{sizes[0], count};
  x = RUNE_TRY(node.reshaped(x, flat, "flat"));
  places = RUNE_TRY(node.reshaped(places, flat, "places"));
  ValueId zero = RUNE_TRY(node.scalar("zero", DType::F32, 0));
  ValueId shape = RUNE_TRY(node.integers("frame", {sizes[0], image}));
  ValueId empty = RUNE_TRY(node.one(Op::Expand, {zero, shape}, {}, "empty"));
  ValueId y = RUNE_TRY(node.one(Op::ScatterElements, {empty, places, x},
                                {{"axis", int64_t{1}}, {"reduction", "none"}},
                                "placed"));
  return std::vector{
      RUNE_TRY(node.reshaped(y, {sizes[0], frame[0], frame[1], sizes[3]}, {}))};
}

} // namespace rune::import
