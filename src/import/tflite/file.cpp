// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/file.h"

#include "graph/numeric.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace rune::import {
namespace {

constexpr std::string_view builtinNames[] = {
#define RUNE_TFLITE_BUILTIN(name) #name,
#include "import/tflite/builtin_names.def"
#undef RUNE_TFLITE_BUILTIN
};

/// The FlatBuffer itself counts in 31 bits; larger files keep their weights
/// behind it.
constexpr size_t maxFlatBuffer = FLATBUFFERS_MAX_BUFFER_SIZE - 1;
/// Alignment of the widest number a FlatBuffer of this kind holds.
constexpr uintptr_t fileAlignment = 16;
constexpr int8_t int4 = 17, resource = 13;

template <class List> size_t countOf(const List *list) {
  return list ? list->size() : 0;
}

std::string_view textOf(const flatbuffers::String *text) {
  return text ? std::string_view(text->c_str(), text->size())
              : std::string_view();
}

/// The numbers of a vector; those of 64 bits may stand at a multiple of 4.
template <class T>
std::vector<T> numbersOf(const flatbuffers::Vector<T> *list) {
  std::vector<T> numbers(countOf(list));
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = loadUnaligned<T>(list->Data() + i * sizeof(T));
  return numbers;
}

/// Two numbers a byte, the low half first, with their signs.
Tensor unpackInt4(ByteSpan packed, std::vector<int64_t> sizes) {
  auto tensor = Tensor::zeros(DType::I8, std::move(sizes));
  RUNE_CHECK(tensor, "twice the bytes of the file");
  std::span<int8_t> out = tensor->as<int8_t>();
  graph::PackedElements<4> halves(packed);
  for (size_t i = 0; i < out.size(); ++i) {
    int half = halves[static_cast<int64_t>(i)];
    out[i] = static_cast<int8_t>(half >= 8 ? half - 16 : half);
  }
  return *std::move(tensor);
}

/// Cut at a character, with an ellipsis; the ends of a name tell layers apart.
std::string shortened(std::string_view name) {
  if (name.size() <= maxTfliteNameBytes)
    return std::string(name);
  size_t half = maxTfliteNameBytes / 2 - 3, tail = name.size() - half;
  auto isContinuation = [&](size_t at) { return (name[at] & 0xC0) == 0x80; };
  while (half > 0 && isContinuation(half))
    --half;
  while (tail < name.size() && isContinuation(tail))
    ++tail;
  return fmt::format("{}…{}", name.substr(0, half), name.substr(tail));
}

} // namespace

std::string TfliteOperatorCode::name() const {
  if (code == customOperator)
    return fmt::format("custom {}", custom);
  if (code >= 0 && static_cast<size_t>(code) < std::size(builtinNames))
    return std::string(builtinNames[code]);
  return fmt::format("number {}", code);
}

Result<TfliteFile> TfliteFile::open(ByteSpan bytes,
                                    std::shared_ptr<const void> owner) {
  TfliteFile file;
  file.bytes_ = bytes;
  file.owner_ = std::move(owner);
  bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % fileAlignment == 0;
  if (!file.owner_ || !aligned) {
    std::array sizes{static_cast<int64_t>(bytes.size())};
    auto copy = std::make_shared<const Tensor>(
        RUNE_TRY(Tensor::copyOf({DType::U8, sizes, bytes})));
    file.bytes_ = copy->bytes();
    file.owner_ = std::move(copy);
  }
  RUNE_TRY(file.check());
  return file;
}

Result<> TfliteFile::check() {
  flatbuffers::Verifier::Options limits;
  limits.max_depth = maxTfliteDepth;
  limits.max_tables = maxTfliteTables;
  flatbuffers::Verifier verifier(
      bytes_.data(), std::min(bytes_.size(), maxFlatBuffer), limits);
  if (!tflite::VerifyModelBuffer(verifier))
    return error("import.malformed",
                 "the file is damaged: it is no FlatBuffer of a TensorFlow "
                 "Lite model, or has more than {} tables",
                 maxTfliteTables)
        .withHelp("was it cut short, or changed by a text-mode transfer?");
  model_ = tflite::GetModel(bytes_.data());
  if (model_->version() != 3)
    return error("import.unsupported",
                 "version {} of the TensorFlow Lite format, needs 3",
                 model_->version());
  if (countOf(model_->subgraphs()) == 0)
    return error("import.malformed", "the model has no graph");
  graph_ = model_->subgraphs()->Get(0);
  if (subgraphs() > maxTfliteGraphs)
    return error("import.limit", "{} graphs, at most {} are allowed",
                 subgraphs(), maxTfliteGraphs);
  if (!isUtf8(asBytes(textOf(model_->description()))))
    return error("import.malformed", "the name of the model is not UTF-8");
  RUNE_TRY(checkCodes());
  Stated stated;
  for (size_t i = 0; i < subgraphs(); ++i)
    RUNE_TRY(at(i).checkGraph(stated));
  return {};
}

