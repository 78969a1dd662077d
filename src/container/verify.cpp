// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/verify.h"

#include "container/limits.h"

#include <algorithm>
#include <set>

namespace rune::container {

namespace {

template <class... Args>
Diagnostic malformed(fmt::format_string<Args...> text, Args &&...args) {
  return error("container.malformed", text, std::forward<Args>(args)...);
}

Result<> atMost(uint64_t seen, uint64_t limit, std::string_view what) {
  if (seen <= limit)
    return {};
  return error("container.limit", "{} {}, the limit is {}", seen, what, limit);
}

/// Names reach terminals: no control characters.
Result<> checkName(std::string_view name, std::string_view what) {
  RUNE_TRY(atMost(name.size(), maxNameBytes,
                  fmt::format("bytes in the name of {}", what)));
  bool control = std::ranges::any_of(
      name, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (control || !isUtf8(asBytes(name)))
    return malformed("the name of {} is not printable UTF-8", what);
  return {};
}

Result<> checkFullName(std::string_view name, std::string_view what) {
  if (name.empty())
    return malformed("{} has no name", what);
  return checkName(name, what);
}

Result<> checkText(std::string_view text, std::string_view what) {
  RUNE_TRY(atMost(text.size(), maxTextBytes, fmt::format("bytes in {}", what)));
  if (!isUtf8(asBytes(text)))
    return malformed("{} is not UTF-8", what);
  return {};
}

/// The first value that stands twice.
template <class T, class Key>
auto twice(const std::vector<T> &items, Key key)
    -> std::optional<std::decay_t<decltype(key(items[0]))>> {
  std::set<std::decay_t<decltype(key(items[0]))>> seen;
  for (const T &item : items)
    if (!seen.insert(key(item)).second)
      return key(item);
  return std::nullopt;
}

std::string_view nameOf(const auto &item) { return item.name; }

class StageChecker {
public:
  StageChecker(const RuneFile &file, size_t index)
      : file_(file), stage_(file.stages[index]), index_(index),
        who_(fmt::format("stage {}", index)) {}

  Result<> run() {
    RUNE_TRY(checkFullName(stage_.name, who_));
    who_ = fmt::format("stage `{}`", stage_.name);
    RUNE_TRY(checkKind());
    RUNE_TRY(checkArguments());
    RUNE_TRY(atMost(stage_.inputs.size(), maxPerStage, "inputs of " + who_));
    for (const Edge &edge : stage_.inputs)
      RUNE_TRY(checkEdge(edge));
    RUNE_TRY(atMost(stage_.outputs.size(), maxPerStage, "outputs of " + who_));
    for (const TensorType &type : stage_.outputs)
      RUNE_TRY(checkType(type));
    return {};
  }

private:
  Result<> checkArtifact(size_t count, std::string_view what) {
    if (stage_.artifact >= count)
      return malformed("{} uses {} {}, but there are {}", who_, what,
                       stage_.artifact, count);
    if (!stage_.capability.empty())
      return malformed("{} is a {} and names the capability `{}`", who_, what,
                       stage_.capability);
    return {};
  }

  Result<> checkCapability() {
    if (stage_.artifact != 0)
      return malformed("{} needs no artifact, but names {}", who_,
                       stage_.artifact);
    return checkFullName(stage_.capability, "the capability of " + who_);
  }

  Result<> checkKind() {
    switch (stage_.kind) {
    case StageKind::ProcBlock:
      return checkArtifact(file_.blocks.size(), "block");
    case StageKind::Model:
      return checkArtifact(file_.models.size(), "model");
    case StageKind::Capability:
      if (!stage_.inputs.empty())
        return malformed("{} is a capability and has inputs", who_);
      return checkCapability();
    case StageKind::Out:
      if (!stage_.outputs.empty())
        return malformed("{} is an out and has outputs", who_);
      return checkCapability();
    }
    return malformed("{} is of unknown kind {}", who_,
                     static_cast<unsigned>(stage_.kind));
  }

  Result<> checkArguments() {
    RUNE_TRY(
        atMost(stage_.arguments.size(), maxPerStage, "arguments of " + who_));
    if (auto name = twice(stage_.arguments, nameOf<Argument>))
      return malformed("{} has the argument `{}` twice", who_, *name);
    for (const Argument &argument : stage_.arguments) {
      RUNE_TRY(checkFullName(argument.name, "an argument of " + who_));
      what_ = fmt::format("argument `{}` of {}", argument.name, who_);
      RUNE_TRY(std::visit([&](const auto &value) { return checkValue(value); },
                          argument.value));
    }
    return {};
  }

  Result<> checkValue(bool) { return {}; }
  Result<> checkValue(int64_t) { return {}; }
  Result<> checkValue(double) { return {}; }
  Result<> checkValue(const std::string &text) {
    return checkText(text, what_);
  }
  Result<> checkValue(ResourceReference reference) {
    if (reference.resource < file_.resources.size())
      return {};
    return malformed("{} is resource {}, but there are {}", what_,
                     reference.resource, file_.resources.size());
  }
  template <class T> Result<> checkValue(const std::vector<T> &values) {
    RUNE_TRY(atMost(values.size(), maxListElements, "elements in " + what_));
    for (const T &value : values)
      RUNE_TRY(checkValue(value));
    return {};
  }

  Result<> checkEdge(const Edge &edge) {
    if (edge.stage >= index_)
      return malformed("{} reads stage {}, which does not stand before it",
                       who_, edge.stage);
    const Stage &from = file_.stages[edge.stage];
    if (edge.port >= from.outputs.size())
      return malformed("{} reads output {} of `{}`, which has {}", who_,
                       edge.port, from.name, from.outputs.size());
    return {};
  }

  Result<> checkType(const TensorType &type) {
    if (static_cast<uint8_t>(type.dtype) >= dtypeCount)
      return malformed("{} has an output of unknown element type {}", who_,
                       static_cast<unsigned>(type.dtype));
    RUNE_TRY(atMost(type.dims.size(), maxRank,
                    "dimensions in an output of " + who_));
    std::vector<int64_t> fixed;
    for (const Dim &dim : type.dims) {
      if (dim.isFixed())
        fixed.push_back(dim.size());
      RUNE_TRY(checkName(dim.name(), "a dimension of " + who_));
    }
    auto fits = dtypeBits(type.dtype) == 0 ? elementCount(fixed)
                                           : tensorBytes(type.dtype, fixed);
    if (!fits)
      return malformed("an output of {}: {}", who_, fits.error().message);
    return {};
  }

  const RuneFile &file_;
  const Stage &stage_;
  size_t index_;
  std::string who_;
  std::string what_;
};

Result<> checkBlocks(const RuneFile &file) {
  RUNE_TRY(atMost(file.blocks.size(), maxBlocks, "blocks"));
  for (const Block &block : file.blocks) {
    RUNE_TRY(checkFullName(block.name, "a block"));
    RUNE_TRY(atMost(block.wasm.size(), maxPayloadBytes - maxHeaderBytes,
                    fmt::format("bytes in block `{}`", block.name)));
  }
  if (auto hash = twice(file.blocks, [](auto &block) { return block.hash; }))
    return malformed("two blocks have the hash {}", hash->hex());
  return {};
}

Result<> checkModels(const RuneFile &file) {
  RUNE_TRY(atMost(file.models.size(), maxModels, "models"));
  for (const Model &model : file.models) {
    RUNE_TRY(checkFullName(model.name, "a model"));
    RUNE_TRY(checkFullName(model.encoding, "an encoding"));
    RUNE_TRY(atMost(model.graph.size() + 4 * model.weights.size(),
                    maxPayloadBytes - maxHeaderBytes,
                    fmt::format("bytes in the graph of `{}`", model.name)));
    RUNE_TRY(atMost(model.weights.size(), maxModelWeights,
                    fmt::format("weights in `{}`", model.name)));
    for (const Weight &weight : model.weights)
      RUNE_TRY(atMost(weight.data.size(), maxWeightBytes,
                      fmt::format("bytes in a weight of `{}`", model.name)));
  }
  return {};
}

Result<> checkResources(const RuneFile &file) {
  RUNE_TRY(atMost(file.resources.size(), maxResources, "resources"));
  for (const Resource &resource : file.resources) {
    RUNE_TRY(checkFullName(resource.name, "a resource"));
    if (!resource.data)
      continue;
    RUNE_TRY(atMost(resource.data->size(), maxPayloadBytes - maxHeaderBytes,
                    fmt::format("bytes in resource `{}`", resource.name)));
    if (resource.isText && !isUtf8(*resource.data))
      return malformed("resource `{}` is a text, but not UTF-8", resource.name);
  }
  if (auto name = twice(file.resources, nameOf<Resource>))
    return malformed("two resources are called `{}`", *name);
  return {};
}

} // namespace

Result<> verify(const RuneFile &file) {
  RUNE_TRY(checkName(file.producer, "the producer"));
  RUNE_TRY(checkName(file.name, "the rune"));
  RUNE_TRY(checkName(file.image, "the image"));
  RUNE_TRY(checkBlocks(file));
  RUNE_TRY(checkModels(file));
  RUNE_TRY(checkResources(file));
  RUNE_TRY(atMost(file.stages.size(), maxStages, "stages"));
  for (size_t i = 0; i < file.stages.size(); ++i)
    RUNE_TRY(StageChecker(file, i).run());
  if (auto name = twice(file.stages, nameOf<Stage>))
    return malformed("two stages are called `{}`", *name);
  return {};
}

} // namespace rune::container
