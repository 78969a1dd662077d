// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Deep equality of Runes, spans by what they point to, numbers by their bits.
// For tests and fuzzers.
#pragma once

#include "container/rune_file.h"

#include <algorithm>
#include <bit>

namespace rune::container {

inline bool sameBytes(ByteSpan a, ByteSpan b) {
  return std::ranges::equal(a, b);
}

/// Lists of numbers by their bits, so that a NaN equals itself.
inline bool sameValue(const ArgumentValue &a, const ArgumentValue &b) {
  auto sameBits = [](double x, double y) {
    return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
  };
  if (a.index() != b.index())
    return false;
  if (auto *number = std::get_if<double>(&a))
    return sameBits(*number, std::get<double>(b));
  if (auto *numbers = std::get_if<std::vector<double>>(&a))
    return std::ranges::equal(*numbers, std::get<std::vector<double>>(b),
                              sameBits);
  return a == b;
}

inline bool sameStage(const Stage &a, const Stage &b) {
  auto sameArgument = [](const Argument &x, const Argument &y) {
    return x.name == y.name && sameValue(x.value, y.value);
  };
  return a.name == b.name && a.kind == b.kind && a.capability == b.capability &&
         a.artifact == b.artifact && a.channel == b.channel &&
         std::ranges::equal(a.arguments, b.arguments, sameArgument) &&
         a.inputs == b.inputs && a.outputs == b.outputs;
}

inline bool sameModel(const Model &a, const Model &b) {
  auto sameWeight = [](const Weight &x, const Weight &y) {
    return x.hash == y.hash && sameBytes(x.data, y.data);
  };
  return a.name == b.name && a.encoding == b.encoding && a.hash == b.hash &&
         sameBytes(a.graph, b.graph) &&
         std::ranges::equal(a.weights, b.weights, sameWeight);
}

inline bool sameResource(const Resource &a, const Resource &b) {
  return a.name == b.name && a.isText == b.isText &&
         a.data.has_value() == b.data.has_value() &&
         (!a.data || sameBytes(*a.data, *b.data));
}

inline bool sameValues(const RuneFile &a, const RuneFile &b) {
  auto sameBlock = [](const Block &x, const Block &y) {
    return x.name == y.name && x.hash == y.hash && sameBytes(x.wasm, y.wasm);
  };
  return a.name == b.name && a.image == b.image && a.producer == b.producer &&
         a.runefileVersion == b.runefileVersion &&
         std::ranges::equal(a.blocks, b.blocks, sameBlock) &&
         std::ranges::equal(a.models, b.models, sameModel) &&
         std::ranges::equal(a.resources, b.resources, sameResource) &&
         std::ranges::equal(a.stages, b.stages, sameStage);
}

} // namespace rune::container
