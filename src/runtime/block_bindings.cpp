// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/block_bindings.h"

#include "runtime/abi/exports.h"

namespace rune::bindings::block {

using runtime::callExport;
using runtime::GuestCall;
using runtime::InterfaceExports;
using runtime::lowerParameter;
using wasm::ValueType;

Result<BlockExports> BlockExports::bind(engine::Instance &guest) {
  auto exports = RUNE_TRY(
      InterfaceExports::find(guest, "rune:block/block", "0.1.0", "metadata"));
  auto function = [&](std::string_view name,
                      const wasm::FunctionType &type) -> Result<Function> {
    return Function{RUNE_TRY(exports.function(name, type)),
                    RUNE_TRY(exports.post(name))};
  };
  constexpr ValueType i32 = ValueType::I32;
  BlockExports block;
  block.guest_ = &guest;
  block.realloc_ = RUNE_TRY(exports.realloc());
  block.initialize_ = RUNE_TRY(exports.initialize());
  block.metadata_ = RUNE_TRY(function("metadata", {{}, {i32}}));
  block.create_ = RUNE_TRY(function("create", {{i32, i32}, {i32}}));
  block.graph_ = RUNE_TRY(function("graph", {{i32, i32}, {i32}}));
  block.compute_ = RUNE_TRY(function("compute", {{i32, i32}, {i32}}));
  return block;
}

Result<> BlockExports::initialize(const CallLimits &limits) {
  GuestCall call(*guest_, "_initialize", realloc_, limits);
  if (initialize_ && !call.enter(*initialize_, {}, {}))
    return std::move(call).reason();
  return {};
}

Result<Metadata> BlockExports::metadata(const CallLimits &limits) {
  GuestCall call(*guest_, "metadata", realloc_, limits);
  return callExport<Metadata>(call, metadata_.call, metadata_.post, {});
}

Result<Outcome<std::monostate, Error>>
BlockExports::create(std::span<const Argument> arguments,
                     const CallLimits &limits) {
  GuestCall call(*guest_, "create", realloc_, limits);
  std::vector<engine::Value> flat;
  if (!lowerParameter(call, "arguments", arguments, flat))
    return std::move(call).reason();
  return callExport<Outcome<std::monostate, Error>>(call, create_.call,
                                                    create_.post, flat);
}

Result<Outcome<std::vector<TensorType>, Error>>
BlockExports::graph(std::span<const TensorType> inputs,
                    const CallLimits &limits) {
  GuestCall call(*guest_, "graph", realloc_, limits);
  std::vector<engine::Value> flat;
  if (!lowerParameter(call, "inputs", inputs, flat))
    return std::move(call).reason();
  return callExport<Outcome<std::vector<TensorType>, Error>>(call, graph_.call,
                                                             graph_.post, flat);
}

Result<Outcome<std::vector<Tensor>, Error>>
BlockExports::compute(std::span<const TensorRef> inputs,
                      const CallLimits &limits) {
  GuestCall call(*guest_, "compute", realloc_, limits);
  std::vector<engine::Value> flat;
  if (!lowerParameter(call, "inputs", inputs, flat))
    return std::move(call).reason();
  return callExport<Outcome<std::vector<Tensor>, Error>>(call, compute_.call,
                                                         compute_.post, flat);
}

} // namespace rune::bindings::block
