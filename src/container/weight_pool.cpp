// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/weight_pool.h"

#include "container/section_reader.h"

#include <set>

namespace rune::container {

static constexpr uint64_t entryBytes = 8 + 8 + sizeof(Sha256::bytes);

uint32_t WeightPoolWriter::add(ByteSpan data) {
  Weight weight{sha256(data), data};
  auto next = static_cast<uint32_t>(weights_.size());
  auto [at, isNew] = positions_.emplace(weight.hash, next);
  if (isNew)
    weights_.push_back(weight);
  return at->second;
}

uint64_t WeightPoolWriter::mostBytes() const {
  uint64_t bytes = 0;
  for (const Weight &weight : weights_)
    bytes += weight.data.size() + 2 * weightAlignment + 2 * entryBytes;
  return bytes;
}

void WeightPoolWriter::write(Bytes &out, Digest &digest,
                             uint64_t maxBytes) const {
  for (uint64_t first = 0; first < weights_.size();)
    first = writeSection(out, digest, first, maxBytes);
}

uint64_t WeightPoolWriter::writeSection(Bytes &out, Digest &digest,
                                        uint64_t first,
                                        uint64_t maxBytes) const {
  // How many fit: each costs its entry, its data and at most one alignment.
  uint64_t used = weightAlignment + 4, last = first;
  do {
    used += entryBytes + weightAlignment + weights_[last].data.size();
    ++last;
  } while (last < weights_.size() &&
           used + entryBytes + weightAlignment + weights_[last].data.size() <=
               maxBytes);

  uint64_t begin = out.size();
  uint64_t body = begin + sectionFrameBytes(SectionKind::Weights);
  uint64_t pool =
      alignTo(body + 4 + (last - first) * entryBytes, weightAlignment);
  ByteWriter table;
  table.u32(static_cast<uint32_t>(last - first));
  uint64_t end = pool;
  for (uint64_t i = first; i < last; ++i) {
    uint64_t offset = alignTo(end, weightAlignment);
    table.u64(offset);
    table.u64(weights_[i].data.size());
    table.raw(weights_[i].hash.bytes);
    end = offset + weights_[i].data.size();
  }
  beginSection(out, SectionKind::Weights, end - body);
  out.insert(out.end(), table.bytes().begin(), table.bytes().end());
  digest.add(ByteSpan(out).subspan(begin));
  for (uint64_t i = first; i < last; ++i) {
    out.resize(alignTo(out.size(), weightAlignment));
    out.insert(out.end(), weights_[i].data.begin(), weights_[i].data.end());
  }
  out.resize(end);
  return last;
}

Result<> WeightPoolReader::checkGap(uint64_t from, uint64_t to,
                                    bool checkBytes) {
  auto malformed = [&](std::string_view why) {
    return problem("container.malformed", source_, from,
                   "section `rune.weights`, offset {}: {}", from, why);
  };
  if (to - from > maxWeightGap)
    return malformed(
        fmt::format("{} bytes between two weights, the limit is {}", to - from,
                    maxWeightGap));
  bool zero = !checkBytes ||
              std::ranges::all_of(file_.subspan(from, to - from),
                                  [](uint8_t byte) { return byte == 0; });
  return zero ? Result<>() : malformed("padding between weights is not zero");
}

Result<uint64_t> WeightPoolReader::read(const Section &section,
                                        bool checkGaps) {
  SectionReader in = readerOf(section, file_, source_);
  uint32_t count = RUNE_TRY(in.count(entryBytes, "weights"));
  if (weights_.size() + count > maxPoolWeights)
    return problem("container.limit", source_, section.body,
                   "{} weights, the limit is {}", weights_.size() + count,
                   maxPoolWeights);
  uint64_t end = section.body + 4 + count * entryBytes;
  uint64_t covered = end;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t place = in.offset();
    uint64_t offset = RUNE_TRY(in.u64());
    uint64_t size = RUNE_TRY(in.u64());
    Sha256 hash = RUNE_TRY(in.hash());
    if (offset % weightAlignment != 0)
      return in.malformed(place, "a weight at {}, which is no multiple of {}",
                          offset, weightAlignment);
    if (offset < end || offset > section.end || size > section.end - offset)
      return in.malformed(place,
                          "a weight of {} bytes at {} does not stand in "
                          "{}..{}, the rest of the section",
                          size, offset, end, section.end);
    RUNE_TRY(checkGap(end, offset, checkGaps));
    weights_.push_back({hash, file_.subspan(offset, size)});
    end = offset + size;
  }
  if (end != section.end)
    return in.malformed(end, "{} bytes behind the last weight",
                        section.end - end);
  return covered;
}

Result<> WeightPoolReader::checkDistinct() const {
  std::set<Sha256> seen;
  for (const Weight &weight : weights_)
    if (!seen.insert(weight.hash).second)
      return problem("container.malformed", source_, 0,
                     "two weights have the hash {}", weight.hash.hex());
  return {};
}

Result<> WeightPoolReader::hashAll(bool compare) {
  for (Weight &weight : weights_) {
    Sha256 computed = sha256(weight.data);
    if (compare && computed != weight.hash) {
      auto offset = static_cast<uint64_t>(weight.data.data() - file_.data());
      return problem("container.hash-mismatch", source_, offset,
                     "the weight of {} bytes at {} has the hash {}, its table "
                     "states {}",
                     weight.data.size(), offset, computed.hex(),
                     weight.hash.hex());
    }
    weight.hash = computed;
  }
  return {};
}

} // namespace rune::container
