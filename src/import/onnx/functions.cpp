// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/functions.h"

#include "import/onnx/operators.h"

#include <algorithm>

namespace rune::import {

Functions::Functions(const onnx::ModelProto &model) {
  for (const auto &function : model.functions())
    functions_.emplace(std::tuple(plainDomain(function.domain()),
                                  std::string_view(function.name()),
                                  std::string_view(function.overload())),
                       &function);
}

const onnx::FunctionProto *Functions::find(const onnx::NodeProto &node) const {
  auto found = functions_.find(std::tuple(plainDomain(node.domain()),
                                          std::string_view(node.op_type()),
                                          std::string_view(node.overload())));
  return found == functions_.end() ? nullptr : found->second;
}

Arguments::Arguments(const onnx::FunctionProto &function,
                     std::shared_ptr<const onnx::NodeProto> call)
    : call_(std::move(call)) {
  for (const auto &attribute : call_->attribute())
    values_.emplace(attribute.name(), &attribute);
  for (const auto &attribute : function.attribute_proto())
    values_.emplace(attribute.name(), &attribute);
}

const onnx::AttributeProto *Arguments::find(std::string_view name) const {
  auto found = values_.find(name);
  return found == values_.end() ? nullptr : found->second;
}

std::shared_ptr<const onnx::NodeProto>
resolved(std::shared_ptr<const onnx::NodeProto> node,
         const Arguments *arguments) {
  auto refers = [](const onnx::AttributeProto &attribute) {
    return !attribute.ref_attr_name().empty();
  };
  if (!arguments || std::ranges::none_of(node->attribute(), refers))
    return node;
  auto copy = std::make_shared<onnx::NodeProto>(*node);
  copy->clear_attribute();
  for (const auto &attribute : node->attribute()) {
    const onnx::AttributeProto *value =
        refers(attribute) ? arguments->find(attribute.ref_attr_name())
                          : &attribute;
    if (!value)
      continue;
    onnx::AttributeProto *added = copy->add_attribute();
    *added = *value;
    added->set_name(attribute.name());
  }
  return copy;
}

Opsets opsetsOf(const onnx::FunctionProto &function, const Opsets &model) {
  Opsets opsets = model;
  for (const auto &import : function.opset_import())
    opsets.insert_or_assign(std::string(plainDomain(import.domain())),
                            import.version());
  return opsets;
}

} // namespace rune::import
