// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/worker_request.h"

#include <unistd.h>

#include <cerrno>

namespace rune::engine::native {

namespace {

constexpr std::string_view magic = "RuneAsk1";
constexpr uint32_t textMost = 4096;
/// A deadline further away than this is none.
constexpr auto longest = std::chrono::hours(24);

uint64_t nanosecondsLeft(Deadline deadline) {
  if (!deadline || *deadline - Clock::now() > longest)
    return 0;
  auto left = std::chrono::nanoseconds(*deadline - Clock::now()).count();
  return left > 0 ? static_cast<uint64_t>(left) : 1;
}

/// Every switch of a module's features, in their order.
template <class Do> void eachFeature(wasm::Features &features, Do what) {
  for (bool *each :
       {&features.extendedConst, &features.ownGlobalsInConstants,
        &features.tailCalls, &features.multiMemory, &features.memory64,
        &features.relaxedSimd, &features.customPageSizes,
        &features.tableInitializers, &features.nameUnsupported})
    what(*each);
}

} // namespace

Bytes writeRequest(const WorkerRequest &request) {
  const CompileOptions &options = request.options;
  ByteWriter writer;
  writer.raw(asBytes(magic));
  writer.u64(request.limits.memoryBytes);
  writer.u64(nanosecondsLeft(options.deadline));
  writer.u8(static_cast<uint8_t>(options.target.family));
  writer.u8(options.target.level);
  writer.u8(static_cast<uint8_t>(options.bounds));
  writer.u8(options.fuel);
  writer.u8(options.checkIr);
  writer.u32(options.threads);
  writer.u32(options.limits.bodyBytes);
  writer.u32(options.limits.locals);
  writer.u32(options.limits.work);
  writer.u32(options.limits.frameBytes);
  writer.u64(options.limits.moduleBytes);
  wasm::Features features = request.features;
  eachFeature(features, [&](bool &on) { writer.u8(on); });
  writer.text(request.cacheFolder);
  writer.raw(request.key.bytes);
  writer.u64(request.module.size());
  writer.raw(request.module);
  return writer.take();
}

Result<WorkerRequest> readRequest(ByteSpan bytes) {
  ByteReader reader(bytes);
  auto refused = [] {
    return error("engine.bad-request", "this is no request to compile");
  };
  if (asText(RUNE_TRY(reader.take(magic.size()))) != magic)
    return refused();
  WorkerRequest request;
  CompileOptions &options = request.options;
  request.limits.memoryBytes = RUNE_TRY(reader.u64());
  if (uint64_t left = RUNE_TRY(reader.u64()))
    options.deadline = Clock::now() + std::chrono::nanoseconds(left);
  options.target.family = static_cast<machine::Family>(RUNE_TRY(reader.u8()));
  options.target.level = RUNE_TRY(reader.u8());
  options.bounds = static_cast<Bounds>(RUNE_TRY(reader.u8()) & 1);
  options.fuel = RUNE_TRY(reader.u8()) != 0;
  options.checkIr = RUNE_TRY(reader.u8()) != 0;
  options.threads = RUNE_TRY(reader.u32());
  options.limits.bodyBytes = RUNE_TRY(reader.u32());
  options.limits.locals = RUNE_TRY(reader.u32());
  options.limits.work = RUNE_TRY(reader.u32());
  options.limits.frameBytes = RUNE_TRY(reader.u32());
  options.limits.moduleBytes = RUNE_TRY(reader.u64());
  bool isWhole = true;
  eachFeature(request.features, [&](bool &on) {
    auto byte = reader.u8();
    isWhole = isWhole && byte.ok();
    on = byte.ok() && *byte != 0;
  });
  uint32_t folder = RUNE_TRY(reader.u32());
  if (!isWhole || folder > textMost || options.target.str().empty())
    return refused();
  request.cacheFolder = asText(RUNE_TRY(reader.take(folder)));
  ByteSpan key = RUNE_TRY(reader.take(request.key.bytes.size()));
  std::ranges::copy(key, request.key.bytes.begin());
  request.module = RUNE_TRY(reader.take(RUNE_TRY(reader.u64())));
  return request;
}

std::optional<Bytes> readToEnd(int file, uint64_t most) {
  Bytes bytes;
  for (;;) {
    uint8_t part[1 << 16];
    ssize_t got = ::read(file, part, sizeof part);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 || bytes.size() + static_cast<size_t>(got) > most)
      return {};
    if (got == 0)
      return bytes;
    bytes.insert(bytes.end(), part, part + got);
  }
}

bool writeAll(int file, ByteSpan bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

} // namespace rune::engine::native
