// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading YAML values as what a key needs, with a message where they are not.
#pragma once

#include "runefile/runefile.h"
#include "runefile/yaml_node.h"

#include <span>
#include <string_view>

namespace rune::runefile {

struct Reading {
  SourcePtr source;
  Report &report;

  Location at(const YamlNode &node) const { return {source, node.span}; }
  /// An empty value has no place of its own: then its key's.
  Location at(const YamlEntry &entry) const;
  Word word(const YamlNode &node) const { return {node.text, at(node)}; }

  /// "`key` should be …, but is …".
  Diagnostic &wrongType(const YamlEntry &entry, std::string_view needed) const;

  /// The entries whose keys are words, each key once; reports the others: of
  /// names (of stages, resources) in the words of the first system.
  enum class Keys { Plain, Names };
  std::vector<YamlEntry> uniqueEntries(const YamlNode &map,
                                       Keys keys = Keys::Plain) const;
  void duplicateName(const std::string &name, Location first,
                     Location again) const;

  /// The list or map of that key; reports `runefile.wrong-type` and gives none
  /// where it is something else.
  const YamlNode *list(const YamlEntry &entry, std::string_view of) const;
  const YamlNode *map(const YamlEntry &entry, std::string_view of) const;
  /// A text, not empty.
  std::optional<Word> text(const YamlEntry &entry,
                           std::string_view needed) const;
};

/// " (did you mean `x`?)" help, or the list of what is known.
std::string suggestion(std::string_view word,
                       std::span<const std::string> known);

/// A map with known keys.
class Fields {
public:
  /// Reports keys that are none of `known`, as `severity`.
  Fields(const Reading &reading, const YamlNode &map,
         std::span<const std::string> known, std::string_view owner,
         Severity severity = Severity::Warning);

  const YamlEntry *find(std::string_view key) const;

private:
  std::vector<YamlEntry> entries_;
};

} // namespace rune::runefile
