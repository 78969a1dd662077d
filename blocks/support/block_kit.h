// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What makes a block in C++ short: element types, views of tensor data,
// arguments with their declared defaults, errors with text. It stands on
// rune_block.h alone; a block can do without.
//
// The pattern: `graph` checks types and shapes; `compute` asks `graph` about
// the tensors it was really given, then checks the length of the data. So the
// two cannot disagree, and no size from outside is trusted.
#pragma once

#include "rune_block.h"

#include <type_traits>

namespace rune::kit {

using namespace ::rune::block::types;
using Done = ::rune::wit::Result<void, Error>;
using Types = ::rune::wit::Result<std::span<const TensorType>, Error>;
using Tensors = ::rune::wit::Result<std::span<const Tensor>, Error>;
template <class T> using Or = ::rune::wit::Result<T, Error>;
using ::rune::wit::listOf;
using ::rune::wit::makeList;

/// The value of a Result, or its error returned to the caller.
#define BLOCK_TRY(...)                                                         \
  ({                                                                           \
    auto blockTryResult = (__VA_ARGS__);                                       \
    if (!blockTryResult)                                                       \
      return blockTryResult.error();                                           \
    *blockTryResult;                                                           \
  })

// --- text ---

/// A number in the text of a message.
struct Digits {
  Digits(double number);
  template <class T>
    requires std::is_integral_v<T>
  Digits(T number) {
    if constexpr (std::is_signed_v<T>)
      integer(number < 0 ? 0 - static_cast<uint64_t>(number) : number,
              number < 0);
    else
      integer(number, false);
  }
  operator std::string_view() const { return {text, length}; }

private:
  void integer(uint64_t magnitude, bool negative);
  char text[32];
  uint32_t length = 0;
};

/// The pieces as one text in the arena.
std::string_view join(std::span<const std::string_view> pieces);
template <class... Parts> std::string_view text(const Parts &...parts) {
  std::string_view pieces[] = {std::string_view(parts)...};
  return join(pieces);
}

/// `f32[1, 28, ?, n]`.
std::string_view typeText(const TensorType &type);

/// An error about `subject`: an argument, input or output; empty for none.
template <class... Parts>
Error fail(std::string_view code, std::string_view subject,
           const Parts &...parts) {
  Error error{code, text(parts...), {}};
  if (!subject.empty())
    error.subject = subject;
  return error;
}

// --- element types ---

template <class... Ts> struct TypeList {};
template <class T> struct As {
  using type = T;
};
template <class T> inline constexpr std::string_view dtypeName = "";
template <> inline constexpr std::string_view dtypeName<float> = "f32";
template <> inline constexpr std::string_view dtypeName<double> = "f64";
template <> inline constexpr std::string_view dtypeName<int8_t> = "i8";
template <> inline constexpr std::string_view dtypeName<int16_t> = "i16";
template <> inline constexpr std::string_view dtypeName<int32_t> = "i32";
template <> inline constexpr std::string_view dtypeName<int64_t> = "i64";
template <> inline constexpr std::string_view dtypeName<uint8_t> = "u8";
template <> inline constexpr std::string_view dtypeName<uint16_t> = "u16";
template <> inline constexpr std::string_view dtypeName<uint32_t> = "u32";
template <> inline constexpr std::string_view dtypeName<uint64_t> = "u64";

using AllNumbers = TypeList<float, double, int8_t, int16_t, int32_t, int64_t,
                            uint8_t, uint16_t, uint32_t, uint64_t>;

/// The names of the types, for `Port::dtypes`.
template <class... Ts>
std::span<const std::string_view> dtypeNames(TypeList<Ts...>) {
  static constexpr std::string_view names[] = {dtypeName<Ts>...};
  return names;
}

/// Calls `work(As<T>{})` for the C++ type T that `dtype` names.
///
/// result  false when `dtype` is none of these
template <class... Ts, class Work>
bool dispatch(TypeList<Ts...>, std::string_view dtype, Work work) {
  return ((dtype == dtypeName<Ts> && (work(As<Ts>{}), true)) || ...);
}

// --- what `graph` checks ---

/// errors  `arity`
Done expectInputs(size_t given, size_t needed);
/// errors  `unsupported-type`
Done expectDtype(const TensorType &type, std::string_view subject,
                 std::span<const std::string_view> allowed);

/// The number a dimension is fixed to.
std::optional<uint32_t> fixed(const Dimension &dimension);
inline Dimension fixedDimension(uint32_t number) {
  return {Dimension::Fixed{number}};
}
inline Dimension namedDimension(std::string_view name) {
  return {Dimension::Named{name}};
}

// --- what `compute` stands on ---

/// The types that these tensors have.
std::span<const TensorType> typesOf(std::span<const Tensor> tensors);
/// The dimensions of a type that has no others than fixed ones.
std::span<const uint32_t> dimsOf(const TensorType &type);

/// How many elements `dims` make.
///
/// errors  `invalid-input` when more than fit in memory
Or<size_t> countOf(std::span<const uint32_t> dims, std::string_view subject);

/// Elements of a tensor, which need not be aligned.
template <class T> class Elements {
public:
  Elements(const uint8_t *data, size_t size) : data_(data), size_(size) {}
  size_t size() const { return size_; }
  T operator[](size_t i) const {
    T value;
    std::memcpy(&value, data_ + i * sizeof(T), sizeof(T));
    return value;
  }

private:
  const uint8_t *data_;
  size_t size_;
};

/// errors  `invalid-input` when the data is not as long as `dims` say
Or<size_t> expectData(const Tensor &tensor, std::string_view subject,
                      size_t elementBytes);

/// The elements of a utf8 tensor, one after the other.
class Texts {
public:
  explicit Texts(std::span<const uint8_t> data) : data_(data) {}
  bool done() const { return data_.empty(); }
  std::string_view next() {
    uint32_t length;
    std::memcpy(&length, data_.data(), 4);
    std::string_view text(reinterpret_cast<const char *>(data_.data()) + 4,
                          length);
    data_ = data_.subspan(4 + length);
    return text;
  }

private:
  std::span<const uint8_t> data_;
};

/// The elements of a utf8 tensor: as many as `dims` say, each UTF-8.
///
/// errors  `invalid-input`
Or<Texts> textElements(const Tensor &tensor, std::string_view subject);

/// Writes `text` as an element of a utf8 tensor.
///
/// result  behind it
uint8_t *appendText(uint8_t *at, std::string_view text);

/// Text in `bytes` for a message: not too long, not cut inside a character.
std::string_view shown(std::string_view text);

/// The elements of a tensor of dtype T, its data as long as its dims say.
template <class T>
Or<Elements<T>> elements(const Tensor &tensor, std::string_view subject) {
  size_t count = BLOCK_TRY(expectData(tensor, subject, sizeof(T)));
  return Elements<T>(tensor.data.data(), count);
}

/// Room for the data of an output, 64-byte aligned, contents unspecified.
///
/// errors  `out-of-memory`
Or<std::span<uint8_t>> outputBytes(uint64_t bytes, std::string_view subject);
template <class T>
Or<std::span<T>> output(uint64_t count, std::string_view subject) {
  std::span<uint8_t> bytes = BLOCK_TRY(outputBytes(count * sizeof(T), subject));
  return std::span<T>(reinterpret_cast<T *>(bytes.data()), count);
}

template <class T>
Tensor tensorOf(std::span<T> data, std::span<const uint32_t> dims) {
  return {dtypeName<std::remove_const_t<T>>,
          dims,
          {reinterpret_cast<const uint8_t *>(data.data()), data.size_bytes()}};
}

/// The result of `work(As<T>{})` for the C++ type T that `dtype` names.
///
/// errors  `internal` when it is none of these, which `graph` refuses before
template <class List, class Work>
Tensors computeAs(List list, std::string_view dtype, Work work) {
  std::optional<Tensors> result;
  dispatch(list, dtype, [&](auto type) { result.emplace(work(type)); });
  if (!result)
    return fail("internal", {}, "no code for elements of type `", dtype, "`");
  return *result;
}

// --- arguments ---

/// The arguments of a `create`, checked against what the block declares.
class Arguments {
public:
  /// errors  `invalid-argument`: undeclared, given twice, of another kind, or
  ///         missing without a default
  static Or<Arguments> check(std::span<const Argument> given,
                             std::span<const ArgumentInfo> declared);

