// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One call into a guest by the canonical ABI: the guest's memory as far as it
// may be touched, the budget for what comes back, and the place we are at, for
// messages. Every access to guest memory in this room goes through this class,
// and through engine/memory_access.h, which checks it.
#pragma once

#include "engine/engine.h"
#include "engine/memory_access.h"

#include <string>
#include <vector>

namespace rune::runtime {

/// What one call may use.
struct CallLimits {
  engine::Deadline deadline;
  /// Host memory that the results of one call may fill. A guest can point at
  /// the same bytes from a million list elements, so its own size is no bound.
  uint64_t resultBytes = uint64_t{256} << 20;
};

/// The longest list or string, in bytes.
///
/// source  component model, CanonicalABI.md, MAX_LIST_BYTE_LENGTH and
///         MAX_STRING_BYTE_LENGTH
constexpr uint64_t maxListBytes = (uint64_t{1} << 28) - 1;

/// The Diagnostic for a trap in `function`: `runtime.deadline`,
/// `runtime.memory-limit` or `runtime.trap`.
Diagnostic trapped(std::string_view function, const engine::Trap &trap);

/// The state of one call. A step that fails returns false and leaves the reason
/// here; the first reason is kept.
class GuestCall {
public:
  /// in  `function`: as the interface names it, for messages
  GuestCall(engine::Instance &guest, std::string_view function,
            std::optional<uint32_t> realloc, const CallLimits &limits)
      : guest_(guest), function_(function), realloc_(realloc),
        deadline_(limits.deadline), budget_(limits.resultBytes) {}

  /// Where in the value we are, from here to the end of the scope:
  /// `result.err.code`, `inputs[2].dims`.
  class Scope {
  public:
    Scope(GuestCall &call, const char *name) : Scope(call, name, 0) {}
    Scope(GuestCall &call, size_t index) : Scope(call, nullptr, index) {}
    Scope(const Scope &) = delete;
    ~Scope() { call_.path_.pop_back(); }

  private:
    Scope(GuestCall &call, const char *name, size_t index) : call_(call) {
      call.path_.push_back({name, index});
    }
    GuestCall &call_;
  };

  /// A number of the guest at `address`.
  template <class T> [[nodiscard]] bool load(uint64_t address, T &value) {
    auto number = engine::read<T>(guest_, address);
    if (!number)
      return badMemory(number.error());
    value = *number;
    return true;
  }
  template <class T> [[nodiscard]] bool store(uint64_t address, T value) {
    auto stored = engine::write<T>(guest_, address, value);
    return stored.ok() || badMemory(stored.error());
  }
  [[nodiscard]] bool storeBytes(uint64_t address, ByteSpan bytes);

  /// `count` elements of the guest; empty optional after a failure.
  std::optional<ByteSpan> slice(uint64_t address, uint64_t count,
                                uint64_t elementBytes, uint64_t alignment);

  /// Room for `bytes`, from the guest's own allocator.
  [[nodiscard]] bool allocate(uint64_t bytes, uint32_t alignment,
                              uint32_t &address);

  /// Takes host memory for results out of the budget.
  [[nodiscard]] bool charge(uint64_t bytes);

  /// Calls a function of the guest; a trap becomes the reason.
  [[nodiscard]] bool enter(uint32_t function,
                           std::span<const engine::Value> arguments,
                           std::span<engine::Value> results);

  /// The guest gave a value that breaks the ABI. Returns false.
  template <class... Args>
  bool bad(fmt::format_string<Args...> text, Args &&...args) {
    return fail(error("runtime.bad-guest-value", "`{}`: {}{}", function_,
                      place(), fmt::format(text, std::forward<Args>(args)...)));
  }
  bool fail(Diagnostic why);

  bool failed() const { return why_ != nullptr; }
  /// The reason; only after a failure.
  Diagnostic reason() &&;

private:
  struct Step {
    const char *name;
    size_t index;
  };

  bool badMemory(const Diagnostic &why) { return bad("{}", why.message); }
  std::string place() const;

  engine::Instance &guest_;
  std::string_view function_;
  std::optional<uint32_t> realloc_;
  engine::Deadline deadline_;
  uint64_t budget_;
  std::vector<Step> path_;
  std::unique_ptr<Diagnostic> why_;
};

} // namespace rune::runtime
