// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/test_onnx_model.h"

#include "graph/evaluate.h"
#include "graph/small_types.h"

#include <onnx_facts.pb.h>

#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

int32_t elementNumber(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return 1;
  case DType::U8:
    return 2;
  case DType::I8:
    return 3;
  case DType::U16:
    return 4;
  case DType::I16:
    return 5;
  case DType::I32:
    return 6;
  case DType::I64:
    return 7;
  case DType::Utf8:
    return 8;
  case DType::Bool:
    return 9;
  case DType::F16:
    return 10;
  case DType::F64:
    return 11;
  case DType::U32:
    return 12;
  case DType::U64:
    return 13;
  case DType::BF16:
    return 16;
  case DType::F8E4M3FN:
    return 17;
  case DType::F8E4M3FNUZ:
    return 18;
  case DType::F8E5M2:
    return 19;
  case DType::F8E5M2FNUZ:
    return 20;
  case DType::U4:
    return 21;
  case DType::I4:
    return 22;
  case DType::F4E2M1FN:
    return 23;
  case DType::F8E8M0FNU:
    return 24;
  case DType::U2:
    return 25;
  case DType::I2:
    return 26;
  }
  return 0;
}

template <class Use> void withElement(DType dtype, Use use) {
  graph::withNumeric(dtype == DType::Bool ? DType::U8 : dtype,
                     [&](auto type) { use(typename decltype(type)::type{}); });
}

Tensor tensorOf(DType dtype, std::vector<int64_t> sizes,
                const std::vector<double> &values) {
  Tensor tensor = Tensor::zeros(dtype, std::move(sizes)).value();
  EXPECT_EQ(tensor.count(), values.size());
  if (isStorage(dtype)) {
    Bytes codes;
    for (double value : values)
      codes.push_back(graph::convertToSmall(dtype, value, {true}));
    graph::packBytes(dtypeBits(dtype), codes, tensor.bytes());
    return tensor;
  }
  withElement(dtype, [&]<class T>(T) {
    for (size_t i = 0; i < values.size(); ++i)
      storeUnaligned(tensor.bytes().data() + i * sizeof(T),
                     graph::narrow<T>(values[i]));
  });
  return tensor;
}

std::vector<double> numbersIn(const Tensor &tensor) {
  std::vector<double> values;
  if (tensor.dtype() == DType::Utf8)
    return values;
  graph::withElements(tensor.dtype(), tensor.view().data,
                      [&](auto, const auto &elements) {
                        for (size_t i = 0; i < tensor.count(); ++i)
                          values.push_back(static_cast<double>(
                              graph::widen(elements[static_cast<int64_t>(i)])));
                      });
  return values;
}

void set(onnx::AttributeProto &proto, const TestAttribute &attribute) {
  proto.set_name(attribute.name);
  if (auto *value = std::get_if<int64_t>(&attribute.value))
    proto.set_type(2), proto.set_i(*value);
  if (auto *value = std::get_if<float>(&attribute.value))
    proto.set_type(1), proto.set_f(*value);
  if (auto *value = std::get_if<std::string>(&attribute.value))
    proto.set_type(3), proto.set_s(*value);
  if (auto *value = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    proto.set_type(7);
    proto.mutable_ints()->Add(value->begin(), value->end());
  }
  if (auto *value = std::get_if<std::vector<float>>(&attribute.value)) {
    proto.set_type(6);
    proto.mutable_floats()->Add(value->begin(), value->end());
  }
  if (auto *value = std::get_if<std::vector<std::string>>(&attribute.value)) {
    proto.set_type(8);
    proto.mutable_strings()->Add(value->begin(), value->end());
  }
}

} // namespace

TestModel::TestModel(int64_t opset, int64_t irVersion)
    : proto_(std::make_shared<onnx::ModelProto>()) {
  proto_->set_ir_version(irVersion);
  proto_->mutable_graph()->set_name("test");
  proto_->add_opset_import()->set_version(opset);
}

TestModel &TestModel::input(const std::string &name, std::string_view type) {
  TensorType parsed = parseTensorType(type).value();
  auto *info = proto_->mutable_graph()->add_input();
  info->set_name(name);
  auto *tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(elementNumber(parsed.dtype));
  tensor->mutable_shape();
  for (const Dim &dim : parsed.dims) {
    auto *out = tensor->mutable_shape()->add_dim();
    if (dim.isFixed())
      out->set_dim_value(dim.size());
    if (dim.isNamed())
      out->set_dim_param(dim.name());
  }
  return *this;
}

