// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/node.h"

#include "graph/evaluate.h"
#include "graph/rows.h"
#include "import/onnx/scalar.h"

#include <algorithm>
#include <limits>

namespace rune::import {
namespace {

/// A table without fields, so that every option takes its default: a vtable of
/// four bytes, then the table, which says where that is.
alignas(4) constexpr uint8_t noOptions[] = {4, 0, 4, 0, 4, 0, 0, 0};
constexpr size_t noOptionsTable = 4;

/// What is computed while importing: shapes, scalars.
constexpr uint64_t mostFoldedBytes = 4096;

std::vector<int32_t> indicesOf(const flatbuffers::Vector<int32_t> *list) {
  return list ? std::vector<int32_t>(list->begin(), list->end())
              : std::vector<int32_t>();
}

uint64_t bytesOf(const TensorType &type) {
  auto bytes = tensorBytes(type.dtype, type.sizes());
  return bytes ? *bytes : std::numeric_limits<uint64_t>::max();
}

} // namespace

ValueId TfliteImport::add(std::string name, graph::Constant constant) {
  ValueId value = graph.constant(std::move(name), constant);
  constants.emplace(value, std::move(constant));
  return value;
}

TfliteNode::TfliteNode(TfliteImport &model, size_t index,
                       std::vector<ValueId> inputs, std::string name)
    : model_(model), index_(index), name_(std::move(name)),
      inputs_(std::move(inputs)),
      inputTensors_(indicesOf(model.file.node(index).inputs())),
      outputs_(indicesOf(model.file.node(index).outputs())) {}

std::string TfliteNode::layer() const {
  return fmt::format("layer `{}`: `{}` version {}", name_, code().name(),
                     version());
}

Result<ValueId> TfliteNode::input(size_t index, std::string_view what) const {
  ValueId value = optionalInput(index);
  if (value == noValue)
    return fail("input {} (`{}`) is missing", index, what);
  return value;
}

ValueId TfliteNode::optionalInput(size_t index) const {
  return index < inputs_.size() ? inputs_[index] : noValue;
}

Result<ValueId> TfliteNode::variable(size_t index,
                                     std::string_view what) const {
  ValueId value = RUNE_TRY(input(index, what));
  size_t tensor = static_cast<size_t>(inputTensors_[index]);
  if (!model_.file.tensor(tensor).is_variable())
    return fail("`{}` is no variable", model_.file.nameOf(tensor));
  return value;
}

void TfliteNode::update(ValueId variable, ValueId next) const {
  model_.updated.insert(variable);
  graph().update(variable, next);
}

Result<> TfliteNode::checkInputs(size_t least, size_t most) const {
  if (inputs() < least || inputs() > most)
    return fail("{} inputs, takes {} to {}", inputs(), least, most);
  return {};
}

Result<Quantization> TfliteNode::quantizationOf(size_t tensor,
                                                bool perAxis) const {
  auto found = model_.file.quantizationOf(tensor);
  if (!found)
    return error(found.error().code, "{}: {}", layer(), found.error().message);
  std::string name = model_.file.nameOf(tensor);
  if (!*found)
    return fail("`{}` states no scale", name);
  if (found->perAxis() && !perAxis)
    return fail("`{}` has {} scales, needs one", name, found->scales.size());
  if (std::ranges::any_of(found->scales, [](float s) { return s <= 0; }) &&
      !found->perAxis())
    return fail("`{}` has a scale of 0", name);
  return found;
}

Result<Quantization> TfliteNode::inputQuantization(size_t index) const {
  RUNE_TRY(input(index, "a quantised tensor"));
  return quantizationOf(static_cast<size_t>(inputTensors_[index]), false);
}
Result<Quantization> TfliteNode::weightQuantization(size_t index) const {
  RUNE_TRY(input(index, "the weights"));
  return quantizationOf(static_cast<size_t>(inputTensors_[index]), true);
}
Result<Quantization> TfliteNode::outputQuantization(size_t index) const {
  if (index >= outputs_.size())
    return fail("output {} is missing", index);
  return quantizationOf(static_cast<size_t>(outputs_[index]), false);
}

Result<BlockScales> TfliteNode::blockScales(size_t index) const {
  RUNE_TRY(input(index, "the weights"));
  size_t tensor = static_cast<size_t>(inputTensors_[index]);
  const auto *facts = model_.file.tensor(tensor).quantization();
  constexpr uint8_t inBlocks = 2;
  if (!facts || facts->details_kind() != inBlocks || !facts->details())
    return BlockScales();
  const tflite::Blocks &blocks = *facts->details();
  std::string name = model_.file.nameOf(tensor);
  if (blocks.zero_points() > 0)
    return unsupported("`{}` has zero points for blocks", name);
  if (blocks.size() < 1)
    return fail("`{}` has blocks of {} elements", name, blocks.size());
  if (blocks.scales() < 0 ||
      static_cast<size_t>(blocks.scales()) >= model_.file.tensors())
    return fail("`{}` has its scales in tensor {}, the file has {}", name,
                blocks.scales(), model_.file.tensors());
  auto scales =
      RUNE_TRY(model_.file.constantOf(static_cast<size_t>(blocks.scales())));
  if (!scales)
    return fail("the scales of `{}` are no constant of the file", name);
  return BlockScales{
      model_.add(partName("weights/block_scales"), *std::move(scales)),
      blocks.size()};
}

bool TfliteNode::inputIsQuantized(size_t index) const {
  if (index >= inputTensors_.size() || inputTensors_[index] < 0)
    return false;
  const auto *facts =
      model_.file.tensor(static_cast<size_t>(inputTensors_[index]))
          .quantization();
  return facts && facts->scale() && facts->scale()->size() > 0;
}

Result<TensorType> TfliteNode::statedOutput(size_t index) const {
  if (index >= outputs_.size())
    return fail("output {} is missing", index);
  return model_.file.typeOf(static_cast<size_t>(outputs_[index]));
}

Result<const void *> TfliteNode::optionsOf(tflite::Options kind) const {
  const tflite::Operator &facts = model_.file.node(index_);
  if (facts.options_type() == tflite::Options_NONE || !facts.options())
    return static_cast<const void *>(noOptions + noOptionsTable);
  if (facts.options_type() != kind)
    return fail("has the options of another operator (kind {}, needs {})",
                static_cast<int>(facts.options_type()), static_cast<int>(kind));
  return facts.options();
}

ByteSpan TfliteNode::customOptions() const {
  const auto *bytes = model_.file.node(index_).custom_options();
  return bytes ? ByteSpan(bytes->data(), bytes->size()) : ByteSpan();
}

Result<int64_t> TfliteNode::axis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank)
    return fail("axis {} outside [-{}, {})", axis, rank, rank);
  return axis < 0 ? axis + rank : axis;
}

