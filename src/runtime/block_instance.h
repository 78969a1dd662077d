// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block at work for one stage. It is granted no import, runs under limits,
// and whatever it answers is checked before anyone sees it. The build asks
// blocks about themselves through the same class; it needs no Rune.
#pragma once

#include "base/tensor.h"
#include "runtime/block_bindings.h"

#include <memory>
#include <string>

namespace rune::runtime {

/// What one instance may use: guest memory, stack, and host memory for what it
/// answers.
struct BlockLimits {
  engine::Limits guest;
  uint64_t resultBytes = uint64_t{256} << 20;
};

/// Names for messages.
struct BlockPlace {
  std::string stage;
  std::string block;
};

class BlockInstance {
public:
  /// Decodes, validates, instantiates and binds a module, and runs its
  /// constructors. `wasm` outlives the instance.
  ///
  /// errors  what decoding and instantiating say (`wasm.…`, `engine.…`),
  ///         `runtime.not-a-block`, `runtime.trap`, `runtime.deadline`
  static Result<BlockInstance> load(engine::Engine &engine, ByteSpan wasm,
                                    BlockPlace place, const BlockLimits &limits,
                                    engine::Deadline deadline);
  /// The same for a module that was loaded before, shared between stages.
  static Result<BlockInstance> load(engine::Engine &engine,
                                    std::shared_ptr<const wasm::Module> module,
                                    BlockPlace place, const BlockLimits &limits,
                                    engine::Deadline deadline);
  /// For an instance that exists.
  static Result<BlockInstance> bind(std::shared_ptr<engine::Instance> guest,
                                    BlockPlace place, const BlockLimits &limits,
                                    engine::Deadline deadline);

  /// errors  as all calls: `runtime.trap`, `runtime.deadline`,
  ///         `runtime.memory-limit`, `runtime.bad-guest-value`. After one of
  ///         these the instance is spent: each call answers with the same.
  Result<block::Metadata> metadata(engine::Deadline deadline);

  /// Sets the arguments, once; `bindArguments` makes them.
  ///
  /// errors  `runtime.block-refused`: the block's code, message and subject
  Result<> create(std::span<const block::Argument> arguments,
                  engine::Deadline deadline);

  /// Types of the inputs to types of the outputs.
  ///
  /// errors  `runtime.block-refused`
  Result<std::vector<TensorType>> graph(std::span<const TensorType> inputs,
                                        engine::Deadline deadline);

  /// The work. Every tensor that comes back has a known element type and as
  /// many bytes as its dimensions need.
  ///
  /// errors  `runtime.block-refused`, `runtime.value-too-big`
  Result<std::vector<Tensor>> compute(std::span<const TensorView> inputs,
                                      engine::Deadline deadline);

  /// Bytes of the guest's memory now.
  uint64_t memoryBytes() { return guest_->memory().size(); }
  const BlockPlace &place() const { return place_; }

private:
  BlockInstance(std::shared_ptr<engine::Instance> guest, BlockPlace place,
                const BlockLimits &limits)
      : guest_(std::move(guest)), place_(std::move(place)), limits_(limits) {}

  CallLimits callLimits(engine::Deadline deadline) const {
    return {deadline, limits_.resultBytes};
  }
  /// Adds the stage and the block, and ends the instance if the guest failed.
  Diagnostic failed(Diagnostic why);
  Diagnostic refused(const block::Error &why) const;
  template <class Call> auto ask(Call call) -> decltype(call());
  Result<Tensor> accept(const block::Tensor &tensor, size_t port);

  std::shared_ptr<engine::Instance> guest_;
  BlockPlace place_;
  BlockLimits limits_;
  block::BlockExports exports_;
  std::shared_ptr<const Diagnostic> spent_;
};

/// Between the type as the host knows it and as the interface has it.
///
/// errors  `runtime.value-too-big`: a dimension above 32 bits
Result<block::TensorType> toBlock(const TensorType &type);
/// errors  `runtime.bad-guest-value`: an element type we do not know
Result<TensorType> fromBlock(const block::TensorType &type);

} // namespace rune::runtime