void fill(onnx::TensorProto &proto, std::string_view type,
          const std::vector<double> &values) {
  TensorType parsed = parseTensorType(type).value();
  Tensor tensor = tensorOf(parsed.dtype, parsed.sizes(), values);
  for (int64_t size : parsed.sizes())
    proto.add_dims(size);
  proto.set_data_type(elementNumber(parsed.dtype));
  proto.set_raw_data(std::string(asText(tensor.view().data)));
}

TestModel &TestModel::initializer(const std::string &name,
                                  std::string_view type,
                                  const std::vector<double> &values) {
  auto *tensor = proto_->mutable_graph()->add_initializer();
  tensor->set_name(name);
  fill(*tensor, type, values);
  return *this;
}

TestModel &TestModel::node(const std::string &op,
                           const std::vector<std::string> &inputs,
                           const std::vector<TestAttribute> &attributes,
                           const std::vector<std::string> &outputs,
                           const std::string &name) {
  auto *node = proto_->mutable_graph()->add_node();
  node->set_op_type(op);
  node->set_name(name);
  for (const std::string &input : inputs)
    node->add_input(input);
  for (const std::string &output : outputs)
    node->add_output(output);
  for (const TestAttribute &attribute : attributes)
    set(*node->add_attribute(), attribute);
  return *this;
}

TestModel &TestModel::output(const std::string &name) {
  proto_->mutable_graph()->add_output()->set_name(name);
  return *this;
}

Bytes TestModel::bytes() const {
  std::string text = proto_->SerializeAsString();
  ByteSpan bytes = asBytes(text);
  return {bytes.begin(), bytes.end()};
}

Outcome importBytes(ByteSpan bytes) {
  Report report;
  auto model =
      importModel(bytes, nullptr, Source::binary("model.onnx"), report);
  Outcome outcome;
  for (const Diagnostic &diagnostic : report.diagnostics())
    outcome.messages +=
        fmt::format("{}{}: {}", outcome.messages.empty() ? "" : "\n",
                    diagnostic.code, diagnostic.message);
  EXPECT_EQ(model.ok(), !report.failed());
  if (model) {
    outcome.graph = std::move(model->graph);
    outcome.info = std::move(model->info);
  }
  return outcome;
}

Outcome importOf(const TestModel &model) { return importBytes(model.bytes()); }

std::string refusal(const TestModel &model) {
  Outcome outcome = importOf(model);
  EXPECT_FALSE(outcome.graph) << "imported, but must be refused";
  return outcome.messages;
}

std::vector<Evaluated>
evaluateAll(const TestModel &model,
            const std::vector<std::vector<double>> &inputs,
            const std::vector<std::vector<int64_t>> &sizes) {
  Outcome outcome = importOf(model);
  if (!outcome.graph)
    return {{outcome.messages, {}}};
  std::vector<Tensor> tensors;
  std::vector<TensorView> views;
  EXPECT_EQ(outcome.graph->inputs.size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType &type =
        outcome.graph->values[outcome.graph->inputs[i]].type;
    tensors.push_back(tensorOf(
        type.dtype, i < sizes.size() ? sizes[i] : type.sizes(), inputs[i]));
  }
  for (const Tensor &tensor : tensors)
    views.push_back(tensor.view());
  auto results = graph::evaluate(*outcome.graph, views);
  if (!results)
    return {{results.error().message, {}}};
  std::vector<Evaluated> out;
  for (const Tensor &result : *results)
    out.push_back({result.type().str(), numbersIn(result)});
  return out;
}

Evaluated evaluated(const TestModel &model,
                    const std::vector<std::vector<double>> &inputs,
                    const std::vector<std::vector<int64_t>> &sizes) {
  return evaluateAll(model, inputs, sizes).front();
}

std::vector<double> counting(size_t count, double from) {
  std::vector<double> values;
  for (size_t i = 0; i < count; ++i)
    values.push_back(from + static_cast<double>(i));
  return values;
}

} // namespace rune::import::testing
