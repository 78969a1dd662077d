// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/abi/guest_call.h"

#include <array>

namespace rune::runtime {

static std::string_view codeOf(engine::TrapKind kind) {
  switch (kind) {
  case engine::TrapKind::DeadlineExceeded:
    return "runtime.deadline";
  case engine::TrapKind::MemoryLimit:
    return "runtime.memory-limit";
  default:
    return "runtime.trap";
  }
}

Diagnostic trapped(std::string_view function, const engine::Trap &trap) {
  return error(codeOf(trap.kind), "`{}` was stopped: {}", function, trap.str());
}

bool GuestCall::storeBytes(uint64_t address, ByteSpan bytes) {
  auto stored = engine::writeBytes(guest_, address, bytes);
  return stored.ok() || badMemory(stored.error());
}

std::optional<ByteSpan> GuestCall::slice(uint64_t address, uint64_t count,
                                         uint64_t elementBytes,
                                         uint64_t alignment) {
  // Both factors are below 2^33, so the product is exact.
  if (count * elementBytes > maxListBytes) {
    bad("{} elements of {} bytes are more than the {} bytes a list may have",
        count, elementBytes, maxListBytes);
    return {};
  }
  auto bytes = engine::sliceOf(guest_, address, count, elementBytes, alignment);
  if (!bytes) {
    badMemory(bytes.error());
    return {};
  }
  return ByteSpan(*bytes);
}

bool GuestCall::allocate(uint64_t bytes, uint32_t alignment,
                         uint32_t &address) {
  if (bytes > maxListBytes)
    return fail(error("runtime.value-too-big",
                      "`{}`: {}{} bytes are more than the {} a list may have",
                      function_, place(), bytes, maxListBytes));
  std::array arguments = {engine::Value::i32(0), engine::Value::i32(0),
                          engine::Value::i32(alignment),
                          engine::Value::i32(static_cast<uint32_t>(bytes))};
  std::array<engine::Value, 1> results;
  if (!realloc_)
    return bad("the guest has no allocator (`cabi_realloc`)");
  if (!enter(*realloc_, arguments, results)) {
    // The ABI has no other way for an allocator to say that it is full.
    why_->withHelp(
        fmt::format("its allocator was asked for {} bytes; the inputs may be "
                    "too large for this block",
                    bytes));
    return false;
  }
  address = results[0].asI32();
  auto room = engine::slice(guest_, address, bytes, alignment);
  return room.ok() || bad("the guest's allocator answered with a bad address: "
                          "{}",
                          room.error().message);
}

bool GuestCall::charge(uint64_t bytes) {
  if (bytes > budget_)
    return fail(error("runtime.memory-limit",
                      "`{}`: {}the results need more host memory than the "
                      "limit allows ({} bytes more than were left)",
                      function_, place(), bytes - budget_));
  budget_ -= bytes;
  return true;
}

bool GuestCall::enter(uint32_t function,
                      std::span<const engine::Value> arguments,
                      std::span<engine::Value> results) {
  auto trap = guest_.call(function, arguments, results, deadline_);
  return !trap || fail(trapped(function_, *trap));
}

bool GuestCall::fail(Diagnostic why) {
  if (!why_)
    why_ = std::make_unique<Diagnostic>(std::move(why));
  return false;
}

Diagnostic GuestCall::reason() && {
  RUNE_CHECK(why_ != nullptr, "a call that did not fail has no reason");
  return std::move(*why_);
}

std::string GuestCall::place() const {
  std::string text;
  for (const Step &step : path_)
    if (step.name)
      text += fmt::format("{}{}", text.empty() ? "" : ".", step.name);
    else
      text += fmt::format("[{}]", step.index);
  return text.empty() ? text : text + ": ";
}

} // namespace rune::runtime
