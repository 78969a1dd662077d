// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/verify_folder.h"

#include "base/files.h"
#include "import/npy.h"
#include "import/npz.h"
#include "import/onnx/tensor_file.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace rune::import {
namespace {

namespace fs = std::filesystem;

/// More files than any model has inputs.
constexpr size_t maxFiles = 4096;

bool isThere(const fs::path &path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// The number behind `test_data_set_`.
std::optional<uint64_t> setNumber(const std::string &name) {
  constexpr std::string_view prefix = "test_data_set_";
  if (!name.starts_with(prefix))
    return std::nullopt;
  uint64_t number = 0;
  const char *begin = name.data() + prefix.size();
  const char *end = name.data() + name.size();
  auto [stop, fault] = std::from_chars(begin, end, number);
  return fault == std::errc() && stop == end ? std::optional(number)
                                             : std::nullopt;
}

/// A file of 2 GB holds no more than a tensor may have.
constexpr uint64_t maxFileBytes = uint64_t{2} << 30;

/// Reads a file by `parse`; what it says gets the file's name.
template <class Parse>
Result<NamedItem> readOther(const fs::path &path, Parse parse) {
  FileBytes file = RUNE_TRY(FileBytes::open(path.string(), maxFileBytes));
  auto tensor = parse(file.bytes());
  if (!tensor)
    return std::move(tensor).error().at({Source::binary(path.string()), {}});
  return NamedItem{{}, graph::Item::of(*std::move(tensor))};
}

/// KIND_I.pb, .npy or .bin, the last as what the model takes or gives; nothing
/// where there is none.
Result<std::optional<NamedItem>> readOne(const fs::path &folder,
                                         const std::string &stem,
                                         const graph::ValueType *type) {
  fs::path proto = folder / (stem + ".pb"), numpy = folder / (stem + ".npy"),
           bare = folder / (stem + ".bin");
  if (isThere(proto))
    return std::optional(RUNE_TRY(
        readItemFile(proto.string(), type ? *type : graph::ValueType())));
  if (isThere(numpy))
    return std::optional(RUNE_TRY(readOther(numpy, parseNpy)));
  if (isThere(bare) && type && type->isTensor())
    return std::optional(RUNE_TRY(readOther(
        bare, [&](ByteSpan bytes) { return tensorOfBytes(*type, bytes); })));
  return std::optional<NamedItem>();
}

/// All of one .npz, KINDs.npz: by the names of the inputs or outputs, or in its
/// order where it has other names, as numpy's `arr_0`.
Result<std::vector<NamedItem>>
readArchive(const graph::Graph &graph, const std::vector<graph::ValueId> &ends,
            const fs::path &path) {
  FileBytes file = RUNE_TRY(FileBytes::open(path.string(), maxFileBytes));
  auto arrays = parseNpz(file.bytes());
  if (!arrays)
    return std::move(arrays).error().at({Source::binary(path.string()), {}});
  std::vector<NamedItem> items;
  for (auto &[name, tensor] : *arrays)
    items.push_back({name, graph::Item::of(std::move(tensor))});
  std::vector<NamedItem> ordered;
  for (graph::ValueId end : ends)
    for (const NamedItem &item : items)
      if (item.name == graph.values[end].name)
        ordered.push_back(item);
  return ordered.size() == ends.size() ? ordered : items;
}

/// KIND_0, KIND_1, … as far as they go, or KINDs.npz.
Result<std::vector<NamedItem>> readAll(const graph::Graph &graph,
                                       const std::vector<graph::ValueId> &ends,
                                       const fs::path &folder,
                                       std::string_view kind) {
  fs::path archive = folder / (std::string(kind) + "s.npz");
  if (isThere(archive))
    return readArchive(graph, ends, archive);
  std::vector<NamedItem> items;
  for (size_t i = 0; i < maxFiles; ++i) {
    const graph::ValueType *type =
        i < ends.size() ? &graph.values[ends[i]].type : nullptr;
    auto item = RUNE_TRY(readOne(folder, fmt::format("{}_{}", kind, i), type));
    if (!item)
      break;
    items.push_back(*std::move(item));
  }
  return items;
}

/// True if a folder holds outputs itself.
bool isDataSet(const fs::path &folder) {
  return isThere(folder / "output_0.pb") || isThere(folder / "output_0.npy") ||
         isThere(folder / "output_0.bin") || isThere(folder / "outputs.npz");
}

Diagnostic wrongCount(const std::string &folder, std::string_view kind,
                      size_t files, size_t needed) {
  return error("verify.no-data", "{} files {}_N, the model has {} {}s", files,
               kind, needed, kind)
      .at({Source::binary(folder), {}});
}

/// Where each input of the graph stands among the files, if their names say so.
std::optional<std::vector<size_t>>
placesByName(const graph::Graph &graph, const std::vector<NamedItem> &files) {
  std::vector<size_t> places;
  for (graph::ValueId input : graph.inputs) {
    auto found =
        std::ranges::find(files, graph.values[input].name, &NamedItem::name);
    if (found == files.end())
      return std::nullopt;
    places.push_back(static_cast<size_t>(found - files.begin()));
  }
  return places;
}

Result<graph::Items> matchInputs(const graph::Graph &graph,
                                 const std::vector<NamedItem> &files,
                                 const std::string &folder) {
  graph::Items items;
  if (auto places = placesByName(graph, files)) {
    for (size_t place : *places)
      items.push_back(files[place].item);
    return items;
  }
  if (files.size() != graph.inputs.size())
    return wrongCount(folder, "input", files.size(), graph.inputs.size());
  for (const NamedItem &file : files)
    items.push_back(file.item);
  return items;
}

} // namespace

bool CaseOutcome::passed() const {
  return std::ranges::all_of(
      outputs, [](const Output &output) { return output.comparison.equal; });
}

std::string CaseOutcome::failures() const {
  std::string text;
  for (const Output &output : outputs)
    if (!output.comparison.equal)
      text += fmt::format("{}: output `{}`: {}\n", folder, output.name,
                          output.comparison.why);
  return text;
}

Result<std::vector<std::string>> dataSets(const std::string &directory) {
  if (isDataSet(directory))
    return std::vector{directory};
  std::error_code fault;
  std::vector<std::pair<uint64_t, std::string>> found;
  for (fs::directory_iterator at(directory, fault), end; !fault && at != end;
       at.increment(fault))
    if (auto number = setNumber(at->path().filename().string()))
      found.emplace_back(*number, at->path().string());
  if (fault)
    return error(isThere(directory) ? "file.unreadable" : "file.not-found",
                 "{}", fault.message())
        .at({Source::binary(directory), {}});
  if (found.empty())
    return error("verify.no-data",
                 "neither output_0.pb, .npy or .bin, outputs.npz nor a folder "
                 "test_data_set_0")
        .at({Source::binary(directory), {}});
  std::ranges::sort(found);
  std::vector<std::string> folders;
  for (auto &[number, path] : found)
    folders.push_back(std::move(path));
  return folders;
}

Result<CaseOutcome> verifyCase(const graph::Graph &graph,
                               const std::string &dataSet,
                               const ToleranceOptions &options,
                               const ItemRunner &runner) {
  auto inputs = RUNE_TRY(readAll(graph, graph.inputs, dataSet, "input"));
  auto wanted = RUNE_TRY(readAll(graph, graph.outputs, dataSet, "output"));
  if (wanted.size() != graph.outputs.size())
    return wrongCount(dataSet, "output", wanted.size(), graph.outputs.size());
  auto items = RUNE_TRY(matchInputs(graph, inputs, dataSet));
  auto got = RUNE_TRY(runner(std::move(items)));
  if (got.size() != wanted.size())
    return error("verify.runner",
                 "the runner gave {} outputs, the model has {}", got.size(),
                 wanted.size());
  CaseOutcome outcome{dataSet, {}};
  for (size_t i = 0; i < got.size(); ++i)
    outcome.outputs.push_back({graph.values[graph.outputs[i]].name,
                               compareItems(got[i], wanted[i].item, options)});
  return outcome;
}

Result<CaseOutcome> verifyCase(const graph::Graph &graph,
                               const std::string &dataSet,
                               const ToleranceOptions &options,
                               const Runner &runner) {
  RUNE_TRY(graph::checkInterface(graph));
  ItemRunner wrapped = [&](graph::Items inputs) -> Result<graph::Items> {
    std::vector<TensorView> views;
    for (const graph::Item &item : inputs)
      views.push_back(item.view());
    graph::Items results;
    for (Tensor &tensor : RUNE_TRY(runner(views)))
      results.push_back(graph::Item::of(std::move(tensor)));
    return results;
  };
  return verifyCase(graph, dataSet, options, wrapped);
}

} // namespace rune::import
