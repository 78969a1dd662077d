// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wit/rune-block.wit for the author of a block in C++: its types, and the
// functions to define. Written by hand this once, as the generator of C++ guest
// bindings will write it; it is that generator's golden file.
//
// Text and lists are borrowed: see wit.h for who owns what, and for how long.
#pragma once

#include "wit.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace rune::block::types {

/// A tensor of known type. Row-major, little endian. Elements of "utf8" stand
/// one behind the other, each as a u32 length and that many bytes.
struct Tensor {
  /// "f32", "u8", "utf8", … An open set: refuse what you do not know.
  std::string_view dtype;
  /// Elements in each dimension; none for a scalar.
  std::span<const uint32_t> dims;
  std::span<const uint8_t> data;
};

/// What is known of one dimension before anything runs.
struct Dimension {
  struct Fixed {
    uint32_t value;
  };
  /// One number, the same wherever this name stands.
  struct Named {
    std::string_view value;
  };
  struct Unknown {};
  std::variant<Fixed, Named, Unknown> variants;
};

/// What is known of a tensor before anything runs.
struct TensorType {
  std::string_view dtype;
  std::span<const Dimension> dims;
};

/// The value of an argument.
struct Value {
  struct Boolean {
    bool value;
  };
  struct Integer {
    int64_t value;
  };
  struct Number {
    double value;
  };
  struct Text {
    std::string_view value;
  };
  struct Integers {
    std::span<const int64_t> value;
  };
  struct Numbers {
    std::span<const double> value;
  };
  struct Texts {
    std::span<const std::string_view> value;
  };
  std::variant<Boolean, Integer, Number, Text, Integers, Numbers, Texts>
      variants;
};

enum class ValueKind : uint8_t {
  Boolean = 0,
  Integer = 1,
  Number = 2,
  Text = 3,
  Integers = 4,
  Numbers = 5,
  Texts = 6,
};

struct Argument {
  std::string_view name;
  Value value;
};

/// An argument as the block declares it.
struct ArgumentInfo {
  std::string_view name;
  std::string_view docs;
  ValueKind kind;
  /// Used where the pipeline says nothing; without one the argument is
  /// required.
  std::optional<Value> defaultValue;
};

/// An input or output as the block declares it; `graph` has the last word.
struct Port {
  std::string_view name;
  std::string_view docs;
  /// The element types it can have; empty for any.
  std::span<const std::string_view> dtypes;
  /// `none` for any rank.
  std::optional<std::span<const Dimension>> dims;
};

struct Metadata {
  /// As a Runefile names it: "image-normalization".
  std::string_view name;
  /// Semantic version of the block.
  std::string_view version;
  std::string_view docs;
  std::span<const ArgumentInfo> arguments;
  /// None here and none in `outputs`: any number, as `graph` decides.
  std::span<const Port> inputs;
  std::span<const Port> outputs;
};

/// Why a call was refused. The host adds the stage and its place in the
/// Runefile.
struct Error {
  /// A stable name for programs: "invalid-argument", "unsupported-type",
  /// "unsupported-shape", "invalid-input", "arity", "out-of-memory",
  /// "internal".
  std::string_view code;
  /// For people: what was seen and what was needed.
  std::string_view message;
  /// The argument, input or output at fault.
  std::optional<std::string_view> subject;
};

} // namespace rune::block::types

// The block's author defines these four.
namespace exports::rune::block::block {

using Tensor = ::rune::block::types::Tensor;
using TensorType = ::rune::block::types::TensorType;
using Argument = ::rune::block::types::Argument;
using BlockMetadata = ::rune::block::types::Metadata;
using Error = ::rune::block::types::Error;

/// The same answer at each call, before or after `create`.
BlockMetadata metadata();

/// Sets the arguments; called once, before `graph` and `compute`. Every
/// declared argument that has no default is present, none is present twice, and
/// each has the declared kind: the host has checked.
::rune::wit::Result<void, Error> create(std::span<const Argument> arguments);

/// Types of the inputs to types of the outputs. May be called several times.
::rune::wit::Result<std::span<const TensorType>, Error>
graph(std::span<const TensorType> inputs);

/// The work. Outputs have types that `graph` would give for these inputs.
::rune::wit::Result<std::span<const Tensor>, Error>
compute(std::span<const Tensor> inputs);

} // namespace exports::rune::block::block
