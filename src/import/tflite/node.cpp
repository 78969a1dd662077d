// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/node.h"

#include "graph/rows.h"
#include "import/onnx/scalar.h"

#include <algorithm>

namespace rune::import {
namespace {

/// A table without fields, so that every option takes its default: a vtable of
/// four bytes, then the table, which says where that is.
alignas(4) constexpr uint8_t noOptions[] = {4, 0, 4, 0, 4, 0, 0, 0};
constexpr size_t noOptionsTable = 4;

std::vector<int32_t> indicesOf(const flatbuffers::Vector<int32_t> *list) {
  return list ? std::vector<int32_t>(list->begin(), list->end())
              : std::vector<int32_t>();
}

} // namespace

Result<std::optional<graph::Constant>>
initialOf(const TfliteImport &scope, size_t tensor, const TensorType &type) {
  std::optional<graph::Constant> none;
  if (type.dtype != DType::I8)
    return none;
  Quantization quantization = RUNE_TRY(scope.file.quantizationOf(tensor));
  if (!quantization || quantization.zeroPoint() == 0)
    return none;
  if (quantization.zeroPoint() < INT8_MIN ||
      quantization.zeroPoint() > INT8_MAX)
    return error("import.malformed",
                 "variable `{}`: a zero point of {} is no i8",
                 scope.file.nameOf(tensor), quantization.zeroPoint());
  Tensor zeros = RUNE_TRY(
      Tensor::zeros(type.dtype, type.sizes(), scope.model.derivedBytes));
  scope.model.derivedBytes -= zeros.bytes().size();
  std::ranges::fill(zeros.as<int8_t>(),
                    static_cast<int8_t>(quantization.zeroPoint()));
  return std::optional(graph::Constant::of(std::move(zeros)));
}

Result<CellId> variableCell(const TfliteImport &scope, size_t tensor) {
  std::string name = scope.file.nameOf(tensor);
  std::string key = fmt::format("tensor {}:{}", scope.file.index(), tensor);
  auto known = scope.model.cellNames.find(key);
  if (known != scope.model.cellNames.end())
    return known->second;
  TensorType type = RUNE_TRY(scope.file.typeOf(tensor));
  if (!type.isStatic())
    return error("import.unsupported",
                 "variable `{}` is `{}`, needs known sizes", name, type.str());
  auto initial = RUNE_TRY(scope.file.constantOf(tensor));
  if (!initial)
    initial = RUNE_TRY(initialOf(scope, tensor, type));
  return scope.model.cell(
      key, {std::move(name), std::move(type), std::move(initial)});
}

TfliteNode::TfliteNode(const TfliteImport &scope, size_t index,
                       std::vector<ValueId> inputs, std::string name)
    : scope_(scope), index_(index), name_(std::move(name)),
      inputs_(std::move(inputs)),
      inputTensors_(indicesOf(scope.file.node(index).inputs())),
      outputs_(indicesOf(scope.file.node(index).outputs())) {}

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
  if (!file().tensor(tensor).is_variable())
    return fail("`{}` is no variable", file().nameOf(tensor));
  return value;
}

Result<> TfliteNode::update(size_t index, ValueId next) const {
  RUNE_TRY(variable(index, "a variable"));
  size_t tensor = static_cast<size_t>(inputTensors_[index]);
  CellId cell = RUNE_TRY(variableCell(scope_, tensor));
  const TensorType &type = model().cells[cell].type;
  if (this->type(next) != type)
    return fail("variable `{}` of `{}` becomes `{}`", file().nameOf(tensor),
                type.str(), this->type(next).str());
  frame().write(cell, next);
  return {};
}

Result<CellId>
TfliteNode::ownState(std::string_view part, TensorType type,
                     std::optional<graph::Constant> initial) const {
  return model().cell(
      fmt::format("operator {}:{}/{}", file().index(), index_, part),
      {partName(part), std::move(type), std::move(initial)});
}

Result<> TfliteNode::checkInputs(size_t least, size_t most) const {
  if (inputs() < least || inputs() > most)
    return fail("{} inputs, takes {} to {}", inputs(), least, most);
  return {};
}

