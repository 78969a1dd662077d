// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled models that run in this process. A program makes functions; each is
// an instance with memory and state of its own, which one thread uses at a
// time. Tensors are row-major, little endian, in memory of the caller.
#pragma once

#include "rune/compiler.hpp"

#include <optional>
#include <type_traits>

namespace rune {

/// The numbers that the stored form of a graph has.
enum class Element : uint8_t {
  F32,
  F64,
  F16,
  BF16,
  I8,
  I16,
  I32,
  I64,
  U8,
  U16,
  U32,
  U64,
  Bool
};

template <class T> constexpr Element elementOf();
template <> constexpr Element elementOf<float>() { return Element::F32; }
template <> constexpr Element elementOf<double>() { return Element::F64; }
template <> constexpr Element elementOf<int8_t>() { return Element::I8; }
template <> constexpr Element elementOf<int16_t>() { return Element::I16; }
template <> constexpr Element elementOf<int32_t>() { return Element::I32; }
template <> constexpr Element elementOf<int64_t>() { return Element::I64; }
template <> constexpr Element elementOf<uint8_t>() { return Element::U8; }
template <> constexpr Element elementOf<uint16_t>() { return Element::U16; }
template <> constexpr Element elementOf<uint32_t>() { return Element::U32; }
template <> constexpr Element elementOf<uint64_t>() { return Element::U64; }
template <> constexpr Element elementOf<bool>() { return Element::Bool; }

/// real = scale · (integer - zeroPoint)
struct Quantisation {
  double scale = 1;
  int64_t zeroPoint = 0;
};

/// Of an open size, both included.
struct Range {
  int64_t least = 0;
  int64_t most = INT64_MAX;
};

/// What a function takes or gives in one place.
struct Parameter {
  std::string name;
  Element element = Element::F32;
  /// -1 where the size is open.
  std::vector<int64_t> sizes;
  /// The names of open sizes, "" where there is none.
  std::vector<std::string> names;
  /// For each size where it may lie: of a known one that alone.
  std::vector<Range> ranges;
  std::optional<Quantisation> quantisation;
};

/// A tensor in memory of the caller, which outlives the call. Reading and
/// writing at multiples of 64 bytes saves a copy.
struct TensorRef {
  Element element = Element::F32;
  std::vector<int64_t> sizes;
  void *data = nullptr;
  size_t bytes = 0;

  template <class T>
  static TensorRef of(std::span<T> elements, std::vector<int64_t> sizes) {
    using Plain = std::remove_const_t<T>;
    return {elementOf<Plain>(), std::move(sizes),
            const_cast<Plain *>(elements.data()), elements.size_bytes()};
  }
  /// A scalar.
  template <class T> static TensorRef of(const T &scalar) {
    return {elementOf<T>(), {}, const_cast<T *>(&scalar), sizeof scalar};
  }
};

/// A tensor that owns its elements.
struct Array {
  Element element = Element::F32;
  std::vector<int64_t> sizes;
  std::vector<uint8_t> bytes;

  template <class T> std::span<const T> as() const {
    return elementOf<T>() == element
               ? std::span(reinterpret_cast<const T *>(bytes.data()),
                           bytes.size() / sizeof(T))
               : std::span<const T>();
  }
};

class Function {
public:
  ~Function();
  Function(Function &&) noexcept;
  Function &operator=(Function &&) noexcept;

  const std::vector<Parameter> &inputs() const;
  const std::vector<Parameter> &outputs() const;

  /// Runs into buffers of the caller.
  ///
  /// errors  `program.mismatch`: number, element type or sizes of a tensor ·
  ///         `evaluate.…`: the model refuses the values
  Outcome<Done> invoke(std::span<const TensorRef> inputs,
                       std::span<const TensorRef> outputs);
  /// The same, with results of its own: their sizes may depend on the values.
  Outcome<std::vector<Array>> call(std::span<const TensorRef> inputs);
  /// Forgets the state: the next run is a first one again.
  void reset();

private:
  friend class Program;
  struct State;
  explicit Function(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Program {
public:
  explicit Program(compiler::Artifact artifact)
      : artifact_(std::move(artifact)) {}
  /// A new instance.
  ///
  /// errors  `program.foreign`: compiled for another machine ·
  ///         `machine.out-of-memory`
  Outcome<Function> function() const;

private:
  compiler::Artifact artifact_;
};

} // namespace rune
