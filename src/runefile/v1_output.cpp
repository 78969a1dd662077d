// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Version 1: `type` and `dimensions` of an output. Dimensions are fixed.
#include "runefile/v1.h"

#include "base/did_you_mean.h"
#include "base/tensor.h"

#include <algorithm>
#include <charconv>

namespace rune::runefile::v1 {

static const std::vector<std::string> outputKeys = {"type", "dimensions"};
static const std::vector<std::string> typeNames = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "u64", "i64", "f64", "utf8"};

/// "f32" for "float32", as other systems call it.
static std::string shortType(const std::string &name) {
  for (std::string_view longName : {"float", "uint", "int"})
    if (name.starts_with(longName))
      return name.substr(0, 1) + name.substr(longName.size());
  return name;
}

static std::optional<DType> readType(const Reading &reading,
                                     const YamlEntry &entry) {
  auto word = reading.text(entry, "an element type");
  if (!word)
    return std::nullopt;
  auto dtype = dtypeNamed(word->text);
  if (dtype &&
      std::ranges::find(typeNames, dtypeName(*dtype)) != typeNames.end())
    return dtype;
  auto near = didYouMean(shortType(word->text), typeNames);
  bool isText = word->text == "str" || word->text == "string";
  std::string help =
      isText ? "for text write `utf8`"
      : near ? fmt::format("did you mean `{}`?", *near)
             : fmt::format("known are {}", fmt::join(typeNames, ", "));
  reading.report
      .error("runefile.unknown-type", word->where,
             "Unknown element type, \"{}\"", word->text)
      .withHelp(std::move(help));
  return std::nullopt;
}

/// A dimension as blocks get it: 32 bits, not negative.
static std::optional<int64_t>
readDimension(const Reading &reading, const YamlNode &node, Location list) {
  std::string_view text = node.text;
  uint32_t size = 0;
  auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), size);
  if (node.kind == YamlKind::Integer && fault == std::errc() &&
      end == text.data() + text.size())
    return size;
  reading.report
      .error("runefile.bad-dimension",
             node.span.begin == node.span.end ? std::move(list)
                                              : reading.at(node),
             "a dimension should be a number from 0 to {}, but is {}",
             UINT32_MAX, describe(node))
      .withHelp("in version 1 every dimension is written out");
  return std::nullopt;
}

static std::optional<std::vector<int64_t>>
readDimensions(const Reading &reading, const YamlEntry &entry, DType dtype) {
  constexpr size_t maxRank = 32;
  const YamlNode *list = reading.list(entry, "numbers");
  if (!list)
    return std::nullopt;
  if (list->items.size() > maxRank) {
    reading.report.error("runefile.bad-dimension", reading.at(entry),
                         "{} dimensions, the limit is {}", list->items.size(),
                         maxRank);
    return std::nullopt;
  }
  std::vector<int64_t> sizes;
  for (const YamlPtr &item : list->items)
    if (auto size = readDimension(reading, *item, reading.at(entry)))
      sizes.push_back(*size);
  if (sizes.size() != list->items.size())
    return std::nullopt;
  auto bytes =
      dtype == DType::Utf8 ? elementCount(sizes) : tensorBytes(dtype, sizes);
  if (!bytes || *bytes > Tensor::defaultMaxBytes) {
    std::string size =
        bytes ? fmt::format("{} bytes", *bytes) : "over 2^63 bytes";
    reading.report.error("runefile.bad-dimension", reading.at(entry),
                         "a tensor of {}[{}] would need {}, the limit is {}",
                         dtypeName(dtype), fmt::join(sizes, ", "), size,
                         Tensor::defaultMaxBytes);
    return std::nullopt;
  }
  return sizes;
}

std::optional<Output> readOutput(const Reading &reading, const YamlNode &node) {
  if (node.kind != YamlKind::Map) {
    reading.report
        .error("runefile.wrong-type", reading.at(node),
               "an output should be a map, but is {}", describe(node))
        .withHelp("write `- type: f32` and below it `dimensions: [1, 10]`");
    return std::nullopt;
  }
  Fields fields(reading, node, outputKeys, "an output");
  const YamlEntry *type = fields.find("type");
  if (!type)
    missingField(reading, reading.at(node), "type")
        .withHelp("add the type of the elements, such as `type: f32`");
  auto dtype = type ? readType(reading, *type) : std::nullopt;
  Output output;
  output.where = type ? reading.at(*type) : reading.at(node);
  output.type.dtype = dtype.value_or(DType::U8);
  if (const YamlEntry *entry = fields.find("dimensions"))
    if (auto sizes = readDimensions(reading, *entry, output.type.dtype))
      output.type.dims.assign(sizes->begin(), sizes->end());
  return output;
}

} // namespace rune::runefile::v1
