// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/arguments.h"

#include "base/did_you_mean.h"
#include "runtime/guest_text.h"

#include <charconv>
#include <cmath>

namespace rune::runtime {

using block::ValueKind;
using container::ArgumentValue;

namespace {

bool sameName(std::string_view a, std::string_view b) {
  auto plain = [](char c) { return c == '-' ? '_' : c; };
  return std::ranges::equal(a, b, {}, plain, plain);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  size_t begin = text.find_first_not_of(space);
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

/// The number that the whole text spells.
template <class T> std::optional<T> parsed(std::string_view text) {
  text = trimmed(text);
  T number{};
  auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size())
    return {};
  return number;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t end = text.find(separator); end != text.npos;
       end = text.find(separator)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (!text.empty())
    parts.push_back(text);
  return parts;
}

std::optional<bool> asBoolean(const ArgumentValue &value) {
  if (auto *boolean = std::get_if<bool>(&value))
    return *boolean;
  auto *text = std::get_if<std::string>(&value);
  if (text && (trimmed(*text) == "true" || trimmed(*text) == "false"))
    return trimmed(*text) == "true";
  return {};
}

std::optional<int64_t> asInteger(const ArgumentValue &value) {
  if (auto *integer = std::get_if<int64_t>(&value))
    return *integer;
  if (auto *number = std::get_if<double>(&value))
    return std::trunc(*number) == *number && std::abs(*number) < 0x1p53
               ? std::optional<int64_t>(static_cast<int64_t>(*number))
               : std::nullopt;
  if (auto *text = std::get_if<std::string>(&value))
    return parsed<int64_t>(*text);
  return {};
}

std::optional<double> asNumber(const ArgumentValue &value) {
  if (auto *number = std::get_if<double>(&value))
    return *number;
  if (auto *integer = std::get_if<int64_t>(&value))
    return static_cast<double>(*integer);
  if (auto *text = std::get_if<std::string>(&value))
    return parsed<double>(*text);
  return {};
}

std::optional<std::string> asText(const ArgumentValue &value) {
  if (auto *text = std::get_if<std::string>(&value))
    return *text;
  if (auto *integer = std::get_if<int64_t>(&value))
    return fmt::format("{}", *integer);
  if (auto *number = std::get_if<double>(&value))
    return fmt::format("{}", *number);
  if (auto *boolean = std::get_if<bool>(&value))
    return *boolean ? "true" : "false";
  return {};
}

/// A list: as it is, from the parts of a text, or of one value.
template <class T, class One>
std::optional<std::vector<T>> asList(const ArgumentValue &value, char separator,
                                     One one) {
  if (auto *list = std::get_if<std::vector<T>>(&value))
    return *list;
  std::vector<T> list;
  auto add = [&](const ArgumentValue &item) {
    std::optional<T> element = one(item);
    if (element)
      list.push_back(std::move(*element));
    return element.has_value();
  };
  if (auto *text = std::get_if<std::string>(&value)) {
    for (std::string_view part : split(*text, separator))
      if (!add(std::string(part)))
        return {};
    return list;
  }
  if (auto *integers = std::get_if<std::vector<int64_t>>(&value)) {
    for (int64_t integer : *integers)
      if (!add(integer))
        return {};
    return list;
  }
  return add(value) ? std::optional(std::move(list)) : std::nullopt;
}

template <class T> std::optional<block::Value> wrapped(std::optional<T> value) {
  if (!value)
    return {};
  return block::Value{std::move(*value)};
}

std::string_view kindName(ValueKind kind) {
  constexpr std::string_view names[] = {
      "a boolean",          "an integer",        "a number",       "a text",
      "a list of integers", "a list of numbers", "a list of texts"};
  return names[static_cast<size_t>(kind)];
}

ArgumentValue resolved(const ArgumentValue &value,
                       const ResourceTexts &resources) {
  if (auto *reference = std::get_if<container::ResourceReference>(&value))
    return resources[reference->resource];
  return value;
}

Diagnostic unknownArgument(const std::string &stage, const std::string &name,
                           const block::Metadata &metadata) {
  Diagnostic why = error("runtime.unknown-argument",
                         "stage `{}`: block `{}` has no argument `{}`", stage,
                         printable(metadata.name), name);
  std::vector<std::string> names;
  for (const block::ArgumentInfo &info : metadata.arguments)
    names.push_back(printable(info.name));
  if (auto near = didYouMean(name, names))
    why.withHelp(fmt::format("did you mean `{}`?", *near));
  else if (!names.empty())
    why.withHelp(fmt::format("it has `{}`", fmt::join(names, "`, `")));
  return why;
}

const block::ArgumentInfo *findInfo(const block::Metadata &metadata,
                                    std::string_view name) {
  for (const block::ArgumentInfo &info : metadata.arguments)
    if (sameName(info.name, name))
      return &info;
  return nullptr;
}

} // namespace

std::optional<block::Value> convertArgument(const ArgumentValue &value,
                                            ValueKind kind) {
  switch (kind) {
  case ValueKind::Boolean:
    return wrapped(asBoolean(value));
  case ValueKind::Integer:
    return wrapped(asInteger(value));
  case ValueKind::Number:
    return wrapped(asNumber(value));
  case ValueKind::Text:
    return wrapped(asText(value));
  case ValueKind::Integers:
    return wrapped(asList<int64_t>(value, ',', asInteger));
  case ValueKind::Numbers:
    return wrapped(asList<double>(value, ',', asNumber));
  case ValueKind::Texts:
    return wrapped(asList<std::string>(value, '\n', asText));
  }
  return {};
}

Result<std::vector<block::Argument>>
bindArguments(const std::string &stage, const block::Metadata &metadata,
              std::span<const container::Argument> given,
              const ResourceTexts &resources) {
  std::vector<block::Argument> bound;
  auto isBound = [&](const std::string &name) {
    return std::ranges::find(bound, name, &block::Argument::name) !=
           bound.end();
  };
  for (const container::Argument &argument : given) {
    const block::ArgumentInfo *info = findInfo(metadata, argument.name);
    if (!info)
      return unknownArgument(stage, argument.name, metadata);
    if (isBound(info->name))
      return error("runtime.bad-argument",
                   "stage `{}`: argument `{}` is given twice", stage,
                   argument.name);
    auto value =
        convertArgument(resolved(argument.value, resources), info->kind);
    if (!value)
      return error("runtime.bad-argument",
                   "stage `{}`: argument `{}` must be {}", stage, argument.name,
                   kindName(info->kind));
    bound.push_back({info->name, std::move(*value)});
  }
  for (const block::ArgumentInfo &info : metadata.arguments)
    if (!info.defaultValue && !isBound(info.name))
      return error("runtime.missing-argument",
                   "stage `{}`: block `{}` needs the argument `{}`, {}", stage,
                   printable(metadata.name), printable(info.name),
                   kindName(info.kind));
  return bound;
}

std::optional<ArgumentValue> StageArguments::find(std::string_view name) const {
  for (const container::Argument &argument : stage_.arguments)
    if (sameName(argument.name, name))
      return resolved(argument.value, resources_);
  return {};
}

Result<std::optional<int64_t>> StageArguments::integer(std::string_view name,
                                                       int64_t low,
                                                       int64_t high) const {
  auto value = find(name);
  if (!value)
    return std::optional<int64_t>();
  auto integer = asInteger(*value);
  if (!integer || *integer < low || *integer > high)
    return error("runtime.bad-argument",
                 "stage `{}`: argument `{}` must be an integer from {} to {}",
                 stage_.name, name, low, high);
  return integer;
}

Result<std::optional<std::string>>
StageArguments::text(std::string_view name) const {
  auto value = find(name);
  if (!value)
    return std::optional<std::string>();
  auto text = asText(*value);
  if (!text)
    return error("runtime.bad-argument",
                 "stage `{}`: argument `{}` must be a text", stage_.name, name);
  return text;
}

} // namespace rune::runtime
