// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The weights of all models, each distinct one once, in sections
// `rune.weights`: a table of offset, size and hash, then the data, every weight
// at a multiple of 64 bytes of the file, so that a mapped file is used in
// place.
#pragma once

#include "container/digest.h"
#include "container/rune_file.h"
#include "container/sections.h"

#include <map>

namespace rune::container {

/// Collects weights and writes them.
class WeightPoolWriter {
public:
  /// The position of the weight in the pool; equal bytes have one position.
  uint32_t add(ByteSpan data);
  uint64_t count() const { return weights_.size(); }
  /// An upper bound of what `write` appends.
  uint64_t mostBytes() const;

  /// Appends the sections, none longer than `maxBytes` if a weight alone is
  /// not.
  void write(Bytes &out, Digest &digest, uint64_t maxBytes) const;

private:
  uint64_t writeSection(Bytes &out, Digest &digest, uint64_t first,
                        uint64_t maxBytes) const;

  std::vector<Weight> weights_;
  std::map<Sha256, uint32_t> positions_;
};

/// Reads the sections in the order of the file. Hashes are those the tables
/// state.
class WeightPoolReader {
public:
  WeightPoolReader(ByteSpan file, const SourcePtr &source)
      : file_(file), source_(source) {}

  /// in      `checkGaps`: read the padding between weights, which touches their
  ///         pages
  /// result  the end of the part that the digest covers
  /// errors  `container.malformed`: weights that overlap, leave the section or
  ///         do not start at a multiple of 64, padding that is not zero
  ///         · `container.limit`
  Result<uint64_t> read(const Section &section, bool checkGaps);

  /// errors  `container.malformed`: two weights that state one hash
  Result<> checkDistinct() const;
  /// Computes the hash of each weight; compares it, or puts it in place of the
  /// stated one.
  ///
  /// errors  `container.hash-mismatch`
  Result<> hashAll(bool compare);

  const std::vector<Weight> &weights() const { return weights_; }

private:
  Result<> checkGap(uint64_t from, uint64_t to, bool checkBytes);

  ByteSpan file_;
  SourcePtr source_;
  std::vector<Weight> weights_;
};

} // namespace rune::container
