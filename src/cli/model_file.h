// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model on its way into a Rune: read once, recognised by its content, and
// imported if we can; else kept as it is for a host that can run it.
#pragma once

#include "base/files.h"
#include "graph/store.h"
#include "import/import.h"

#include <memory>
#include <optional>
#include <string>

namespace rune::cli {

/// Where a model stands.
struct ModelPlace {
  /// For messages, and the model's name in the Rune: as the user wrote it.
  std::string name;
  /// A file or a folder; empty if the bytes stand in the Runefile.
  std::string path;
  std::string_view inlineBytes = {};
};

struct ModelFile {
  std::string name;
  /// What it is by its content; empty if that cannot be told.
  std::string format;
  /// None for a file that is kept as it is.
  std::optional<import::ImportedModel> imported;
  /// The graph; or no table, and the file as the one weight.
  graph::StoredGraph stored;
  /// Keep what `stored` points to: a file, or a zip or text of our own.
  std::shared_ptr<const FileBytes> file;
  Bytes own;

  bool isOpaque() const { return !imported.has_value(); }
  /// The encoding in a Rune, of a model that the Runefile says is `declared`.
  std::string encoding(const std::string &declared) const;
};

/// Limits on what a Runefile may name.
constexpr uint64_t maxModelBytes = uint64_t{2} << 30;
constexpr uint64_t maxModelFolderBytes = uint64_t{1} << 30;

/// Folders are zipped. Models of TensorFlow and TensorFlow.js are kept as they
/// are, whether recognised or only `declared` so.
///
/// in      `declared`: the format that the Runefile says; `shapes`: sizes that
///         the file leaves open; `signature`: one of those it offers
/// errors  `file.…`; `link.bad-folder`; `import.empty`; what importing says:
/// all
///         of it goes into `report`, but for the last error, which is returned
Result<ModelFile> readModelFile(const ModelPlace &place,
                                const std::string &declared, Report &report,
                                const import::GivenShapes &shapes = {},
                                const std::string &signature = {});

struct ReadModel : import::ImportedModel {
  /// Constants may point into it.
  std::shared_ptr<const FileBytes> file;
};

/// Reads and imports one file of a format we know, for `model-info`, `verify`
/// and `bench`. `shapes` are sizes that the file leaves open, `signature` one
/// of those the file offers; empty for the one it would choose.
Result<ReadModel> readModel(const std::string &path, Report &report,
                            const import::GivenShapes &shapes = {},
                            const std::string &signature = {});

/// The folder that a model may name files in: its own.
std::string folderOf(const std::string &path);

} // namespace rune::cli
