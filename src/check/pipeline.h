// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A checked pipeline: every name resolved, every edge typed, every capability
// named. From here on nobody reads text; spans are kept for messages.
#pragma once

#include "base/tensor_type.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rune::check {

enum class StageKind { Capability, ProcBlock, Model, Out };

struct ResourceReference {
  size_t resource = 0;
  bool operator==(const ResourceReference &) const = default;
};
using ArgumentValue = std::variant<bool, int64_t, double, std::string,
                                   std::vector<int64_t>, std::vector<double>,
                                   std::vector<std::string>, ResourceReference>;

struct Argument {
  std::string name;
  ArgumentValue value;
  Location where;
};

struct Edge {
  size_t stage = 0;
  size_t port = 0;
  Location where;
};

struct Stage {
  std::string name;
  StageKind kind = StageKind::Capability;
  /// Capability and Out: upper case, "IMAGE". ProcBlock: the path as written.
  /// Model: the file as written, or "$RESOURCE".
  std::string what;
  std::vector<Argument> arguments;
  std::vector<Edge> inputs;
  std::vector<TensorType> outputs;
  /// Model: "onnx", "tensorflow-lite", …
  std::string format;
  /// Model: sizes that its file leaves open, each `name=8` or `name=1x3x224`.
  std::vector<std::string> shapes;
  Location shapesWhere;
  /// Which of the model's signatures; empty for the one it would choose.
  std::string signature;
  /// Model from a resource: which.
  std::optional<size_t> modelResource;
  uint32_t channel = 0;
  Location where;
};

struct Resource {
  std::string name;
  bool isText = true;
  /// Exactly one of both, or neither: then it is given at run time.
  std::optional<std::string> inlineText;
  std::optional<std::string> path;
  Location where;
};

struct Pipeline {
  std::string image;
  uint32_t runefileVersion = 1;
  /// In an order in which each stage comes after its inputs; ties as written.
  std::vector<Stage> stages;
  std::vector<Resource> resources;
};

} // namespace rune::check
