// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a Runefile says, as a tree: words and numbers with their places, nothing
// resolved yet. Of version 1, the first system's YAML (DESIGN "The Runefile").
#pragma once

#include "base/tensor_type.h"

#include <optional>
#include <string>
#include <vector>

namespace rune::runefile {

/// A value and where it stands.
struct Word {
  std::string text;
  Location where;
};

/// `type` and `dimensions` of one output.
struct Output {
  TensorType type;
  Location where;
};

/// `fft`, or `fft.2` for its third output.
struct Reference {
  std::string stage;
  size_t port = 0;
  Location where;
};

struct Argument {
  enum class Kind {
    /// A string or a number; text is what it says.
    Text,
    /// `$NAME`; text is the name.
    Resource,
  };

  Word name;
  Kind kind = Kind::Text;
  std::string text;
  Location where;
};

enum class StageKind { Capability, ProcBlock, Model, Out };

struct Stage {
  Word name;
  StageKind kind = StageKind::Capability;
  /// Capability and Out: upper case with `_`, "FLOAT_IMAGE". ProcBlock and
  /// Model: as written, so a model may be "$NAME".
  Word what;
  std::vector<Reference> inputs;
  std::vector<Output> outputs;
  std::vector<Argument> arguments;
};

struct Resource {
  Word name;
  /// `type: string`, not `type: binary`.
  bool isText = true;
  /// At most one of both.
  std::optional<Word> inlineText;
  std::optional<Word> path;
};

struct Runefile {
  SourcePtr source;
  uint32_t version = 1;
  Word image;
  /// As written.
  std::vector<Stage> stages;
  std::vector<Resource> resources;
};

/// A Runefile may have at most this many bytes.
constexpr uint64_t maxRunefileBytes = uint64_t{1} << 20;

/// The tree of a Runefile. Reports everything that is wrong, not the first
/// thing only; unknown keys are warnings.
///
/// result  no tree if there were errors: then `Report::failure`
/// errors  `runefile.…`, in the report
Result<Runefile> parseRunefile(const SourcePtr &source, Report &report);

} // namespace rune::runefile