std::optional<Integers> TfliteNode::knownIntegers(ValueId value) const {
  auto known = graph().constantOf(value);
  if (isSizes(value) || !known ||
      (known->dtype != DType::I64 && known->dtype != DType::I32))
    return std::nullopt;
  Integers out(known->data.size() / dtypeBytes(known->dtype));
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = known->dtype == DType::I64
                 ? loadUnaligned<int64_t>(known->data.data() + 8 * i)
                 : loadUnaligned<int32_t>(known->data.data() + 4 * i);
  return out;
}

Result<Integers> TfliteNode::constantIntegers(ValueId value,
                                              std::string_view what) const {
  if (dtype(value) != DType::I32 && dtype(value) != DType::I64)
    return fail("`{}` is `{}`, needs i32 or i64", what, type(value).str());
  auto known = knownIntegers(value);
  if (!known)
    return unsupported("`{}` is not known before the run", what);
  return *std::move(known);
}

std::string TfliteNode::partName(std::string_view part) const {
  return part.empty() ? name_ : fmt::format("{}/{}", name_, part);
}

/// A graph of this node alone, run.
static Result<std::vector<Tensor>>
computed(const TfliteImport &model, Op op, const std::string &name,
         const std::vector<ValueId> &inputs,
         const std::vector<Attribute> &attributes, size_t outputs) {
  graph::GraphBuilder builder("folded");
  std::vector<ValueId> copies;
  for (ValueId input : inputs)
    copies.push_back(input == noValue
                         ? noValue
                         : builder.constant("", model.constants.at(input)));
  auto results = RUNE_TRY(builder.node(op, name, copies, attributes, outputs));
  for (ValueId result : results) {
    if (!builder.type(result).isStatic() ||
        bytesOf(builder.type(result)) > mostFoldedBytes)
      return std::vector<Tensor>();
    builder.output(result, "");
  }
  graph::Graph graph = RUNE_TRY(std::move(builder).finish());
  return graph::evaluate(graph, {}, {.deadline = {}, .memoryBytes = 1 << 20});
}

static bool mayFold(const TfliteImport &model,
                    const std::vector<ValueId> &inputs) {
  uint64_t bytes = 0;
  for (ValueId input : inputs)
    if (input != noValue) {
      auto found = model.constants.find(input);
      if (found == model.constants.end() || model.sizes.contains(input))
        return false;
      bytes += found->second.data.size();
    }
  return bytes <= mostFoldedBytes;
}

Result<ValueId> TfliteNode::one(Op op, std::vector<ValueId> inputs,
                                std::vector<Attribute> attributes,
                                std::string_view part) const {
  std::string name = partName(part);
  if (mayFold(model_, inputs)) {
    // What cannot be computed now is left to the run, or refused below.
    auto tensors = computed(model_, op, name, inputs, attributes, 1);
    if (tensors && !tensors->empty())
      return constant(part, std::move(tensors->front()));
  }
  return graph().one(op, name, std::move(inputs), std::move(attributes));
}

