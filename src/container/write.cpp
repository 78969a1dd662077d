// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/write.h"

#include "container/verify.h"
#include "container/weight_pool.h"
#include "container/wiring.h"

namespace rune::container {

namespace {

/// The lowest reader that understands what we write.
constexpr uint32_t minimumReader = 1;

RuneFile withHashes(RuneFile file) {
  for (Block &block : file.blocks)
    block.hash = sha256(block.wasm);
  for (Model &model : file.models)
    model.hash = sha256(model.graph);
  return file;
}

Diagnostic inWritersWords(Diagnostic why) {
  why.code =
      why.code == "container.limit" ? "container.too-big" : "container.invalid";
  return why;
}

class FileWriter {
public:
  explicit FileWriter(uint64_t expectedBytes) {
    out_.reserve(expectedBytes);
    out_.assign(moduleMagic.begin(), moduleMagic.end());
  }

  /// A whole section: what `head` holds, then `payload`.
  Result<> section(SectionKind kind, ByteWriter head, ByteSpan payload = {}) {
    uint64_t size = head.size() + payload.size();
    const SectionFacts &facts = factsOf(kind);
    if (size > facts.maxBytes)
      return error("container.too-big", "{} bytes in `{}`, the limit is {}",
                   size, facts.name, facts.maxBytes);
    uint64_t begin = out_.size();
    beginSection(out_, kind, size);
    out_.insert(out_.end(), head.bytes().begin(), head.bytes().end());
    out_.insert(out_.end(), payload.begin(), payload.end());
    digest_.add(ByteSpan(out_).subspan(begin));
    return {};
  }

  void weights(const WeightPoolWriter &pool, uint64_t maxBytes) {
    pool.write(out_, digest_, maxBytes);
  }

  Result<Bytes> finish() {
    ByteWriter digest;
    digest.raw(digest_.finish().bytes);
    RUNE_TRY(section(SectionKind::Digest, std::move(digest)));
    if (out_.size() > maxFileBytes)
      return error("container.too-big", "{} bytes, the limit is {}",
                   out_.size(), maxFileBytes);
    return std::move(out_);
  }

private:
  Bytes out_;
  Digest digest_;
};

ByteWriter headerBody(const RuneFile &file) {
  ByteWriter body;
  body.u32(formatVersion);
  body.u32(minimumReader);
  body.text(file.producer);
  return body;
}

ByteWriter wiringBody(const RuneFile &file) {
  ByteWriter body;
  writeWiring(file, body);
  return body;
}

ByteWriter resourceHead(const Resource &resource) {
  ByteWriter head;
  head.u8((resource.isText ? 1 : 0) | (resource.data ? 2 : 0));
  head.text(resource.name);
  return head;
}

ByteWriter blockHead(const Block &block) {
  ByteWriter head;
  head.raw(block.hash.bytes);
  head.text(block.name);
  return head;
}

ByteWriter modelHead(const Model &model, WeightPoolWriter &pool) {
  ByteWriter head;
  head.raw(model.hash.bytes);
  head.text(model.name);
  head.text(model.encoding);
  head.u32(static_cast<uint32_t>(model.weights.size()));
  for (const Weight &weight : model.weights)
    head.u32(pool.add(weight.data));
  return head;
}

uint64_t payloadBytes(const RuneFile &file) {
  uint64_t bytes = 1 << 16;
  for (const Block &block : file.blocks)
    bytes += block.wasm.size();
  for (const Resource &resource : file.resources)
    bytes += resource.data ? resource.data->size() : 0;
  for (const Model &model : file.models)
    bytes += model.graph.size() + 4 * model.weights.size();
  return bytes;
}

Result<Bytes> writeVerified(const RuneFile &file, const WriteOptions &options) {
  WeightPoolWriter pool;
  std::vector<ByteWriter> modelHeads;
  for (const Model &model : file.models)
    modelHeads.push_back(modelHead(model, pool));
  if (pool.count() > maxPoolWeights)
    return error("container.too-big", "{} distinct weights, the limit is {}",
                 pool.count(), maxPoolWeights);

  FileWriter out(payloadBytes(file) + pool.mostBytes());
  RUNE_TRY(out.section(SectionKind::Header, headerBody(file)));
  RUNE_TRY(out.section(SectionKind::Wiring, wiringBody(file)));
  for (const Resource &resource : file.resources)
    RUNE_TRY(out.section(SectionKind::Resource, resourceHead(resource),
                         resource.data.value_or(ByteSpan())));
  for (const Block &block : file.blocks)
    RUNE_TRY(out.section(SectionKind::Block, blockHead(block), block.wasm));
  for (size_t i = 0; i < file.models.size(); ++i)
    RUNE_TRY(out.section(SectionKind::Model, std::move(modelHeads[i]),
                         file.models[i].graph));
  out.weights(pool, options.weightsSectionBytes);
  return out.finish();
}

} // namespace

Result<Bytes> write(const RuneFile &file, const WriteOptions &options) {
  RuneFile hashed = withHashes(file);
  if (auto fine = verify(hashed); !fine)
    return inWritersWords(std::move(fine).error());
  return writeVerified(hashed, options);
}

} // namespace rune::container
