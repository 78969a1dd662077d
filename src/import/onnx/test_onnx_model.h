// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests: small ONNX models, written the way they read, and what becomes of
// them. Only the tests include this.
#pragma once

#include "import/import.h"

#include <variant>

namespace rune::onnx {
class ModelProto;
class TensorProto;
} // namespace rune::onnx

namespace rune::import::testing {

struct TestAttribute {
  std::string name;
  std::variant<int64_t, float, std::string, std::vector<int64_t>,
               std::vector<float>, std::vector<std::string>>
      value;
};

class TestModel {
public:
  explicit TestModel(int64_t opset = 13, int64_t irVersion = 8);

  /// `type` as TensorType prints it, "f32[batch, 3]".
  TestModel &input(const std::string &name, std::string_view type);
  TestModel &initializer(const std::string &name, std::string_view type,
                         const std::vector<double> &values);
  TestModel &node(const std::string &op, const std::vector<std::string> &inputs,
                  const std::vector<TestAttribute> &attributes = {},
                  const std::vector<std::string> &outputs = {"y"},
                  const std::string &name = "layer");
  TestModel &output(const std::string &name);

  onnx::ModelProto &proto() { return *proto_; }
  Bytes bytes() const;

private:
  std::shared_ptr<onnx::ModelProto> proto_;
};

/// Fills dims, element type and raw data.
void fill(onnx::TensorProto &proto, std::string_view type,
          const std::vector<double> &values);

struct Outcome {
  std::optional<graph::Graph> graph;
  ModelInfo info;
  /// "code: message", one a line, warnings too.
  std::string messages;
};
Outcome importBytes(ByteSpan bytes);
Outcome importOf(const TestModel &model);
/// The messages of a model that must be refused.
std::string refusal(const TestModel &model);

struct Evaluated {
  /// The type of the first output, or why there is none.
  std::string type;
  std::vector<double> values;
};
/// Imports and runs; the inputs are f32 unless the model says otherwise, with
/// the sizes of `sizes` where the model leaves them open.
std::vector<Evaluated>
evaluateAll(const TestModel &model,
            const std::vector<std::vector<double>> &inputs,
            const std::vector<std::vector<int64_t>> &sizes = {});
Evaluated evaluated(const TestModel &model,
                    const std::vector<std::vector<double>> &inputs,
                    const std::vector<std::vector<int64_t>> &sizes = {});

/// 0, 1, 2, …
std::vector<double> counting(size_t count, double from = 0);

} // namespace rune::import::testing
