// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/model_file.h"

#include "cli/paths.h"
#include "container/encodings.h"
#include "link/zip.h"

#include <filesystem>
#include <utility>

namespace rune::cli {

std::string ModelFile::encoding(const std::string &declared) const {
  if (!isOpaque())
    return std::string(container::graphEncoding);
  return format.empty() ? declared : format;
}

/// Imports with a report of its own: errors found elsewhere are not this
/// model's.
static Result<import::ImportedModel>
importApart(ByteSpan bytes, std::shared_ptr<const void> owner,
            const std::string &name, const import::ImportOptions &options,
            Report &report) {
  Report own;
  auto model = import::importModel(bytes, std::move(owner),
                                   Source::binary(name), own, options);
  std::optional<Diagnostic> last;
  for (const Diagnostic &diagnostic : own.diagnostics()) {
    if (last)
      report.add(*std::exchange(last, std::nullopt));
    if (!model && diagnostic.severity == Severity::Error)
      last = diagnostic;
    else
      report.add(diagnostic);
  }
  if (last)
    return *last;
  return model;
}

/// A folder's format, by the file that describes it.
static std::string folderFormat(const std::string &path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::exists(fs::path(path) / "model.json", ignored))
    return "tensorflow-js";
  return fs::exists(fs::path(path) / "saved_model.pb", ignored) ? "tensorflow"
                                                                : "";
}

static Result<ModelFile> readFolder(const ModelPlace &place) {
  ModelFile model;
  model.name = place.name;
  model.format = folderFormat(place.path);
  if (model.format.empty())
    return error("import.unknown-format",
                 "the folder `{}` is no model of a known format", place.name)
        .withHelp("a folder with a `model.json` is a TensorFlow.js model, one "
                  "with a `saved_model.pb` a TensorFlow model");
  model.own = RUNE_TRY(link::zipFolder(place.path, maxModelFolderBytes));
  model.stored.weights = {model.own};
  return model;
}

/// Formats that we can name but not read.
static bool isForOthers(std::string_view format) {
  return format == "tensorflow" || format == "tensorflow-js";
}

Result<ModelFile> readModelFile(const ModelPlace &place,
                                const std::string &declared, Report &report,
                                const import::GivenShapes &shapes,
                                const std::string &signature) {
  if (!place.path.empty() && isFolder(place.path))
    return readFolder(place);
  ModelFile model;
  model.name = place.name;
  ByteSpan inlineBytes = asBytes(place.inlineBytes);
  model.own.assign(inlineBytes.begin(), inlineBytes.end());
  ByteSpan bytes = model.own;
  if (!place.path.empty()) {
    model.file = std::make_shared<FileBytes>(
        RUNE_TRY(FileBytes::open(place.path, maxModelBytes)));
    bytes = model.file->bytes();
  }
  if (bytes.empty())
    return error("import.empty", "the model `{}` is empty", place.name);
  model.format = import::recognise(bytes);
  if (model.format.empty() && isForOthers(declared)) {
    if (!shapes.empty())
      return error("import.unknown-shape",
                   "sizes are given for `{}`, which is kept as it is",
                   place.name);
    if (!signature.empty())
      return error("import.unknown-signature",
                   "`{}` is kept as it is: it has no signature `{}`",
                   place.name, signature);
    model.stored.weights = {bytes};
    return model;
  }
  const std::string &seen = place.path.empty() ? place.name : place.path;
  model.imported = RUNE_TRY(importApart(
      bytes, model.file, seen,
      {shapes, place.path.empty() ? std::string() : folderOf(place.path),
       signature},
      report));
  model.stored = RUNE_TRY(graph::store(model.imported->graph));
  return model;
}

std::string folderOf(const std::string &path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

Result<ReadModel> readModel(const std::string &path, Report &report,
                            const import::GivenShapes &shapes,
                            const std::string &signature) {
  auto file = std::make_shared<FileBytes>(
      RUNE_TRY(FileBytes::open(path, maxModelBytes)));
  auto imported = RUNE_TRY(
      import::importModel(file->bytes(), file, Source::binary(path), report,
                          {shapes, folderOf(path), signature}));
  return ReadModel{std::move(imported), std::move(file)};
}

} // namespace rune::cli
