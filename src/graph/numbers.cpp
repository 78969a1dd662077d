// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/numbers.h"

#include "graph/small_types.h"

namespace rune::graph {

template <class N>
Numbers<N>::Numbers(const TensorView &view)
    : data_(view.data.data()), read_(readerOf(view.dtype)),
      bits_(dtypeBits(view.dtype)) {
  if (!isStorage(view.dtype))
    return;
  bool isFloating = dtypeKind(view.dtype) == DTypeKind::SmallFloat;
  codes_.resize(size_t{1} << bits_);
  for (size_t code = 0; code < codes_.size(); ++code)
    codes_[code] =
        isFloating
            ? static_cast<N>(smallFloat(view.dtype, static_cast<uint8_t>(code)))
            : static_cast<N>(
                  smallInteger(view.dtype, static_cast<uint8_t>(code)));
}

template <class N>
template <class T>
void Numbers<N>::readAs(const Numbers &from, const ElementRun &run,
                        const int64_t *places, N *to) {
  const uint8_t *data = from.data_;
  for (int64_t i = 0; i < run.count; ++i) {
    int64_t at = places ? places[i] : run.start + i * run.step;
    T element = loadUnaligned<T>(data + at * static_cast<int64_t>(sizeof(T)));
    to[i] = static_cast<N>(widen(element));
  }
}

/// Files may hold any byte.
struct Boolean {
  uint8_t byte = 0;
};
static uint8_t widen(Boolean value) { return value.byte != 0 ? 1 : 0; }

template <class N>
void Numbers<N>::readSmall(const Numbers &from, const ElementRun &run,
                           const int64_t *places, N *to) {
  int64_t perByte = 8 / static_cast<int64_t>(from.bits_);
  for (int64_t i = 0; i < run.count; ++i) {
    int64_t at = places ? places[i] : run.start + i * run.step;
    unsigned shift = static_cast<unsigned>(at % perByte) * from.bits_;
    to[i] = from.codes_[(from.data_[at / perByte] >> shift) &
                        ((1U << from.bits_) - 1)];
  }
}

template <class N> Numbers<N>::Read Numbers<N>::readerOf(DType dtype) {
  if (isStorage(dtype))
    return readSmall;
  if constexpr (std::is_same_v<N, float> || std::is_same_v<N, double>)
    switch (dtype) {
    case DType::F32:
      return readAs<float>;
    case DType::F16:
      return readAs<F16>;
    case DType::BF16:
      return readAs<BF16>;
    default:
      break;
    }
  if constexpr (std::is_same_v<N, double>)
    if (dtype == DType::F64)
      return readAs<double>;
  if constexpr (!std::is_same_v<N, float>)
    switch (dtype) {
    case DType::I8:
      return readAs<int8_t>;
    case DType::I16:
      return readAs<int16_t>;
    case DType::I32:
      return readAs<int32_t>;
    case DType::I64:
      return readAs<int64_t>;
    case DType::U8:
      return readAs<uint8_t>;
    case DType::U16:
      return readAs<uint16_t>;
    case DType::U32:
      return readAs<uint32_t>;
    case DType::U64:
      return readAs<uint64_t>;
    case DType::Bool:
      return readAs<Boolean>;
    default:
      break;
    }
  RUNE_CHECK(false, "elements that are such numbers");
}

template <class N>
NumberSink<N>::NumberSink(DType dtype, void *data)
    : data_(data), write_(writerOf(dtype)) {}

template <class N>
template <class T>
void NumberSink<N>::writeAs(const N *from, void *data, const ElementRun &run) {
  T *to = static_cast<T *>(data) + run.start;
  for (int64_t i = 0; i < run.count; ++i)
    to[i * run.step] = narrow<T>(from[i]);
}

template <class N> NumberSink<N>::Write NumberSink<N>::writerOf(DType dtype) {
  if constexpr (std::is_floating_point_v<N>)
    switch (dtype) {
    case DType::F32:
      return writeAs<float>;
    case DType::F64:
      return writeAs<double>;
    case DType::F16:
      return writeAs<F16>;
    case DType::BF16:
      return writeAs<BF16>;
    default:
      break;
    }
  else
    switch (dtype) {
    case DType::I8:
    case DType::U8:
    case DType::Bool:
      return writeAs<uint8_t>;
    case DType::I16:
    case DType::U16:
      return writeAs<uint16_t>;
    case DType::I32:
    case DType::U32:
      return writeAs<uint32_t>;
    case DType::I64:
    case DType::U64:
      return writeAs<uint64_t>;
    default:
      break;
    }
  RUNE_CHECK(false, "elements that such numbers become");
}

template <class T> static void roundAll(float *numbers, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    numbers[i] = widen(narrow<T>(numbers[i]));
}

void roundToElements(DType dtype, float *numbers, int64_t count) {
  if (dtype == DType::F16)
    roundAll<F16>(numbers, count);
  else if (dtype == DType::BF16)
    roundAll<BF16>(numbers, count);
}

template class Numbers<float>;
template class Numbers<double>;
template class Numbers<int64_t>;
template class Numbers<uint64_t>;
template class NumberSink<float>;
template class NumberSink<double>;
template class NumberSink<int64_t>;
template class NumberSink<uint64_t>;

} // namespace rune::graph
