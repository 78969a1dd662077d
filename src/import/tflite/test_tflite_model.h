// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests: small TensorFlow Lite models, written the way they read, and what
// becomes of them. Only the tests include this.
#pragma once

#include "import/import.h"

#include <tflite_facts_generated.h>

#include <functional>

namespace rune::import::testing {

/// The numbers of the operators that tests write.
enum Builtin : int32_t {
#define RUNE_TFLITE_BUILTIN(name) BUILTIN_##name,
#include "import/tflite/builtin_names.def"
#undef RUNE_TFLITE_BUILTIN
};

struct TestQuantization {
  std::vector<float> scales = {};
  std::vector<int64_t> zeroPoints = {};
  int32_t axis = 0;
};

struct TestTensor {
  std::string name;
  /// As TensorType prints it; a name is an open size, stored as 1.
  std::string type;
  /// Stands in the file if there are any.
  std::vector<double> values = {};
  TestQuantization quantization = {};
  bool variable = false;
  /// i8 here, four bits in the file.
  bool packed = false;
  /// Which tensor has a scale for each block, and how many elements a block
  /// has; none where the size is 0.
  int32_t blockScales = 0;
  int32_t blockSize = 0;
  /// Stands for a variable by its name; the type is that of one number.
  bool resource = false;
};

class TfliteTestModel {
public:
  /// Gives the number of the tensor.
  int32_t tensor(TestTensor tensor);
  int32_t input(TestTensor tensor);
  TfliteTestModel &output(int32_t tensor);

  TfliteTestModel &op(int32_t code, std::vector<int32_t> inputs,
                      std::vector<int32_t> outputs, int32_t version = 1);
  TfliteTestModel &custom(const std::string &name, std::vector<int32_t> inputs,
                          std::vector<int32_t> outputs);
  /// The same with options: `make` writes their table.
  template <class Make>
  TfliteTestModel &op(int32_t code, std::vector<int32_t> inputs,
                      std::vector<int32_t> outputs, tflite::Options kind,
                      Make make, int32_t version = 1) {
    op(code, std::move(inputs), std::move(outputs), version);
    operators_.back().kind = kind;
    operators_.back().options = [make](flatbuffers::FlatBufferBuilder &fbb) {
      return make(fbb).Union();
    };
    return *this;
  }

  /// The last operator has another graph that says what it does.
  TfliteTestModel &decomposition(int32_t graph);
  /// Options of the last operator that only it can read.
  TfliteTestModel &customOptions(Bytes options);
  /// Its number in the file.
  int32_t subgraph(TfliteTestModel graph);
  using NamedTensors = std::vector<std::pair<std::string, uint32_t>>;
  TfliteTestModel &signature(const std::string &name, NamedTensors inputs,
                             NamedTensors outputs, uint32_t subgraph = 0);
  TfliteTestModel &metadata(const std::string &name, Bytes contents);

  Bytes bytes() const;

private:
  class Writer;
  struct Operator {
    int32_t code = 0;
    std::string custom;
    Bytes customOptions;
    std::optional<int32_t> decomposition = {};
    int32_t version = 1;
    std::vector<int32_t> inputs;
    std::vector<int32_t> outputs;
    tflite::Options kind = tflite::Options_NONE;
    std::function<flatbuffers::Offset<void>(flatbuffers::FlatBufferBuilder &)>
        options;
  };
  struct Signature {
    std::string name;
    NamedTensors inputs, outputs;
    uint32_t subgraph = 0;
  };

  std::vector<TestTensor> tensors_;
  std::vector<Operator> operators_;
  std::vector<int32_t> inputs_, outputs_;
  std::vector<TfliteTestModel> subgraphs_;
  std::vector<Signature> signatures_;
  std::vector<std::pair<std::string, Bytes>> metadata_;
};

/// The model imported; the messages, "code: message", one a line.
struct TfliteOutcome {
  std::optional<graph::Graph> graph;
  ModelInfo info;
  std::string messages;
};
TfliteOutcome importBytesOf(ByteSpan bytes, const ImportOptions &options = {});
TfliteOutcome importOf(const TfliteTestModel &model,
                       const ImportOptions &options = {});

/// Imports and runs; the type and elements of each output, or why there are
/// none.
struct TfliteResult {
  std::string type;
  std::vector<double> values;
};
std::vector<TfliteResult>
runAll(const TfliteTestModel &model,
       const std::vector<std::vector<double>> &inputs,
       const std::vector<std::vector<int64_t>> &sizes = {});
TfliteResult run(const TfliteTestModel &model,
                 const std::vector<std::vector<double>> &inputs,
                 const std::vector<std::vector<int64_t>> &sizes = {});

/// The same for several runs, one after the other: what each output held after
/// each run; or the first output alone.
std::vector<std::vector<std::vector<double>>>
runAllInTurn(const TfliteTestModel &model,
             const std::vector<std::vector<std::vector<double>>> &inputs);
std::vector<std::vector<double>>
runInTurn(const TfliteTestModel &model,
          const std::vector<std::vector<std::vector<double>>> &inputs);

} // namespace rune::import::testing
