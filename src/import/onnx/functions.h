// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that a model defines itself, by other operators. A call is replaced
// by the function's nodes; what they take from the attributes of the call is
// put in first.
//
// source  ONNX IR specification, "Functions"
#pragma once

#include "base/result.h"

#include <onnx_facts.pb.h>

#include <map>
#include <memory>

namespace rune::import {

/// Version of each operator domain; the standard one is "".
using Opsets = std::map<std::string, int64_t, std::less<>>;

class Functions {
public:
  explicit Functions(const onnx::ModelProto &model);
  /// The function a node calls; null if it calls none.
  const onnx::FunctionProto *find(const onnx::NodeProto &node) const;

private:
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>,
           const onnx::FunctionProto *>
      functions_;
};

/// What `ref_attr_name` means inside a function: the attributes of its call,
/// else the defaults the function states.
class Arguments {
public:
  Arguments(const onnx::FunctionProto &function,
            std::shared_ptr<const onnx::NodeProto> call);
  /// Null where the call leaves the attribute out.
  const onnx::AttributeProto *find(std::string_view name) const;

private:
  std::shared_ptr<const onnx::NodeProto> call_;
  std::map<std::string_view, const onnx::AttributeProto *> values_;
};

/// The node with its references replaced; the node itself, kept by `owner`,
/// where it has none.
std::shared_ptr<const onnx::NodeProto>
resolved(std::shared_ptr<const onnx::NodeProto> node,
         const Arguments *arguments);

/// The versions a function's nodes are written for.
Opsets opsetsOf(const onnx::FunctionProto &function, const Opsets &model);

} // namespace rune::import
