// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the steps of `check` share, and the steps.
#pragma once

#include "check/check.h"

#include <unordered_map>

namespace rune::check {

/// While checking, `stages` and the stages of `tree` have the same order, as
/// written; edges are indices into it.
struct Checking {
  const runefile::Runefile &tree;
  SignatureSource &signatures;
  bool strict;
  Report &report;
  Pipeline pipeline;
  std::vector<size_t> order;
  std::unordered_map<std::string_view, size_t> stageNamed;
  std::unordered_map<std::string_view, size_t> resourceNamed;

  const runefile::Stage &written(size_t stage) const {
    return tree.stages[stage];
  }
  /// A warning for what the first system let pass, an error when strict.
  template <class... Args>
  Diagnostic &lenient(std::string_view code, Location where,
                      fmt::format_string<Args...> text, Args &&...args) {
    if (strict)
      return report.error(code, std::move(where), text,
                          std::forward<Args>(args)...);
    return report.warning(code, std::move(where), text,
                          std::forward<Args>(args)...);
  }
};

/// Stages, resources and edges by name. Reports names that lead nowhere.
void resolveNames(Checking &checking);

/// Reports the resources that are missing for blocks, where the blocks
/// themselves will not be asked.
void findBlockResources(Checking &checking);

/// Finds `order`: depth first, inputs before the stage, else as written.
/// Reports cycles.
void findOrder(Checking &checking);

/// Numbers everything a host can see: capabilities, resources that are opened,
/// models, outs, from 1.
void numberChannels(Pipeline &pipeline);

/// Warns of stages and resources that nothing uses, and of a missing out.
void checkUse(Checking &checking);

/// The arguments of a capability, a model, an out: these do not depend on
/// anyone else.
void readOwnArguments(Checking &checking, size_t stage);

/// The arguments of a block, as its signature declares them. False if there
/// were errors.
bool readBlockArguments(Checking &checking, size_t stage,
                        const BlockSignature &signature);

/// What arrives at this stage and what leaves it. Its inputs were checked
/// before.
void checkTypes(Checking &checking, size_t stage);

/// The resource of that name; reports one that is missing.
///
/// in  `asked`  the name, where it stands
std::optional<size_t> findResource(Checking &checking, const std::string &name,
                                   const Location &asked);

} // namespace rune::check
