// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How an interface's functions are called among the exports of a core module.
// Two spellings are in use: the one of wit-component ("legacy") and the
// standard one, `cm32p2`.
//
// source  component-model/design/mvp/CanonicalABI.md, BuildTargets.md
#pragma once

#include "engine/engine.h"

namespace rune::runtime {

/// The exports of one interface in the spelling that the module uses.
class InterfaceExports {
public:
  /// in      `interface`: "rune:block/block", `version`: "0.1.0"; `probe`: a
  ///         function of the interface, whose presence decides the spelling
  /// errors  `runtime.not-a-block`: neither spelling is there
  static Result<InterfaceExports> find(const engine::Instance &guest,
                                       std::string_view interface,
                                       std::string_view version,
                                       std::string_view probe);

  /// errors  `runtime.not-a-block`: missing, or of another type
  Result<uint32_t> function(std::string_view name,
                            const wasm::FunctionType &type) const;
  /// The function that frees the result of `name`, if the module has one.
  Result<std::optional<uint32_t>> post(std::string_view name) const;
  /// The guest's allocator, if it has one.
  Result<std::optional<uint32_t>> realloc() const;
  /// What must be called once before anything else, if anything.
  Result<std::optional<uint32_t>> initialize() const;

private:
  Result<std::optional<uint32_t>>
  optional(const std::string &name, const wasm::FunctionType &type) const;

  const engine::Instance *guest_ = nullptr;
  bool standard_ = false;
  std::string prefix_;
};

} // namespace rune::runtime
