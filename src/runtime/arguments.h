// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stage arguments on their way to who asked for them. A version 1 Runefile has
// only texts and numbers; a block declares kinds; what can be meant is done,
// what cannot is refused by name.
#pragma once

#include "container/rune_file.h"
#include "runtime/block_bindings.h"

namespace rune::runtime {

/// The text of each resource, by its position in the Rune.
using ResourceTexts = std::vector<std::string>;

/// The arguments of a block, each of the kind it declares. A name matches with
/// '-' for '_'; an argument that the stage does not give is left out, the block
/// has a default.
///
/// errors  `runtime.unknown-argument` (with help if a name is near),
///         `runtime.missing-argument`, `runtime.bad-argument` (of another kind,
///         or given twice)
Result<std::vector<block::Argument>>
bindArguments(const std::string &stage, const block::Metadata &metadata,
              std::span<const container::Argument> given,
              const ResourceTexts &resources);

/// A value as the kind asked for: text is parsed, numbers are widened where
/// nothing is lost, one value stands for a list of one; text is split into a
/// list at line breaks (texts) or commas (numbers). None if it cannot be meant.
std::optional<block::Value>
convertArgument(const container::ArgumentValue &value, block::ValueKind kind);

/// The arguments of a capability, looked up by name ('-' for '_').
class StageArguments {
public:
  StageArguments(const container::Stage &stage, const ResourceTexts &resources)
      : stage_(stage), resources_(resources) {}

  /// errors  `runtime.bad-argument`: not an integer from `low` to `high`
  Result<std::optional<int64_t>> integer(std::string_view name, int64_t low,
                                         int64_t high) const;
  Result<std::optional<std::string>> text(std::string_view name) const;
  const std::string &stage() const { return stage_.name; }

private:
  std::optional<container::ArgumentValue> find(std::string_view name) const;

  const container::Stage &stage_;
  const ResourceTexts &resources_;
};

} // namespace rune::runtime
