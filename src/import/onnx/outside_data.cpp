// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/outside_data.h"

#include <onnx_facts.pb.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

namespace rune::import {

namespace {

namespace fs = std::filesystem;

constexpr size_t maxLocationBytes = 4096;

struct Place {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

std::optional<uint64_t> numberIn(const std::string &text) {
  uint64_t number = 0;
  const char *end = text.data() + text.size();
  auto [at, fault] = std::from_chars(text.data(), end, number);
  return fault == std::errc() && at == end ? std::optional(number)
                                           : std::nullopt;
}

Result<Place> placeOf(const onnx::TensorProto &tensor) {
  Place place;
  for (const auto &entry : tensor.external_data()) {
    if (entry.key() == "location")
      place.location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length")
      continue; // checksum, and what others keep there
    auto number = numberIn(entry.value());
    if (!number)
      return error("import.malformed",
                   "tensor `{}`: the {} of its elements in another file is no "
                   "number",
                   tensor.name(), entry.key());
    if (entry.key() == "offset")
      place.offset = *number;
    else
      place.length = *number;
  }
  if (place.location.empty())
    return error("import.malformed",
                 "tensor `{}`: its elements are in another file, but the model "
                 "does not say in which",
                 tensor.name());
  return place;
}

/// A relative path of plain names. What its links lead to is looked at later.
bool staysInside(const std::string &location) {
  if (location.size() > maxLocationBytes || !isUtf8(asBytes(location)) ||
      location.find('\\') != location.npos ||
      location.find('\0') != location.npos)
    return false;
  fs::path path(location);
  return path.is_relative() &&
         std::ranges::none_of(
             path, [](const fs::path &part) { return part == ".."; });
}

bool lies(const fs::path &file, const fs::path &folder) {
  auto [rest, at] = std::ranges::mismatch(folder, file);
  return rest == folder.end();
}

Diagnostic leaves(const std::string &location) {
  std::string shown;
  for (char c : location.substr(0, 200))
    shown += c >= 0x20 && c < 0x7f ? c : '?';
  return error("import.outside-folder",
               "the file `{}` of the model's weights is not in the model's "
               "folder",
               shown)
      .withHelp("a model may read only files beside it and below");
}

} // namespace

bool isOutside(const onnx::TensorProto &tensor) {
  return tensor.data_location() == 1 || tensor.external_data_size() > 0;
}

Result<std::shared_ptr<const FileBytes>>
OutsideFiles::open(const std::string &location) {
  auto &file = files_[location];
  if (file)
    return file;
  if (!staysInside(location))
    return leaves(location);
  std::error_code fault;
  fs::path folder = fs::canonical(folder_, fault);
  if (fault)
    return error("file.unreadable", "unable to read `{}`: {}", folder_,
                 fault.message());
  fs::path path = fs::canonical(folder / location, fault);
  if (fault)
    return error("file.not-found",
                 "the file `{}` of the model's weights is "
                 "not there: {}",
                 location, fault.message());
  if (!lies(path, folder))
    return leaves(location);
  file = std::make_shared<const FileBytes>(
      RUNE_TRY(FileBytes::open(path.string(), maxOutsideBytes)));
  return file;
}

Result<OutsideData> OutsideFiles::read(const onnx::TensorProto &tensor) {
  Place place = RUNE_TRY(placeOf(tensor));
  if (folder_.empty())
    return error("import.unsupported",
                 "tensor `{}`: its elements are in another file, but the model "
                 "is in no folder",
                 tensor.name())
        .withHelp("save the model as one file, with its weights inside");
  auto file = RUNE_TRY(open(place.location));
  ByteSpan bytes = file->bytes();
  uint64_t room = bytes.size() - std::min<uint64_t>(place.offset, bytes.size());
  if (place.offset > bytes.size() || place.length.value_or(0) > room)
    return error("import.malformed",
                 "tensor `{}`: {} bytes from {} on of `{}`, which has {}",
                 tensor.name(), place.length.value_or(0), place.offset,
                 place.location, bytes.size());
  bytes = bytes.subspan(place.offset, place.length.value_or(room));
  return OutsideData{bytes, file, !place.length.has_value()};
}

} // namespace rune::import
