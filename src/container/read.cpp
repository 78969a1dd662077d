// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the checks is the order of trust: the frame (frame.h), then the
// digest over it, and only then what the sections say.
#include "container/read.h"

#include "container/frame.h"
#include "container/verify.h"
#include "container/weight_pool.h"
#include "container/wiring.h"

namespace rune::container {

namespace {

class Reader {
public:
  Reader(ByteSpan file, const SourcePtr &source, const ReadOptions &options)
      : file_(file), source_(source), options_(options), pool_(file, source) {}

  Result<RuneFile> run() {
    Frame frame = RUNE_TRY(readFrame(file_, source_));
    rune_.producer = std::move(frame.producer);
    sections_ = std::move(frame.sections);
    // From here on every section of ours is known, in bounds, and there are as
    // many of each kind as may be.
    RUNE_TRY(readPool());
    RUNE_TRY(checkDigest());
    if (options_.verifyWeights)
      RUNE_TRY(pool_.hashAll(options_.verifyHashes));
    for (const Section &section : sections_)
      RUNE_TRY(readBody(section));
    if (auto fine = verify(rune_); !fine)
      return std::move(fine).error().at(source_ ? Location{source_, {}}
                                                : Location{});
    return std::move(rune_);
  }

private:
  // --- the digest ----------------------------------------------------------

  Result<> readPool() {
    for (const Section &section : sections_) {
      uint64_t covered = section.end;
      if (section.kind() == SectionKind::Weights)
        covered = RUNE_TRY(pool_.read(section, options_.verifyWeights));
      covered_.push_back(covered);
    }
    return pool_.checkDistinct();
  }

  Result<> checkDigest() {
    // The digest is the last of our sections.
    const Section &last = sections_.back();
    SectionReader in = readerOf(last, file_, source_);
    Sha256 stated = RUNE_TRY(in.hash());
    RUNE_TRY(in.end());
    if (!options_.verifyHashes)
      return {};
    Digest digest;
    for (size_t i = 0; i + 1 < sections_.size(); ++i)
      digest.add(
          file_.subspan(sections_[i].begin, covered_[i] - sections_[i].begin));
    if (digest.finish() == stated)
      return {};
    return problem("container.hash-mismatch", source_, last.body,
                   "the file was changed after it was made: its digest is not "
                   "the stated {}",
                   stated.hex());
  }

  /// The stated hash if it is that of `data`.
  Result<Sha256> checkedHash(const Sha256 &stated, ByteSpan data,
                             const Section &section, std::string_view what) {
    Sha256 computed = sha256(data);
    if (!options_.verifyHashes || computed == stated)
      return computed;
    return problem("container.hash-mismatch", source_, section.begin,
                   "{} has the hash {}, section `{}` at offset {} states {}",
                   what, computed.hex(), section.name, section.begin,
                   stated.hex());
  }

  // --- the bodies ----------------------------------------------------------

  Result<> readBody(const Section &section) {
    auto kind = section.kind();
    if (!kind)
      return {};
    SectionReader in = readerOf(section, file_, source_);
    switch (*kind) {
    case SectionKind::Wiring:
      return readWiring(in, rune_);
    case SectionKind::Resource:
      return readResource(in);
    case SectionKind::Block:
      return readBlock(in, section);
    case SectionKind::Model:
      return readModel(in, section);
    case SectionKind::Weights:
    case SectionKind::Header:
    case SectionKind::Digest:
      return {};
    }
    return {};
  }

  Result<> readResource(SectionReader &in) {
    uint64_t start = in.offset();
    uint8_t flags = RUNE_TRY(in.u8());
    if (flags > 3)
      return in.malformed(start, "unknown flags {:#x} of a resource", flags);
    Resource resource;
    resource.isText = flags & 1;
    resource.name = RUNE_TRY(in.text());
    if (flags & 2)
      resource.data = in.rest();
    rune_.resources.push_back(std::move(resource));
    return in.end();
  }

  Result<> readBlock(SectionReader &in, const Section &section) {
    Block block;
    block.hash = RUNE_TRY(in.hash());
    block.name = RUNE_TRY(in.text());
    block.wasm = in.rest();
    block.hash = RUNE_TRY(checkedHash(block.hash, block.wasm, section,
                                      "block `" + block.name + "`"));
    rune_.blocks.push_back(std::move(block));
    return {};
  }

  Result<> readModel(SectionReader &in, const Section &section) {
    Model model;
    model.hash = RUNE_TRY(in.hash());
    model.name = RUNE_TRY(in.text());
    model.encoding = RUNE_TRY(in.text());
    uint32_t count = RUNE_TRY(in.count(4, "weights"));
    model.weights.reserve(count);
    for (uint32_t i = 0; i < count; ++i) {
      uint64_t place = in.offset();
      uint32_t weight = RUNE_TRY(in.u32());
      if (weight >= pool_.weights().size())
        return in.malformed(place, "weight {}, but there are {}", weight,
                            pool_.weights().size());
      model.weights.push_back(pool_.weights()[weight]);
    }
    model.graph = in.rest();
    model.hash = RUNE_TRY(checkedHash(model.hash, model.graph, section,
                                      "the graph of `" + model.name + "`"));
    rune_.models.push_back(std::move(model));
    return {};
  }

  ByteSpan file_;
  const SourcePtr &source_;
  const ReadOptions &options_;
  WeightPoolReader pool_;
  RuneFile rune_;
  std::vector<Section> sections_;
  std::vector<uint64_t> covered_;
};

} // namespace

Result<RuneFile> read(ByteSpan bytes, const SourcePtr &source,
                      const ReadOptions &options) {
  return Reader(bytes, source, options).run();
}

Result<OpenRune> open(const std::string &path, const ReadOptions &options,
                      uint64_t maxBytes) {
  FileBytes bytes = RUNE_TRY(FileBytes::open(path, maxBytes));
  RuneFile file = RUNE_TRY(read(bytes.bytes(), Source::binary(path), options));
  return OpenRune{std::move(bytes), std::move(file)};
}

} // namespace rune::container