Result<std::vector<ValueId>> TfliteNode::many(Op op,
                                              std::vector<ValueId> inputs,
                                              std::vector<Attribute> attributes,
                                              size_t outputs) const {
  return graph().node(op, name_, std::move(inputs), std::move(attributes),
                      outputs);
}

Result<ValueId> TfliteNode::constant(std::string_view part,
                                     Tensor tensor) const {
  if (tensor.bytes().size() > model_.derivedBytes)
    return error("import.limit",
                 "{}: the layers up to here share so much that their "
                 "constants, in our order, are more than {} times the file",
                 layer(), maxDerivedTimes);
  model_.derivedBytes -= tensor.bytes().size();
  return model_.add(partName(part), graph::Constant::of(std::move(tensor)));
}

Result<ValueId> TfliteNode::integers(std::string_view part,
                                     const Integers &values) const {
  ByteSpan bytes{reinterpret_cast<const uint8_t *>(values.data()),
                 values.size() * sizeof(int64_t)};
  Integers sizes{static_cast<int64_t>(values.size())};
  return constant(part, RUNE_TRY(Tensor::copyOf({DType::I64, sizes, bytes})));
}

Result<ValueId> TfliteNode::scalar(std::string_view part, DType dtype,
                                   double value) const {
  return constant(part, scalarOf(dtype, value));
}

Result<ValueId> TfliteNode::reshapedConstant(std::string_view part,
                                             ValueId value,
                                             Integers sizes) const {
  graph::Constant constant = model_.constants.at(value);
  constant.sizes = std::move(sizes);
  return model_.add(partName(part), std::move(constant));
}

Result<ValueId> TfliteNode::reshaped(ValueId value, Integers sizes,
                                     std::string_view part) const {
  if (model_.constants.contains(value) && std::ranges::count(sizes, -1) == 0)
    return reshapedConstant(part, value, std::move(sizes));
  ValueId shape = RUNE_TRY(
      integers(fmt::format("{}{}shape", part, part.empty() ? "" : "/"), sizes));
  return one(Op::Reshape, {value, shape}, {{"allow_zero", int64_t{1}}}, part);
}

static Tensor transposedTensor(const graph::Constant &from,
                               const Integers &permutation, Tensor to) {
  Integers strides(permutation.size());
  int64_t stride = 1;
  for (size_t i = permutation.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= from.sizes[i];
  }
  Integers steps;
  for (int64_t axis : permutation)
    steps.push_back(strides[static_cast<size_t>(axis)]);
  size_t width = dtypeBytes(from.dtype);
  uint8_t *out = to.bytes().data();
  graph::Odometer at(to.sizes());
  if (!to.bytes().empty())
    do {
      std::memcpy(
          out, from.data.data() + static_cast<size_t>(at.offset(steps)) * width,
          width);
      out += width;
    } while (at.advance());
  return to;
}

Result<ValueId> TfliteNode::transposed(ValueId value,
                                       const Integers &permutation,
                                       std::string_view part) const {
  auto found = model_.constants.find(value);
  if (found == model_.constants.end())
    return one(Op::Transpose, {value}, {{"permutation", permutation}}, part);
  Integers sizes, moved;
  for (int64_t axis : permutation) {
    sizes.push_back(found->second.sizes[static_cast<size_t>(axis)]);
    if (sizes.back() != 1)
      moved.push_back(axis);
  }
  // Where only dimensions of one element change places, the bytes do not.
  if (std::ranges::is_sorted(moved))
    return reshapedConstant(part, value, std::move(sizes));
  Tensor to = RUNE_TRY(Tensor::zeros(found->second.dtype, std::move(sizes)));
  return constant(part,
                  transposedTensor(found->second, permutation, std::move(to)));
}

std::optional<Dims> TfliteNode::sizesIn(ValueId value) const {
  if (auto found = model_.sizes.find(value); found != model_.sizes.end())
    return found->second;
  auto known = knownIntegers(value);
  if (!known || known->size() > graph::maxRank)
    return std::nullopt;
  Dims sizes;
  for (int64_t number : *known) {
    if (number < 0)
      return std::nullopt;
    sizes.push_back(Dim(number));
  }
  return sizes;
}

Result<ValueId> TfliteNode::sizes(std::string_view part, DType dtype,
                                  const Dims &sizes, int64_t rank) const {
  RUNE_CHECK(rank == 1 || sizes.size() == 1, "a vector, or one size");
  Integers shape;
  if (rank == 1)
    shape.push_back(static_cast<int64_t>(sizes.size()));
  Tensor tensor = RUNE_TRY(Tensor::zeros(dtype, shape));
  bool open = false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    int64_t number = sizes[i].isFixed() ? sizes[i].size() : -1;
    open |= !sizes[i].isFixed();
    if (dtype == DType::I64)
      tensor.as<int64_t>()[i] = number;
    else
      tensor.as<int32_t>()[i] = static_cast<int32_t>(number);
  }
  ValueId value = RUNE_TRY(constant(part, std::move(tensor)));
  if (open)
    model_.sizes.emplace(value, sizes);
  return value;
}

} // namespace rune::import
