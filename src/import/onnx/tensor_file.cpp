// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/tensor_file.h"

#include "base/files.h"
#include "import/onnx/model_adapter.h"
#include "import/onnx/tensor_proto.h"
#include "import/onnx/wire.h"

namespace rune::import {
namespace {

using graph::Form;
using graph::Item;

Result<Tensor> decode(const onnx::TensorProto &proto) {
  // the copy does not outlive the message
  graph::Constant constant = RUNE_TRY(decodeTensor(proto, nullptr));
  return Tensor::copyOf(constant.view());
}

Result<Item> decode(const onnx::SequenceProto &proto, DType dtype) {
  if (proto.sequence_values_size() > 0 || proto.sparse_tensor_values_size() > 0)
    return error("import.unsupported", "a sequence of something but tensors");
  std::vector<Tensor> tensors;
  for (const auto &tensor : proto.tensor_values())
    tensors.push_back(RUNE_TRY(decode(tensor)));
  if (!tensors.empty())
    dtype = tensors[0].dtype();
  for (const Tensor &tensor : tensors)
    if (tensor.dtype() != dtype)
      return error("import.malformed", "a sequence of {} and {}",
                   dtypeName(dtype), dtypeName(tensor.dtype()));
  return Item::sequence(dtype, std::move(tensors));
}

Result<Item> decode(const onnx::OptionalProto &proto,
                    const graph::ValueType &type) {
  if (proto.has_optional_value() || proto.has_sparse_tensor_value())
    return error("import.unsupported",
                 "an optional value of neither a tensor nor a sequence");
  Item item = Item::empty(type.form, type.dtype);
  if (proto.has_tensor_value())
    item = Item::of(RUNE_TRY(decode(proto.tensor_value())));
  else if (proto.has_sequence_value())
    item = RUNE_TRY(decode(proto.sequence_value(), type.dtype));
  item.form = item.list     ? Form::OptionalSequence
              : item.tensor ? Form::Optional
                            : type.form;
  return item;
}

Result<NamedItem> decode(ByteSpan bytes, const SourcePtr &source,
                         const graph::ValueType &type) {
  if (type.form == Form::Tensor) {
    auto proto = RUNE_TRY(parseTensor(bytes, source));
    return NamedItem{proto->name(), Item::of(RUNE_TRY(decode(*proto)))};
  }
  if (type.form == Form::Sequence) {
    auto proto = RUNE_TRY(parseSequence(bytes, source));
    return NamedItem{proto->name(), RUNE_TRY(decode(*proto, type.dtype))};
  }
  auto proto = RUNE_TRY(parseOptional(bytes, source));
  return NamedItem{proto->name(), RUNE_TRY(decode(*proto, type))};
}

} // namespace

Result<NamedItem> readItemFile(const std::string &path,
                               const graph::ValueType &type) {
  FileBytes file = RUNE_TRY(FileBytes::open(path, maxWireBytes));
  SourcePtr source = Source::binary(path);
  auto item = decode(file.bytes(), source, type);
  if (!item && !item.error().where)
    item.error().at({source, {}});
  return item;
}

} // namespace rune::import
