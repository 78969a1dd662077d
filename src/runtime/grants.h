// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the host lets a Rune use. Nothing is granted by default (DESIGN 11).
#pragma once

#include "container/rune_file.h"
#include "runtime/capability/capability.h"

#include <set>

namespace rune::runtime {

/// What the user gave, by the flag that takes it ("--raw"); `source: n` picks
/// the n-th.
using Inputs = std::map<std::string, std::vector<Input>, std::less<>>;

class Grants {
public:
  /// Grants a kind ("IMAGE", "SERIAL") to every stage.
  void allow(std::string_view kind) { kinds_.emplace(kind); }
  /// Grants it to one stage only.
  void allow(std::string_view stage, std::string_view kind) {
    stages_.emplace(stage, kind);
  }
  bool allows(std::string_view stage, std::string_view kind) const;

  /// What a person means who names these inputs and asks for the result: every
  /// kind that has an input; random numbers, which tell nothing of the host;
  /// and SERIAL, the result itself.
  static Grants forInputs(const Inputs &inputs);

private:
  std::set<std::string, std::less<>> kinds_;
  std::set<std::pair<std::string, std::string>> stages_;
};

/// One input of a Rune, as a person would have to give it.
struct WantedInput {
  std::string stage;
  std::string kind;
  /// "--image"; empty for a kind that this host has never heard of.
  std::string flag;
  TensorType type;
  /// Which of the inputs given by that flag, counted from 0.
  uint32_t source = 0;
  /// False where the Rune runs without it (a seed).
  bool needed = true;

  /// "`--image FILE` for `picture` (IMAGE, u8[1, 28, 28, 3])"
  std::string str() const;
};

/// Every input that a Rune wants, in the order of its stages.
std::vector<WantedInput> wantedInputs(const container::RuneFile &file);

} // namespace rune::runtime
