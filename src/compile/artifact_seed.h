// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests and artifact_fuzz: the form in which the fuzzer gets a stored
// program, and what stands beside it.
//
//   u16 bytes of the data · the data · the head
#pragma once

#include "base/tensor.h"
#include "compile/artifact.h"

#include <algorithm>
#include <numeric>

namespace rune::compile::test {

struct Seed {
  ByteSpan head;
  /// At a multiple of 64.
  Packed data;
};

inline Bytes seedOf(const Artifact &artifact) {
  ByteWriter out;
  out.u16(static_cast<uint16_t>(artifact.data.size()));
  out.raw(artifact.data);
  out.raw(artifact.head);
  return out.take();
}

inline Seed readSeed(ByteSpan bytes) {
  ByteReader reader(bytes);
  auto count = reader.u16();
  auto data = count
                  ? reader.take(std::min<uint64_t>(*count, reader.remaining()))
                  : Result<ByteSpan>(ByteSpan());
  return {bytes.subspan(bytes.size() - reader.remaining()),
          Packed::of(data.ok() ? *data : ByteSpan())};
}

/// The constants of the model that programs of the seeds were made of.
class Model {
public:
  Model() {
    std::iota(small_.bytes().begin(), small_.bytes().end(), uint8_t{0});
    spans_ = {small_.bytes(), large_.bytes()};
  }
  std::span<const ByteSpan> constants() const { return spans_; }

private:
  Tensor small_ = *Tensor::zeros(DType::F32, {4, 3}),
         large_ = *Tensor::zeros(DType::F32, {64, 32});
  std::vector<ByteSpan> spans_;
};

} // namespace rune::compile::test
