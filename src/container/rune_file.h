// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is in a `.rune`, as values. docs/format.md says where each byte stands;
// write.h and read.h turn these values into bytes and back.
#pragma once

#include "base/hash.h"
#include "base/tensor_type.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rune::container {

/// The format this code writes; readers accept it and the one before.
constexpr uint32_t formatVersion = 1;

/// A block's module, stored once however many stages use it.
struct Block {
  std::string name;
  Sha256 hash;
  ByteSpan wasm;
};

/// A stretch of the weight pool; starts at a multiple of 64 bytes of the file.
struct Weight {
  Sha256 hash;
  ByteSpan data;
};

/// A model: its graph in the stored form of src/graph, and the weights which
/// that form names by position.
struct Model {
  std::string name;
  /// "rune-graph"; an open name, a reader refuses what it does not know.
  std::string encoding;
  Sha256 hash;
  ByteSpan graph;
  std::vector<Weight> weights;
};

/// Bytes the pipeline refers to by name.
struct Resource {
  std::string name;
  bool isText = true;
  /// Without data the resource must be given at run time.
  std::optional<ByteSpan> data;
};

/// The value of a stage argument. `ResourceReference` is replaced by the text
/// of that resource when the Rune starts.
struct ResourceReference {
  uint32_t resource = 0;
  bool operator==(const ResourceReference &) const = default;
};
using ArgumentValue = std::variant<bool, int64_t, double, std::string,
                                   std::vector<int64_t>, std::vector<double>,
                                   std::vector<std::string>, ResourceReference>;

struct Argument {
  std::string name;
  ArgumentValue value;
  bool operator==(const Argument &) const = default;
};

enum class StageKind : uint8_t {
  Capability = 0,
  ProcBlock = 1,
  Model = 2,
  Out = 3
};

/// Output `port` of stage `stage`.
struct Edge {
  uint32_t stage = 0;
  uint32_t port = 0;
  bool operator==(const Edge &) const = default;
};

struct Stage {
  std::string name;
  StageKind kind = StageKind::Capability;
  /// Capability and Out: what kind, in the spelling of the Runefile's upper
  /// case
  /// ("IMAGE", "RAW", "RAND", "SERIAL"); also the name of the grant it needs.
  std::string capability;
  /// ProcBlock: index into blocks. Model: index into models.
  uint32_t artifact = 0;
  std::vector<Argument> arguments;
  std::vector<Edge> inputs;
  std::vector<TensorType> outputs;
  /// The number the first system gave this node; an out's is its key in the
  /// printed JSON.
  uint32_t channel = 0;
};

/// A pipeline with everything it needs. Stages stand in an order in which each
/// comes after its inputs. Spans point into the file's bytes (or, when writing,
/// into the caller's), which outlive this value.
struct RuneFile {
  std::string name;
  /// The image the Runefile asked for: "runicos/base".
  std::string image;
  /// "rune 0.1.0": what wrote the file.
  std::string producer;
  uint32_t runefileVersion = 1;
  std::vector<Block> blocks;
  std::vector<Model> models;
  std::vector<Resource> resources;
  std::vector<Stage> stages;
};

} // namespace rune::container
