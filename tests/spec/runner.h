// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the scripts of the specification's test suite on one of our engines.
// A command passes, fails with a reason, or is skipped because a module needs a
// feature that we refuse by name.
#pragma once

#include "engine/engine.h"
#include "wasm/text/script.h"

#include <map>

namespace rune::spec {

struct Failure {
  Location where;
  std::string why;
};

struct Score {
  uint64_t passed = 0;
  uint64_t skipped = 0;
  std::vector<Failure> failures;
  /// How often each reason made us skip.
  std::map<std::string, uint64_t> reasons;

  void add(const Score &other);
};

struct RunOptions {
  /// Of the version of the specification that the script is about; scripts of
  /// 2.0 claim that later features are refused.
  wasm::Features features = {};
  /// Of each call and start.
  std::chrono::nanoseconds timeout = std::chrono::seconds(60);
  /// The rest is not run then.
  bool stopAtFailure = false;
};

/// Runs commands in one store of their own, with the host module `spectest`.
Score runCommands(engine::Engine &engine,
                  std::span<const wasm::text::Command> commands,
                  const RunOptions &options = {});

/// Runs all commands of a script in one store, with the host module `spectest`.
///
/// errors  `wasm.malformed`: the text is no script
Result<Score> runScript(engine::Engine &engine, const SourcePtr &source,
                        const RunOptions &options = {});

} // namespace rune::spec
