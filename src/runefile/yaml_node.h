// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A YAML document as we need it: values with places. yaml-cpp's own tree
// forgets how a scalar was written and expands aliases without a limit.
#pragma once

#include "base/result.h"

#include <memory>
#include <string>
#include <vector>

namespace rune::runefile {

/// What a value is by the core schema; text in quotes and blocks is Text.
///
/// source  YAML 1.2.2, §10.3.2
enum class YamlKind : uint8_t {
  Null,
  Boolean,
  Integer,
  Number,
  Text,
  List,
  Map
};

struct YamlNode;
/// Shared, because an alias is the node it names.
using YamlPtr = std::shared_ptr<const YamlNode>;

struct YamlEntry {
  YamlPtr key;
  YamlPtr value;
};

struct YamlNode {
  YamlKind kind = YamlKind::Null;
  /// The value of a scalar; of numbers and booleans as written.
  std::string text;
  std::vector<YamlPtr> items;
  std::vector<YamlEntry> entries;
  /// A scalar: all of it on its first line. A list or map: where it begins.
  Span span;
  /// This node and all below it, aliases counted as often as they stand there.
  uint64_t total = 1;
  /// 1 for a scalar.
  uint32_t depth = 1;

  bool isScalar() const { return kind < YamlKind::List; }
};

/// "a list", "the number `3`", …: for messages.
std::string describe(const YamlNode &node);

/// The kind of an unquoted scalar.
YamlKind kindOfPlainScalar(std::string_view text);

/// What of the text a scalar covers: `begin` is where its anchor, its opening
/// quote, its block sign or its first letter stands. Ends on the same line.
Span scalarSpan(std::string_view text, uint64_t begin,
                const std::string &value);

struct YamlLimits {
  uint64_t bytes = uint64_t{1} << 20;
  uint32_t depth = 64;
  uint64_t nodes = 100'000;
};

/// The one document of `source`.
///
/// errors  `runefile.too-big`, `runefile.not-utf8`,
///         `runefile.control-character`, `runefile.crowded-line`,
///         `runefile.yaml-syntax`,
///         `runefile.too-deep`, `runefile.too-many-nodes`,
///         `runefile.alias-loop`, `runefile.tag`, `runefile.several-documents`,
///         `runefile.empty`
/// source  YAML 1.2.2
Result<YamlPtr> readYaml(const SourcePtr &source, const YamlLimits &limits);

} // namespace rune::runefile
