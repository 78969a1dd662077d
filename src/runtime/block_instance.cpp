// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/block_instance.h"

#include "runtime/guest_text.h"
#include "wasm/decode.h"

namespace rune::runtime {

Result<BlockInstance> BlockInstance::load(engine::Engine &engine, ByteSpan wasm,
                                          BlockPlace place,
                                          const BlockLimits &limits,
                                          engine::Deadline deadline) {
  auto module = RUNE_TRY(wasm::load(wasm, Source::binary(place.block)));
  return load(engine, std::move(module), std::move(place), limits, deadline);
}

Result<BlockInstance> BlockInstance::load(
    engine::Engine &engine, std::shared_ptr<const wasm::Module> module,
    BlockPlace place, const BlockLimits &limits, engine::Deadline deadline) {
  auto guest =
      engine.instantiate(std::move(module), {}, limits.guest, deadline);
  if (guest)
    return bind(std::move(*guest), std::move(place), limits, deadline);
  Diagnostic why = std::move(guest).error();
  why.message = fmt::format("stage `{}`, block `{}`: {}", place.stage,
                            place.block, why.message);
  return why;
}

Result<BlockInstance>
BlockInstance::bind(std::shared_ptr<engine::Instance> guest, BlockPlace place,
                    const BlockLimits &limits, engine::Deadline deadline) {
  BlockInstance block(std::move(guest), std::move(place), limits);
  auto exports = block::BlockExports::bind(*block.guest_);
  if (!exports)
    return block.failed(std::move(exports).error());
  block.exports_ = std::move(*exports);
  RUNE_TRY(block.ask(
      [&] { return block.exports_.initialize(block.callLimits(deadline)); }));
  return block;
}

Diagnostic BlockInstance::failed(Diagnostic why) {
  why.message = fmt::format("stage `{}`, block `{}`: {}", place_.stage,
                            place_.block, why.message);
  // Whatever else went wrong, the guest may have been left half-way.
  spent_ = std::make_shared<Diagnostic>(why);
  return why;
}

Diagnostic BlockInstance::refused(const block::Error &why) const {
  std::string subject =
      why.subject ? fmt::format(" `{}`:", printable(*why.subject)) : "";
  return error("runtime.block-refused", "stage `{}`, block `{}`:{} {} ({})",
               place_.stage, place_.block, subject, printable(why.message),
               printable(why.code));
}

/// Makes one call, unless an earlier one ended the instance.
template <class Call> auto BlockInstance::ask(Call call) -> decltype(call()) {
  if (spent_)
    return Diagnostic(*spent_);
  auto answer = call();
  if (!answer)
    return failed(std::move(answer).error());
  return answer;
}

Result<block::Metadata> BlockInstance::metadata(engine::Deadline deadline) {
  return ask([&] { return exports_.metadata(callLimits(deadline)); });
}

Result<> BlockInstance::create(std::span<const block::Argument> arguments,
                               engine::Deadline deadline) {
  auto outcome = RUNE_TRY(
      ask([&] { return exports_.create(arguments, callLimits(deadline)); }));
  if (!outcome.ok())
    return refused(outcome.error());
  return {};
}

Result<std::vector<TensorType>>
BlockInstance::graph(std::span<const TensorType> inputs,
                     engine::Deadline deadline) {
  std::vector<block::TensorType> types;
  for (const TensorType &type : inputs)
    types.push_back(RUNE_TRY(toBlock(type)));
  auto outcome = RUNE_TRY(
      ask([&] { return exports_.graph(types, callLimits(deadline)); }));
  if (!outcome.ok())
    return refused(outcome.error());
  std::vector<TensorType> outputs;
  for (const block::TensorType &type : outcome.value())
    outputs.push_back(RUNE_TRY(ask([&] { return fromBlock(type); })));
  return outputs;
}

/// The dimensions of one input in the interface's width.
static Result<std::vector<uint32_t>> narrowDims(const TensorView &tensor,
                                                size_t port) {
  std::vector<uint32_t> dims;
  for (int64_t size : tensor.sizes) {
    if (size < 0 || size > UINT32_MAX)
      return error("runtime.value-too-big",
                   "`compute`: inputs[{}].dims: {} does not fit 32 bits", port,
                   size);
    dims.push_back(static_cast<uint32_t>(size));
  }
  return dims;
}

Result<std::vector<Tensor>>
BlockInstance::compute(std::span<const TensorView> inputs,
                       engine::Deadline deadline) {
  std::vector<std::vector<uint32_t>> dims;
  std::vector<block::TensorRef> tensors;
  for (const TensorView &input : inputs)
    dims.push_back(RUNE_TRY(narrowDims(input, dims.size())));
  for (size_t i = 0; i < inputs.size(); ++i)
    tensors.push_back({dtypeName(inputs[i].dtype), dims[i], inputs[i].data});
  auto outcome = RUNE_TRY(
      ask([&] { return exports_.compute(tensors, callLimits(deadline)); }));
  if (!outcome.ok())
    return refused(outcome.error());
  std::vector<Tensor> outputs;
  for (block::Tensor &tensor : outcome.value()) {
    outputs.push_back(
        RUNE_TRY(ask([&] { return accept(tensor, outputs.size()); })));
    tensor = {};
  }
  return outputs;
}

Result<Tensor> BlockInstance::accept(const block::Tensor &tensor, size_t port) {
  auto dtype = dtypeNamed(tensor.dtype);
  if (!dtype)
    return error("runtime.bad-guest-value",
                 "`compute`: result[{}].dtype: unknown element type `{}`", port,
                 printable(tensor.dtype));
  std::vector<int64_t> sizes(tensor.dims.begin(), tensor.dims.end());
  auto copy = Tensor::copyOf({*dtype, sizes, tensor.data});
  if (!copy)
    return error("runtime.bad-guest-value", "`compute`: result[{}]: {}", port,
                 copy.error().message);
  return copy;
}

Result<block::TensorType> toBlock(const TensorType &type) {
  block::TensorType result{std::string(dtypeName(type.dtype)), {}};
  for (const Dim &dim : type.dims)
    if (dim.isFixed() && dim.size() > UINT32_MAX)
      return error("runtime.value-too-big", "dimension {} of {} is too big",
                   dim.size(), type.str());
    else if (dim.isFixed())
      result.dims.push_back({static_cast<uint32_t>(dim.size())});
    else if (dim.isNamed())
      result.dims.push_back({dim.name()});
    else
      result.dims.push_back({std::monostate()});
  return result;
}

Result<TensorType> fromBlock(const block::TensorType &type) {
  auto dtype = dtypeNamed(type.dtype);
  if (!dtype)
    return error("runtime.bad-guest-value",
                 "`graph`: unknown element type `{}`", printable(type.dtype));
  TensorType result{*dtype, {}};
  for (const block::Dimension &dim : type.dims)
    if (auto *fixed = std::get_if<uint32_t>(&dim.value))
      result.dims.push_back(Dim(*fixed));
    else if (auto *named = std::get_if<std::string>(&dim.value);
             named && !named->empty())
      result.dims.push_back(Dim::named(printable(*named)));
    else
      result.dims.push_back(Dim::unknown());
  return result;
}

} // namespace rune::runtime
