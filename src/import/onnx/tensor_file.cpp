// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/tensor_file.h"

#include "base/files.h"
#include "import/onnx/model_adapter.h"
#include "import/onnx/tensor_proto.h"
#include "import/onnx/wire.h"

namespace rune::import {
namespace {

Result<NamedTensor> decode(ByteSpan bytes, const SourcePtr &source) {
  auto proto = RUNE_TRY(parseTensor(bytes, source));
  graph::Constant constant = RUNE_TRY(decodeTensor(*proto, proto));
  Tensor tensor = RUNE_TRY(Tensor::copyOf(constant.view()));
  return NamedTensor{proto->name(), std::move(tensor)};
}

} // namespace

Result<NamedTensor> readTensorFile(const std::string &path) {
  FileBytes file = RUNE_TRY(FileBytes::open(path, maxWireBytes));
  SourcePtr source = Source::binary(path);
  auto tensor = decode(file.bytes(), source);
  if (!tensor && !tensor.error().where)
    tensor.error().at({source, {}});
  return tensor;
}

} // namespace rune::import