TfliteFile TfliteFile::at(size_t subgraph) const {
  TfliteFile file = *this;
  file.index_ = subgraph;
  file.graph_ = model_->subgraphs()->Get(static_cast<uint32_t>(subgraph));
  file.names_.clear();
  return file;
}

Result<> TfliteFile::checkGraph(Stated &stated) const {
  stated.tensors += tensors();
  stated.nodes += nodes();
  if (stated.tensors > graph::maxValues / 2 ||
      stated.nodes > graph::maxNodes / 8)
    return error("import.limit",
                 "{} tensors and {} operators, at most {} and {} are allowed",
                 stated.tensors, stated.nodes, graph::maxValues / 2,
                 graph::maxNodes / 8);
  if (!isUtf8(asBytes(textOf(graph_->name()))))
    return error("import.malformed", "the name of the model is not UTF-8");
  RUNE_TRY(checkNodes(stated));
  RUNE_TRY(checkEnds(stated));
  return checkNames(stated);
}

Result<> TfliteFile::checkCodes() {
  std::vector<TfliteOperatorCode> codes;
  for (size_t i = 0; i < countOf(model_->operator_codes()); ++i) {
    const tflite::OperatorCode &code =
        *model_->operator_codes()->Get(static_cast<uint32_t>(i));
    std::string_view custom = textOf(code.custom_name());
    if (!isUtf8(asBytes(custom)) || custom.size() > maxTfliteNameBytes)
      return error("import.malformed",
                   "the name of custom operator {} is not UTF-8, or longer "
                   "than {} bytes",
                   i, maxTfliteNameBytes);
    codes.push_back({std::max<int32_t>(code.short_code(), code.code()), custom,
                     code.version()});
  }
  codes_ =
      std::make_shared<const std::vector<TfliteOperatorCode>>(std::move(codes));
  return {};
}

/// An index of `list` that is no tensor, nor, where they may be left out, -1.
static std::optional<int32_t>
strayIndex(const flatbuffers::Vector<int32_t> *list, size_t tensors,
           bool optional) {
  for (size_t i = 0; i < countOf(list); ++i) {
    int32_t index = list->Get(static_cast<uint32_t>(i));
    bool leftOut = optional && index == -1;
    if (!leftOut && (index < 0 || static_cast<size_t>(index) >= tensors))
      return index;
  }
  return std::nullopt;
}

/// Tables may be referred to more than once, so that a small file states an
/// immense model. No writer does that: lists and names that would not fit the
/// file if each stood there once are refused.
static Diagnostic tooMuchShared() {
  return error("import.limit",
               "operators or names that state more than the file holds");
}

Result<> TfliteFile::checkNodes(Stated &stated) const {
  for (size_t i = 0; i < nodes(); ++i) {
    const tflite::Operator &proto = node(i);
    stated.ends += countOf(proto.inputs()) + countOf(proto.outputs());
    if (stated.ends > bytes_.size())
      return tooMuchShared();
    if (proto.code() >= codes_->size())
      return error("import.malformed",
                   "operator {} is of kind {}, the file lists {} kinds", i,
                   proto.code(), codes_->size());
    if (std::max(countOf(proto.inputs()), countOf(proto.outputs())) >
        graph::maxPerNode)
      return error("import.limit",
                   "operator {} has {} inputs and {} outputs, at most {} are "
                   "allowed",
                   i, countOf(proto.inputs()), countOf(proto.outputs()),
                   graph::maxPerNode);
    auto stray = strayIndex(proto.inputs(), tensors(), true);
    if (!stray)
      stray = strayIndex(proto.outputs(), tensors(), false);
    if (stray)
      return error("import.malformed",
                   "operator {} refers to tensor {}, the file has {}", i,
                   *stray, tensors());
  }
  return {};
}

