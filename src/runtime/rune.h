// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A Rune at work: an instance per stage, wired as the file says, run one stage
// after the other. This driver is the slow and simple one that stays and judges
// the fast ones (DESIGN 15).
#pragma once

#include "runtime/grants.h"
#include "runtime/stage.h"

#include <chrono>

namespace rune::runtime {

/// What a Rune may use. Times are per load and per run.
struct RuneLimits {
  std::optional<std::chrono::nanoseconds> loadTime = std::chrono::seconds(10);
  std::optional<std::chrono::nanoseconds> runTime = std::chrono::minutes(5);
  /// Of each block instance.
  engine::Limits guest;
  /// The memories of all block instances together, each counted as large as its
  /// module lets it grow (no further than `guest` does).
  uint64_t guestBytes = uint64_t{4} << 30;
  /// All tensors that live at one time outside of the guests.
  uint64_t tensorBytes = uint64_t{1} << 30;
};

struct LoadOptions {
  engine::Engine &engine;
  Device &device;
  Grants grants;
  Inputs inputs;
  RuneLimits limits;
  /// Data for resources by name, in place of what the Rune holds. They outlive
  /// the loading.
  std::map<std::string, ByteSpan, std::less<>> resources;
  /// Takes what had to be done to inputs so that they fit (`sound.converted`).
  Report *notes = nullptr;
};

/// What reached one out stage in one run.
struct OutResult {
  std::string stage;
  /// "SERIAL"
  std::string kind;
  uint32_t channel = 0;
  std::vector<SharedTensor> tensors;
};

struct RunResult {
  /// In the order of the stages.
  std::vector<OutResult> outs;
};

class Rune {
public:
  /// Makes everything ready: checks grants and inputs, reads the inputs, starts
  /// the blocks, loads the models.
  ///
  /// in      `owner` keeps the file's bytes alive as long as the Rune lives
  ///         (null: the caller does); engine and device outlive it too
  /// errors  `runtime.missing-input` and `runtime.capability-not-granted`, with
  ///         a note for every input that the Rune wants ·
  ///         `runtime.unknown-capability`, `runtime.unknown-out`,
  ///         `runtime.duplicate-channel`, `runtime.missing-resource`,
  ///         `runtime.…-argument`, `runtime.bad-input`, `image.…`,
  ///         `runtime.model-mismatch` · what blocks and models say
  static Result<std::unique_ptr<Rune>> load(container::RuneFile file,
                                            std::shared_ptr<const void> owner,
                                            const LoadOptions &options);

  /// One run of every stage. Blocks keep their state for the next one.
  ///
  /// errors  by fault: errors.h. After `runtime.trap`, `runtime.deadline` and
  ///         the like the block's instance is gone, and later runs fail alike.
  Result<RunResult> run();

  const container::RuneFile &file() const { return file_; }

private:
  Rune(container::RuneFile file, std::shared_ptr<const void> owner,
       const RuneLimits &limits)
      : file_(std::move(file)), owner_(std::move(owner)), limits_(limits) {}

  container::RuneFile file_;
  std::shared_ptr<const void> owner_;
  RuneLimits limits_;
  /// One for each stage of the file; null for outs.
  std::vector<std::unique_ptr<Stage>> stages_;
};

} // namespace rune::runtime
