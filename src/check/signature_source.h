// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What models and blocks say of themselves. `check` asks through this
// interface; the command line answers it with the importer and a running block,
// tests with a table.
#pragma once

#include "check/pipeline.h"

namespace rune::check {

enum class ValueKind {
  Boolean,
  Integer,
  Number,
  Text,
  Integers,
  Numbers,
  Texts
};

struct ArgumentInfo {
  std::string name;
  std::string docs;
  ValueKind kind = ValueKind::Text;
  /// Has a default; without one the argument is required.
  bool optional = true;
};

struct PortInfo {
  std::string name;
  /// What is known; `dims` empty and `anyRank` for any rank.
  std::vector<std::string> dtypes;
  bool anyRank = true;
  Dims dims;
};

struct BlockSignature {
  std::string name;
  std::string version;
  std::vector<ArgumentInfo> arguments;
  std::vector<PortInfo> inputs;
  std::vector<PortInfo> outputs;
};

struct ModelSignature {
  /// What the file is by its content, or empty: "tensorflow-lite".
  std::string format;
  /// Nothing here reads this format: the file is kept as it is, and nothing is
  /// known of its tensors.
  bool opaque = false;
  std::vector<std::string> inputNames;
  std::vector<TensorType> inputs;
  std::vector<std::string> outputNames;
  std::vector<TensorType> outputs;
};

class SignatureSource {
public:
  virtual ~SignatureSource() = default;

  /// errors  `check.unknown-block` (with `help` if a name is near), what
  /// reading
  ///         and instantiating the block says
  virtual Result<BlockSignature> block(const Stage &stage) = 0;

  /// Types of the outputs for these arguments and inputs, from the block
  /// itself.
  ///
  /// errors  what the block said: `check.block-refused`; `check.no-signature`
  /// if
  ///         an argument is a resource that is given at run time
  virtual Result<std::vector<TensorType>>
  blockOutputs(const Stage &stage, const std::vector<TensorType> &inputs,
               const std::vector<Resource> &resources) = 0;

  /// errors  what reading and importing the model says
  virtual Result<ModelSignature>
  model(const Stage &stage, const std::vector<Resource> &resources) = 0;
};

} // namespace rune::check