Result<> TfliteFile::checkEnds(Stated &stated) const {
  for (const auto *list : {graph_->inputs(), graph_->outputs()}) {
    stated.ends += countOf(list);
    if (stated.ends > bytes_.size())
      return tooMuchShared();
    if (countOf(list) > maxTfliteEnds)
      return error("import.limit",
                   "{} inputs or outputs, at most {} are allowed",
                   countOf(list), maxTfliteEnds);
    if (auto stray = strayIndex(list, tensors(), false))
      return error("import.malformed",
                   "the model has tensor {} as input or output, the file has "
                   "{} tensors",
                   *stray, tensors());
  }
  return {};
}

Result<> TfliteFile::checkNames(Stated &stated) const {
  for (size_t i = 0; i < tensors(); ++i) {
    std::string_view name = textOf(tensor(i).name());
    stated.letters += name.size();
    if (stated.letters > 2 * bytes_.size())
      return tooMuchShared();
    if (!isUtf8(asBytes(name)))
      return error("import.malformed", "the name of tensor {} is not UTF-8", i);
  }
  return {};
}

size_t TfliteFile::nodes() const { return countOf(graph_->operators()); }
size_t TfliteFile::tensors() const { return countOf(graph_->tensors()); }
const tflite::Operator &TfliteFile::node(size_t index) const {
  return *graph_->operators()->Get(static_cast<uint32_t>(index));
}
const tflite::Tensor &TfliteFile::tensor(size_t index) const {
  return *graph_->tensors()->Get(static_cast<uint32_t>(index));
}
const TfliteOperatorCode &TfliteFile::codeOf(size_t index) const {
  return (*codes_)[node(index).code()];
}

Span TfliteFile::placeOf(size_t index) const {
  const auto *at = reinterpret_cast<const uint8_t *>(&node(index));
  uint64_t offset = static_cast<uint64_t>(at - bytes_.data());
  return {offset, offset};
}

std::string TfliteFile::nameOf(size_t index) const {
  if (auto given = names_.find(index); given != names_.end())
    return given->second;
  std::string_view name = textOf(tensor(index).name());
  return name.empty() ? fmt::format("tensor {}", index) : shortened(name);
}

static Result<DType> elementOf(const std::string &name, int8_t element) {
  switch (element) {
#define RUNE_TFLITE_ELEMENT(number, text, ours)                                \
  case number:                                                                 \
    return DType::ours;
#define RUNE_TFLITE_FOREIGN(number, text)                                      \
  case number:                                                                 \
    return error("import.unsupported",                                         \
                 "`{}` holds " text ", which is not supported", name);
#include "import/tflite/element_types.def"
#undef RUNE_TFLITE_ELEMENT
#undef RUNE_TFLITE_FOREIGN
  default:
    return error("import.unsupported",
                 "`{}` holds elements of type number {}, which is not known",
                 name, element);
  }
}

/// What stands for an open size. The batch is one number for the whole model.
static Dim openDim(const std::string &name, size_t axis, size_t rank) {
  if (axis == 0 && rank > 1)
    return Dim::named("batch");
  return Dim::named(fmt::format("{}.{}", name, axis));
}

Result<TensorType> TfliteFile::typeOf(size_t index) const {
  const tflite::Tensor &facts = tensor(index);
  std::string name = nameOf(index);
  DType dtype = DType::I8; // what 4 bits are unpacked to
  if (facts.element() != int4 || !hasData(index))
    dtype = RUNE_TRY(elementOf(name, facts.element()));
  size_t rank =
      std::max(countOf(facts.shape()), countOf(facts.shape_signature()));
  if (rank > graph::maxRank)
    return error("import.limit",
                 "`{}` has {} dimensions, at most {} are allowed", name, rank,
                 graph::maxRank);
  std::vector<int32_t> shape = numbersOf(facts.shape());
  std::vector<int32_t> open = numbersOf(facts.shape_signature());
  TensorType type{dtype, {}};
  for (size_t i = 0; i < shape.size(); ++i) {
    bool isOpen = open.size() == shape.size() ? open[i] == -1 : shape[i] == -1;
    if (!isOpen && shape[i] < 0)
      return error("import.malformed", "`{}` has a size of {}", name, shape[i]);
    type.dims.push_back(isOpen ? openDim(name, i, shape.size())
                               : Dim(shape[i]));
  }
  if (type.isStatic())
    if (auto count = elementCount(type.sizes()); !count)
      return error("import.limit", "`{}`: {}", name, count.error().message);
  return type;
}

bool TfliteFile::isResource(size_t index) const {
  return tensor(index).element() == resource;
}

/// The bytes that the file holds of a tensor; none for one that is computed.
Result<ByteSpan> TfliteFile::dataOf(size_t index) const {
  uint32_t at = tensor(index).buffer();
  if (at == 0)
    return ByteSpan();
  return buffer(at, nameOf(index));
}

