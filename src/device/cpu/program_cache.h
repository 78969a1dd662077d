// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled models kept on disk between runs, in the folder of the engine's code
// and by its rules (engine/native/code_cache.h): the folder is private, the
// head of a program is believed only under this user's seal, and what is torn,
// stale or foreign counts as none. The data of a program (its weights as the
// code reads them) lies beside it as `KEY.data` and is mapped: it is not
// hashed when it is used, but by `rune cache verify`.
#pragma once

#include "compile/artifact.h"
#include "engine/native/code_cache.h"

namespace rune::device {

/// What tells one model from another, without a look at its weights where they
/// were hashed before.
using ModelIdentity = Sha256;
using Sizes = std::vector<std::vector<int64_t>>;

class ProgramCache {
public:
  /// errors  `engine.cache-folder`
  static Result<ProgramCache> open(const std::string &folder);

  Sha256 keyOf(const ModelIdentity &model, const Sizes &sizes,
               const compile::Options &options) const;

  /// in      `known`: the constants of the model (compile::constantsOf); they
  ///         outlive the program
  std::optional<compile::Program> find(const Sha256 &key,
                                       std::span<const ByteSpan> known) const;
  /// errors  `file.unwritable`; `device.cache-full`: too large to keep
  Result<> keep(const Sha256 &key, const compile::Program &program,
                std::span<const ByteSpan> known) const;

  /// The hash of a file, computed once as long as the file does not change
  /// (name, size, time of change).
  Sha256 hashOf(const std::string &path, ByteSpan bytes) const;

private:
  explicit ProgramCache(engine::native::CodeCache cache)
      : cache_(std::move(cache)) {}
  engine::native::CodeCache cache_;
};

/// A hash of the sources that settle what becomes of a model.
std::string_view compilerId();

/// The identity of a graph that was imported from a file. Constants that point
/// into the file are known by the file's hash, others are hashed.
///
/// in      `how`: what else decided the result: sizes, a signature
ModelIdentity identityOf(const graph::Graph &graph, ByteSpan file,
                         const Sha256 &fileHash, std::string_view how);

} // namespace rune::device
