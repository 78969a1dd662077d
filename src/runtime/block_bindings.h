// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wit/rune-block.wit for C++ hosts, in the form `rune glue` will emit: plain
// values, one class per exported interface. Written by hand this once; then it
// is that generator's golden file.
//
// Values that come from the guest are owned by the caller. Values that go to
// the guest are borrowed for the call; a record with a list of bytes has a
// twin, `…Ref`, that borrows, so that tensors are copied once.
#pragma once

#include "runtime/abi/canonical_abi.h"

namespace rune::bindings::block {

using runtime::CallLimits;
using runtime::Outcome;

struct Tensor {
  std::string dtype;
  std::vector<uint32_t> dims;
  std::vector<uint8_t> data;
};

struct TensorRef {
  std::string_view dtype;
  std::span<const uint32_t> dims;
  std::span<const uint8_t> data;
};

struct Dimension {
  enum class Tag : uint8_t { Fixed, Named, Unknown };
  std::variant<uint32_t, std::string, std::monostate> value;
  Tag tag() const { return static_cast<Tag>(value.index()); }
};

struct TensorType {
  std::string dtype;
  std::vector<Dimension> dims;
};

struct Value {
  enum class Tag : uint8_t {
    Boolean,
    Integer,
    Number,
    Text,
    Integers,
    Numbers,
    Texts
  };
  std::variant<bool, int64_t, double, std::string, std::vector<int64_t>,
               std::vector<double>, std::vector<std::string>>
      value;
  Tag tag() const { return static_cast<Tag>(value.index()); }
};

enum class ValueKind : uint8_t {
  Boolean,
  Integer,
  Number,
  Text,
  Integers,
  Numbers,
  Texts
};

struct Argument {
  std::string name;
  Value value;
};

struct ArgumentInfo {
  std::string name;
  std::string docs;
  ValueKind kind = ValueKind::Boolean;
  std::optional<Value> defaultValue;
};

struct Port {
  std::string name;
  std::string docs;
  std::vector<std::string> dtypes;
  std::optional<std::vector<Dimension>> dims;
};

struct Metadata {
  std::string name;
  std::string version;
  std::string docs;
  std::vector<ArgumentInfo> arguments;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

struct Error {
  std::string code;
  std::string message;
  std::optional<std::string> subject;
};

/// The interface `rune:block/block@0.1.0` of one instance, which must outlive
/// this value. Each call answers with `runtime.trap`, `runtime.deadline`,
/// `runtime.memory-limit` or `runtime.bad-guest-value` where the guest failed;
/// the instance is of no use after that.
class BlockExports {
public:
  /// errors  `runtime.not-a-block`: an export is missing or has another type
  static Result<BlockExports> bind(engine::Instance &guest);

  /// Runs the module's constructors, once, before anything else is called.
  Result<> initialize(const CallLimits &limits);
  Result<Metadata> metadata(const CallLimits &limits);
  Result<Outcome<std::monostate, Error>>
  create(std::span<const Argument> arguments, const CallLimits &limits);
  Result<Outcome<std::vector<TensorType>, Error>>
  graph(std::span<const TensorType> inputs, const CallLimits &limits);
  Result<Outcome<std::vector<Tensor>, Error>>
  compute(std::span<const TensorRef> inputs, const CallLimits &limits);

private:
  struct Function {
    uint32_t call = 0;
    std::optional<uint32_t> post;
  };

  engine::Instance *guest_ = nullptr;
  std::optional<uint32_t> realloc_;
  std::optional<uint32_t> initialize_;
  Function metadata_;
  Function create_;
  Function graph_;
  Function compute_;
};

} // namespace rune::bindings::block

namespace rune::runtime {

namespace block = bindings::block;

template <>
struct Abi<block::Tensor>
    : RecordAbi<block::Tensor, Field<"dtype", &block::Tensor::dtype>,
                Field<"dims", &block::Tensor::dims>,
                Field<"data", &block::Tensor::data>> {};

template <>
struct Abi<block::TensorRef>
    : RecordAbi<block::TensorRef, Field<"dtype", &block::TensorRef::dtype>,
                Field<"dims", &block::TensorRef::dims>,
                Field<"data", &block::TensorRef::data>> {};

template <>
struct Abi<block::Dimension>
    : WrappedVariantAbi<block::Dimension, Case<"fixed", uint32_t>,
                        Case<"named", std::string>,
                        Case<"unknown", std::monostate>> {};

template <>
struct Abi<block::TensorType>
    : RecordAbi<block::TensorType, Field<"dtype", &block::TensorType::dtype>,
                Field<"dims", &block::TensorType::dims>> {};

template <>
struct Abi<block::Value>
    : WrappedVariantAbi<block::Value, Case<"boolean", bool>,
                        Case<"integer", int64_t>, Case<"number", double>,
                        Case<"text", std::string>,
                        Case<"integers", std::vector<int64_t>>,
                        Case<"numbers", std::vector<double>>,
                        Case<"texts", std::vector<std::string>>> {};

template <> struct Abi<block::ValueKind> : EnumAbi<block::ValueKind, 7> {};

template <>
struct Abi<block::Argument>
    : RecordAbi<block::Argument, Field<"name", &block::Argument::name>,
                Field<"value", &block::Argument::value>> {};

template <>
struct Abi<block::ArgumentInfo>
    : RecordAbi<block::ArgumentInfo, Field<"name", &block::ArgumentInfo::name>,
                Field<"docs", &block::ArgumentInfo::docs>,
                Field<"kind", &block::ArgumentInfo::kind>,
                Field<"default", &block::ArgumentInfo::defaultValue>> {};

template <>
struct Abi<block::Port>
    : RecordAbi<block::Port, Field<"name", &block::Port::name>,
                Field<"docs", &block::Port::docs>,
                Field<"dtypes", &block::Port::dtypes>,
                Field<"dims", &block::Port::dims>> {};

template <>
struct Abi<block::Metadata>
    : RecordAbi<block::Metadata, Field<"name", &block::Metadata::name>,
                Field<"version", &block::Metadata::version>,
                Field<"docs", &block::Metadata::docs>,
                Field<"arguments", &block::Metadata::arguments>,
                Field<"inputs", &block::Metadata::inputs>,
                Field<"outputs", &block::Metadata::outputs>> {};

template <>
struct Abi<block::Error>
    : RecordAbi<block::Error, Field<"code", &block::Error::code>,
                Field<"message", &block::Error::message>,
                Field<"subject", &block::Error::subject>> {};

} // namespace rune::runtime
