// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arguments of capabilities, and whether they agree with the declared
// output: both state the same size, and the first system compared them only
// when it ran.
#include "check/capability.h"

#include "base/did_you_mean.h"
#include "check/values.h"

#include <algorithm>
#include <array>

namespace rune::check {

namespace {

enum class ParameterKind { Count, PixelFormat };

struct Parameter {
  std::string_view capability;
  std::string_view name;
  ParameterKind kind;
  bool required;
};

constexpr Parameter parameters[] = {
#define RUNE_CAPABILITY_ARGUMENT(capability, name, kind, required)             \
  {capability, name, ParameterKind::kind, required},
#include "check/capability_arguments.def"
#undef RUNE_CAPABILITY_ARGUMENT
};
constexpr Parameter source = {"", "source", ParameterKind::Count, false};

/// In the order of their numbers.
constexpr std::array pixelFormats = {"RGB", "BGR", "GrayScale"};

const Parameter *parameterNamed(std::string_view capability,
                                std::string_view name) {
  for (const Parameter &parameter : parameters)
    if (parameter.capability == capability && parameter.name == name)
      return &parameter;
  return name == source.name ? &source : nullptr;
}

std::vector<std::string> namesOf(std::string_view capability) {
  std::vector<std::string> names;
  for (const Parameter &parameter : parameters)
    if (parameter.capability == capability)
      names.emplace_back(parameter.name);
  names.emplace_back(source.name);
  return names;
}

std::optional<ArgumentValue> count(Report &report,
                                   const runefile::Argument &written) {
  auto value = valueOf(written.text, ValueKind::Integer);
  const int64_t *number = value ? std::get_if<int64_t>(&*value) : nullptr;
  if (number && *number >= 0 && *number <= INT32_MAX)
    return *number;
  report.error("check.bad-argument", written.where,
               "`{}` needs a whole number from 0 to {}, but is `{}`",
               written.name.text, INT32_MAX, trimmed(written.text));
  return std::nullopt;
}

/// `@PixelFormat::RGB`, a piece of Rust in the first system; `RGB`; or 0.
std::optional<ArgumentValue> pixelFormat(Report &report,
                                         const runefile::Argument &written) {
  std::string_view word = trimmed(written.text);
  std::string_view name = word.substr(word.starts_with('@') ? 1 : 0);
  constexpr std::string_view type = "PixelFormat::";
  if (name.starts_with(type))
    name.remove_prefix(type.size());
  auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  for (size_t i = 0; i < pixelFormats.size(); ++i)
    if (std::ranges::equal(name, std::string_view(pixelFormats[i]), same) ||
        name == std::to_string(i))
      return static_cast<int64_t>(i);
  report
      .error("check.bad-argument", written.where, "`{}` is no pixel format",
             word)
      .withHelp(fmt::format("write one of {}", fmt::join(pixelFormats, ", ")));
  return std::nullopt;
}

/// A value of an argument we do not know: as it looks.
ArgumentValue asItLooks(std::string_view text) {
  for (ValueKind kind : {ValueKind::Integer, ValueKind::Number})
    if (auto value = valueOf(text, kind))
      return *value;
  return std::string(text);
}

void warnUnknown(Checking &checking, const Stage &stage,
                 const runefile::Argument &written) {
  std::vector<std::string> known = namesOf(stage.what);
  auto near = didYouMean(written.name.text, known);
  checking.report
      .warning("check.unknown-capability-argument", written.name.where,
               "the capability `{}` has no argument `{}`", stage.what,
               written.name.text)
      .withHelp(near ? fmt::format("did you mean `{}`?", *near)
                     : fmt::format("known are `{}`", fmt::join(known, "`, `")));
}

std::optional<ArgumentValue> valueFor(Checking &checking, const Stage &stage,
                                      const runefile::Argument &written,
                                      std::string_view name) {
  const Parameter *parameter = parameterNamed(stage.what, name);
  if (written.kind == runefile::Argument::Kind::Resource) {
    checking.report
        .error("check.bad-argument", written.where,
               "an argument of a capability cannot come from a resource")
        .withHelp("write the value itself");
    return std::nullopt;
  }
  if (!parameter) {
    warnUnknown(checking, stage, written);
    return asItLooks(written.text);
  }
  return parameter->kind == ParameterKind::Count
             ? count(checking.report, written)
             : pixelFormat(checking.report, written);
}

const int64_t *numberOf(const Stage &stage, std::string_view name) {
  for (const Argument &argument : stage.arguments)
    if (argument.name == name)
      return std::get_if<int64_t>(&argument.value);
  return nullptr;
}

/// Elements or bytes that the arguments ask for; nothing if they do not say.
struct Amount {
  int64_t number;
  std::string_view unit;
};
std::optional<Amount> amountOf(const Stage &stage) {
  auto number = [&](std::string_view name) { return numberOf(stage, name); };
  // Each number is below 2^31; three of them need not fit, two always do.
  if (auto *width = number("width"), *height = number("height");
      width && height && stage.what == "IMAGE") {
    auto *format = number("pixel_format");
    __int128 wide =
        __int128{*width} * *height * (format && *format == 2 ? 1 : 3);
    if (wide <= INT64_MAX)
      return Amount{static_cast<int64_t>(wide), "elements"};
  }
  if (auto *hz = number("hz"), *ms = number("sample_duration_ms"); hz && ms)
    return Amount{*hz * *ms / 1000, "elements"};
  if (auto *samples = number(numberOf(stage, "samples") ? "samples" : "n");
      samples && stage.what == "ACCEL")
    return Amount{*samples * 3, "elements"};
  if (auto *length = number("length"); length && stage.what == "RAW")
    return Amount{*length, "bytes"};
  if (auto *amount = number("amount"); amount && stage.what == "RAND")
    return Amount{*amount * 4, "bytes"};
  return std::nullopt;
}

void compareWithOutput(Checking &checking, size_t index) {
  const Stage &stage = checking.pipeline.stages[index];
  auto amount = amountOf(stage);
  if (!amount || stage.outputs.size() != 1 ||
      stage.outputs[0].dtype == DType::Utf8)
    return;
  const TensorType &type = stage.outputs[0];
  std::vector<int64_t> sizes = type.sizes();
  auto needed = amount->unit == "bytes" ? tensorBytes(type.dtype, sizes)
                                        : elementCount(sizes);
  if (!needed || *needed == static_cast<uint64_t>(amount->number))
    return;
  const runefile::Stage &written = checking.written(index);
  checking
      .lenient("check.capability-size", written.outputs[0].where,
               "`{}` gives {}, which has {} {}, but its arguments ask for {}",
               stage.name, type.str(), *needed, amount->unit, amount->number)
      .note(stage.arguments[0].where, "the arguments begin here")
      .withHelp("change the `dimensions` or the arguments so that they agree");
}

} // namespace

void readCapabilityArguments(Checking &checking, size_t index) {
  Stage &stage = checking.pipeline.stages[index];
  for (const runefile::Argument &written : checking.written(index).arguments) {
    std::string name = written.name.text;
    std::ranges::replace(name, '-', '_');
    if (auto value = valueFor(checking, stage, written, name))
      stage.arguments.push_back({name, *value, written.where});
  }
  for (const Parameter &parameter : parameters)
    if (parameter.capability == stage.what && parameter.required &&
        std::ranges::none_of(checking.written(index).arguments,
                             [&](const runefile::Argument &written) {
                               std::string name = written.name.text;
                               std::ranges::replace(name, '-', '_');
                               return name == parameter.name;
                             }))
      checking
          .lenient("check.missing-capability-argument", stage.where,
                   "the capability `{}` of `{}` needs the argument `{}`",
                   stage.what, stage.name, parameter.name)
          .withHelp(fmt::format("add `{}:` below `args:`", parameter.name));
  compareWithOutput(checking, index);
}

} // namespace rune::check