Result<Quantization> TfliteNode::quantizationOf(size_t tensor,
                                                bool perAxis) const {
  auto found = file().quantizationOf(tensor);
  if (!found)
    return error(found.error().code, "{}: {}", layer(), found.error().message);
  std::string name = file().nameOf(tensor);
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
  const auto *facts = file().tensor(tensor).quantization();
  constexpr uint8_t inBlocks = 2;
  if (!facts || facts->details_kind() != inBlocks || !facts->details())
    return BlockScales();
  const tflite::Blocks &blocks = *facts->details();
  std::string name = file().nameOf(tensor);
  if (blocks.zero_points() > 0)
    return unsupported("`{}` has zero points for blocks", name);
  if (blocks.size() < 1)
    return fail("`{}` has blocks of {} elements", name, blocks.size());
  if (blocks.scales() < 0 ||
      static_cast<size_t>(blocks.scales()) >= file().tensors())
    return fail("`{}` has its scales in tensor {}, the file has {}", name,
                blocks.scales(), file().tensors());
  auto scales =
      RUNE_TRY(file().constantOf(static_cast<size_t>(blocks.scales())));
  if (!scales)
    return fail("the scales of `{}` are no constant of the file", name);
  ValueId value =
      graph().constant(partName("weights/block_scales"), *std::move(scales));
  return BlockScales{value, blocks.size()};
}

bool TfliteNode::inputIsQuantized(size_t index) const {
  if (index >= inputTensors_.size() || inputTensors_[index] < 0)
    return false;
  const auto *facts =
      file().tensor(static_cast<size_t>(inputTensors_[index])).quantization();
  return facts && facts->scale() && facts->scale()->size() > 0;
}

Result<TensorType> TfliteNode::statedOutput(size_t index) const {
  if (index >= outputs_.size())
    return fail("output {} is missing", index);
  return file().typeOf(static_cast<size_t>(outputs_[index]));
}

Result<const void *> TfliteNode::optionsOf(tflite::Options kind) const {
  const tflite::Operator &facts = file().node(index_);
  if (facts.options_type() == tflite::Options_NONE || !facts.options())
    return static_cast<const void *>(noOptions + noOptionsTable);
  if (facts.options_type() != kind)
    return fail("has the options of another operator (kind {}, needs {})",
                static_cast<int>(facts.options_type()), static_cast<int>(kind));
  return facts.options();
}

ByteSpan TfliteNode::customOptions() const {
  const auto *bytes = file().node(index_).custom_options();
  return bytes ? ByteSpan(bytes->data(), bytes->size()) : ByteSpan();
}

Result<int64_t> TfliteNode::axis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank)
    return fail("axis {} outside [-{}, {})", axis, rank, rank);
  return axis < 0 ? axis + rank : axis;
}

std::optional<Integers> TfliteNode::knownIntegers(ValueId value) const {
  auto known = graph().constantOf(value);
  if (!known || (known->dtype != DType::I64 && known->dtype != DType::I32))
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

Result<ValueId> TfliteNode::one(Op op, std::vector<ValueId> inputs,
                                std::vector<Attribute> attributes,
                                std::string_view part) const {
  return graph().one(op, partName(part), std::move(inputs),
                     std::move(attributes));
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
  if (tensor.bytes().size() > model().derivedBytes)
    return error("import.limit",
                 "{}: the layers up to here share so much that their "
                 "constants, in our order, are more than {} times the file",
                 layer(), maxDerivedTimes);
  model().derivedBytes -= tensor.bytes().size();
  return graph().constant(partName(part),
                          graph::Constant::of(std::move(tensor)));
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
  graph::Constant constant = *graph().constantAt(value);
  constant.sizes = std::move(sizes);
  return graph().constant(partName(part), std::move(constant));
}

Result<ValueId> TfliteNode::reshaped(ValueId value, Integers sizes,
                                     std::string_view part) const {
  if (graph().constantAt(value) && std::ranges::count(sizes, -1) == 0)
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
  if (!graph().constantAt(value))
    return one(Op::Transpose, {value}, {{"permutation", permutation}}, part);
  const graph::Constant from = *graph().constantAt(value);
  Integers sizes, moved;
  for (int64_t axis : permutation) {
    sizes.push_back(from.sizes[static_cast<size_t>(axis)]);
    if (sizes.back() != 1)
      moved.push_back(axis);
  }
  // Where only dimensions of one element change places, the bytes do not.
  if (std::ranges::is_sorted(moved))
    return reshapedConstant(part, value, std::move(sizes));
  Tensor to = RUNE_TRY(Tensor::zeros(from.dtype, std::move(sizes)));
  return constant(part, transposedTensor(from, permutation, std::move(to)));
}

} // namespace rune::import