  /// The value given, or the declared default: `check` found one of them.
  int64_t integer(std::string_view name) const {
    return std::get_if<Value::Integer>(&value(name).variants)->value;
  }
  double number(std::string_view name) const {
    return std::get_if<Value::Number>(&value(name).variants)->value;
  }
  std::string_view text(std::string_view name) const {
    return std::get_if<Value::Text>(&value(name).variants)->value;
  }

  /// The same, from `lowest` to `highest`; a NaN is neither.
  ///
  /// errors  `invalid-argument`
  Or<int64_t> integer(std::string_view name, int64_t lowest,
                      int64_t highest) const;
  Or<double> number(std::string_view name, double lowest, double highest) const;

private:
  Arguments(std::span<const Argument> given,
            std::span<const ArgumentInfo> declared)
      : given_(given), declared_(declared) {}
  const Value &value(std::string_view name) const;
  std::span<const Argument> given_;
  std::span<const ArgumentInfo> declared_;
};

/// Any number of an f32 argument but the infinite ones.
inline constexpr double mostFloat = 3.4028234663852886e38;

/// Room for `count` values that stay until the next `create`; zeros.
///
/// errors  `out-of-memory`
template <class T> Or<std::span<T>> keepRoom(size_t count) {
  uint64_t bytes = uint64_t{count} * sizeof(T);
  void *memory = bytes <= UINT32_MAX ? ::rune::wit::keepBytes(bytes) : nullptr;
  if (!memory)
    return fail("out-of-memory", {}, Digits(bytes),
                " bytes to keep do not fit in the block's memory");
  std::memset(memory, 0, bytes);
  return std::span<T>(static_cast<T *>(memory), count);
}

/// A copy that stays until the next `create`.
///
/// errors  `out-of-memory`
template <class T> Or<std::span<T>> keep(std::span<const T> values) {
  std::span<T> copy = BLOCK_TRY(keepRoom<T>(values.size()));
  if (!values.empty())
    std::memcpy(copy.data(), values.data(), values.size_bytes());
  return copy;
}

} // namespace rune::kit