Result<ByteSpan> TfliteFile::buffer(uint32_t at, std::string_view what) const {
  if (at >= countOf(model_->buffers()))
    return error("import.malformed",
                 "`{}` is kept in buffer {}, the file has {}", what, at,
                 countOf(model_->buffers()));
  const tflite::Buffer &buffer = *model_->buffers()->Get(at);
  if (countOf(buffer.data()) > 0)
    return ByteSpan(buffer.data()->Data(), buffer.data()->size());
  if (buffer.offset() <= 1)
    return ByteSpan();
  if (buffer.offset() > bytes_.size() ||
      buffer.size() > bytes_.size() - buffer.offset())
    return error("import.malformed",
                 "`{}` lies at [{}, +{}), the file has {} bytes", what,
                 buffer.offset(), buffer.size(), bytes_.size());
  return bytes_.subspan(buffer.offset(), buffer.size());
}

bool TfliteFile::hasData(size_t index) const {
  auto data = dataOf(index);
  return !data || !data->empty();
}

Result<std::optional<graph::Constant>>
TfliteFile::constantOf(size_t index) const {
  std::optional<graph::Constant> none;
  ByteSpan data = RUNE_TRY(dataOf(index));
  if (data.empty())
    return none;
  std::string name = nameOf(index);
  if (tensor(index).sparsity())
    return error("import.unsupported",
                 "`{}` is a sparse tensor, which is not supported", name);
  TensorType type = RUNE_TRY(typeOf(index));
  if (type.dtype == DType::Utf8)
    return error("import.unsupported",
                 "`{}` is constant text, which is not supported", name);
  std::vector<int64_t> sizes;
  for (int32_t size : numbersOf(tensor(index).shape()))
    sizes.push_back(size);
  auto needed = tensorBytes(type.dtype, sizes);
  bool packed = tensor(index).element() == int4;
  if (packed && needed)
    *needed = (*needed + 1) / 2;
  if (!needed || *needed != data.size())
    return error("import.malformed", "`{}` is `{}`, but {} bytes are stored",
                 name,
                 TensorType{type.dtype, {sizes.begin(), sizes.end()}}.str(),
                 data.size());
  if (packed)
    return std::optional(graph::Constant::of(unpackInt4(data, sizes)));
  return std::optional(graph::Constant{type.dtype, sizes, data, owner_});
}

Result<Quantization> TfliteFile::quantizationOf(size_t index) const {
  Quantization result;
  const tflite::Quantization *facts = tensor(index).quantization();
  if (!facts)
    return result;
  std::string name = nameOf(index);
  if (facts->details_kind() != 0)
    return error("import.unsupported",
                 "`{}` is quantised in blocks or in a manner of its own, which "
                 "is not supported",
                 name);
  constexpr size_t most = 1 << 24; // of numbers that one axis has
  if (std::max(countOf(facts->scale()), countOf(facts->zero_point())) > most)
    return error("import.limit", "`{}` has more than {} scales", name, most);
  result.scales = numbersOf(facts->scale());
  result.zeroPoints = numbersOf(facts->zero_point());
  result.axis = facts->dimension();
  if (result.scales.empty())
    return Quantization();
  if (result.zeroPoints.empty())
    result.zeroPoints.assign(result.scales.size(), 0);
  if (result.zeroPoints.size() == 1)
    result.zeroPoints.resize(result.scales.size(), result.zeroPoints[0]);
  if (result.zeroPoints.size() != result.scales.size())
    return error("import.malformed", "`{}` has {} scales and {} zero points",
                 name, result.scales.size(), result.zeroPoints.size());
  for (float scale : result.scales)
    if (!std::isfinite(scale) || scale < 0)
      return error("import.malformed", "`{}` has a scale of {}", name, scale);
  for (int64_t zero : result.zeroPoints)
    if (zero < std::numeric_limits<int32_t>::min() ||
        zero > std::numeric_limits<int32_t>::max())
      return error("import.malformed", "`{}` has a zero point of {}", name,
                   zero);
  int64_t rank = static_cast<int64_t>(countOf(tensor(index).shape()));
  if (result.perAxis() &&
      (result.axis < 0 || result.axis >= rank ||
       tensor(index).shape()->Get(static_cast<uint32_t>(result.axis)) !=
           static_cast<int64_t>(result.scales.size())))
    return error("import.malformed",
                 "`{}` has {} scales for dimension {}, which has another size",
                 name, result.scales.size(), result.axis);
  return result;
}

} // namespace rune::import
