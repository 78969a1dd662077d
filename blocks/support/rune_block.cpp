// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The canonical ABI of wit/rune-block.wit for a block in C++: exported
// functions that lift their arguments out of memory, call the author's
// functions, and lower the results. Written by hand this once, as the generator
// of C++ guest bindings will write it. Offsets: ABI.md.
#include "rune_block.h"

namespace rune::wit {
void freeCall();
void freeKept();
} // namespace rune::wit

namespace {

using namespace ::rune::block::types;
using ::rune::wit::allocate;
using ::rune::wit::makeList;
using ::rune::wit::Result;

// --- memory to values ---

template <class T> T load(const uint8_t *at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T> const T *loadPointer(const uint8_t *at) {
  return reinterpret_cast<const T *>(load<uintptr_t>(at));
}

std::string_view liftString(const uint8_t *at) {
  return {loadPointer<char>(at), load<uint32_t>(at + 4)};
}

/// A list of numbers, which lies in memory as a span wants it.
template <class T> std::span<const T> liftNumbers(const uint8_t *at) {
  return {loadPointer<T>(at), load<uint32_t>(at + 4)};
}

template <class T, class Lift>
std::span<const T> liftList(const uint8_t *first, size_t count, size_t stride,
                            Lift lift) {
  std::span<T> list = makeList<T>(count);
  for (size_t i = 0; i < count; ++i)
    list[i] = lift(first + i * stride);
  return list;
}

Tensor liftTensor(const uint8_t *at) {
  return {liftString(at), liftNumbers<uint32_t>(at + 8),
          liftNumbers<uint8_t>(at + 16)};
}

Dimension liftDimension(const uint8_t *at) {
  switch (load<uint8_t>(at)) {
  case 0:
    return {Dimension::Fixed{load<uint32_t>(at + 4)}};
  case 1:
    return {Dimension::Named{liftString(at + 4)}};
  case 2:
    return {Dimension::Unknown{}};
  }
  __builtin_trap();
}

TensorType liftTensorType(const uint8_t *at) {
  return {liftString(at),
          liftList<Dimension>(loadPointer<uint8_t>(at + 8),
                              load<uint32_t>(at + 12), 12, liftDimension)};
}

Value liftValue(const uint8_t *at) {
  const uint8_t *payload = at + 8;
  switch (load<uint8_t>(at)) {
  case 0:
    return {Value::Boolean{load<uint8_t>(payload) != 0}};
  case 1:
    return {Value::Integer{load<int64_t>(payload)}};
  case 2:
    return {Value::Number{load<double>(payload)}};
  case 3:
    return {Value::Text{liftString(payload)}};
  case 4:
    return {Value::Integers{liftNumbers<int64_t>(payload)}};
  case 5:
    return {Value::Numbers{liftNumbers<double>(payload)}};
  case 6:
    return {Value::Texts{liftList<std::string_view>(
        loadPointer<uint8_t>(payload), load<uint32_t>(payload + 4), 8,
        liftString)}};
  }
  __builtin_trap();
}

Argument liftArgument(const uint8_t *at) {
  return {liftString(at), liftValue(at + 8)};
}

// --- values to memory ---

template <class T> void store(uint8_t *at, T value) {
  std::memcpy(at, &value, sizeof value);
}

void lowerString(uint8_t *at, std::string_view text) {
  store(at, text.data());
  store<uint32_t>(at + 4, text.size());
}

template <class T> void lowerNumbers(uint8_t *at, std::span<const T> numbers) {
  store(at, numbers.data());
  store<uint32_t>(at + 4, numbers.size());
}

template <class T, class Lower>
void lowerList(uint8_t *at, std::span<const T> list, size_t stride,
               Lower lower) {
  auto *first = static_cast<uint8_t *>(allocate(list.size() * stride));
  for (size_t i = 0; i < list.size(); ++i)
    lower(first + i * stride, list[i]);
  store(at, first);
  store<uint32_t>(at + 4, list.size());
}

void lowerTensor(uint8_t *at, const Tensor &tensor) {
  lowerString(at, tensor.dtype);
  lowerNumbers(at + 8, tensor.dims);
  lowerNumbers(at + 16, tensor.data);
}

void lowerDimension(uint8_t *at, const Dimension &dimension) {
  store<uint8_t>(at, dimension.variants.index());
  if (auto *fixed = std::get_if<Dimension::Fixed>(&dimension.variants))
    store(at + 4, fixed->value);
  if (auto *named = std::get_if<Dimension::Named>(&dimension.variants))
    lowerString(at + 4, named->value);
}

void lowerTensorType(uint8_t *at, const TensorType &type) {
  lowerString(at, type.dtype);
  lowerList(at + 8, type.dims, 12, lowerDimension);
}

void lowerValue(uint8_t *at, const Value &value) {
  store<uint8_t>(at, value.variants.index());
  uint8_t *payload = at + 8;
  if (auto *v = std::get_if<Value::Boolean>(&value.variants))
    store<uint8_t>(payload, v->value);
  if (auto *v = std::get_if<Value::Integer>(&value.variants))
    store(payload, v->value);
  if (auto *v = std::get_if<Value::Number>(&value.variants))
    store(payload, v->value);
  if (auto *v = std::get_if<Value::Text>(&value.variants))
    lowerString(payload, v->value);
  if (auto *v = std::get_if<Value::Integers>(&value.variants))
    lowerNumbers(payload, v->value);
  if (auto *v = std::get_if<Value::Numbers>(&value.variants))
    lowerNumbers(payload, v->value);
  if (auto *v = std::get_if<Value::Texts>(&value.variants))
    lowerList(payload, v->value, 8, lowerString);
}

void lowerArgumentInfo(uint8_t *at, const ArgumentInfo &info) {
  lowerString(at, info.name);
  lowerString(at + 8, info.docs);
  store(at + 16, info.kind);
  store<uint8_t>(at + 24, info.defaultValue.has_value());
  if (info.defaultValue)
    lowerValue(at + 32, *info.defaultValue);
}

void lowerPort(uint8_t *at, const Port &port) {
  lowerString(at, port.name);
  lowerString(at + 8, port.docs);
  lowerList(at + 16, port.dtypes, 8, lowerString);
  store<uint8_t>(at + 24, port.dims.has_value());
  if (port.dims)
    lowerList(at + 28, *port.dims, 12, lowerDimension);
}

void lowerMetadata(uint8_t *at, const Metadata &metadata) {
  lowerString(at, metadata.name);
  lowerString(at + 8, metadata.version);
  lowerString(at + 16, metadata.docs);
  lowerList(at + 24, metadata.arguments, 48, lowerArgumentInfo);
  lowerList(at + 32, metadata.inputs, 36, lowerPort);
  lowerList(at + 40, metadata.outputs, 36, lowerPort);
}

void lowerError(uint8_t *at, const Error &error) {
  lowerString(at, error.code);
  lowerString(at + 8, error.message);
  store<uint8_t>(at + 16, error.subject.has_value());
  if (error.subject)
    lowerString(at + 20, *error.subject);
}

/// A `result` of 32 bytes whose error starts at 4; `lower` writes what is there
/// when it went well.
template <class T, class Lower>
uint8_t *lowerResult(const Result<T, Error> &result, Lower lower) {
  auto *area = static_cast<uint8_t *>(allocate(32));
  store<uint8_t>(area, result ? 0 : 1);
  if (result)
    lower(area + 4);
  else
    lowerError(area + 4, result.error());
  return area;
}

} // namespace

namespace block = ::exports::rune::block::block;

#define RUNE_EXPORT(name)                                                      \
  extern "C" __attribute__((export_name("rune:block/block@0.1.0#" name)))
#define RUNE_POST(name)                                                        \
  extern "C"                                                                   \
      __attribute__((export_name("cabi_post_rune:block/block@0.1.0#" name)))

RUNE_EXPORT("metadata") uint8_t *rune_block_metadata() {
  auto *area = static_cast<uint8_t *>(allocate(48));
  lowerMetadata(area, block::metadata());
  return area;
}

RUNE_EXPORT("create")
uint8_t *rune_block_create(const uint8_t *first, uint32_t count) {
  ::rune::wit::freeKept();
  auto result =
      block::create(liftList<Argument>(first, count, 24, liftArgument));
  return lowerResult(result, [](uint8_t *) {});
}

RUNE_EXPORT("graph")
uint8_t *rune_block_graph(const uint8_t *first, uint32_t count) {
  auto result =
      block::graph(liftList<TensorType>(first, count, 16, liftTensorType));
  return lowerResult(result, [&](uint8_t *at) {
    lowerList(at, *result, 16, lowerTensorType);
  });
}

RUNE_EXPORT("compute")
uint8_t *rune_block_compute(const uint8_t *first, uint32_t count) {
  auto result = block::compute(liftList<Tensor>(first, count, 24, liftTensor));
  return lowerResult(
      result, [&](uint8_t *at) { lowerList(at, *result, 24, lowerTensor); });
}

// Everything a call brought and made goes at once.
RUNE_POST("metadata") void rune_block_post_metadata(uint8_t *) {
  ::rune::wit::freeCall();
}
RUNE_POST("create") void rune_block_post_create(uint8_t *) {
  ::rune::wit::freeCall();
}
RUNE_POST("graph") void rune_block_post_graph(uint8_t *) {
  ::rune::wit::freeCall();
}
RUNE_POST("compute") void rune_block_post_compute(uint8_t *) {
  ::rune::wit::freeCall();
}
