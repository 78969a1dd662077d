// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arguments of models, outs and blocks.
#include "check/capability.h"
#include "check/values.h"

#include "base/did_you_mean.h"

#include <algorithm>
#include <array>
#include <sstream>

namespace rune::check {

constexpr std::array modelFormats = {"onnx", "tensorflow", "tensorflow-js",
                                     "tensorflow-lite"};

/// One warning for all that nobody reads, in the words of the first system.
static void warnUnused(Checking &checking, const Stage &stage,
                       const std::vector<const runefile::Argument *> &unused) {
  if (unused.empty())
    return;
  std::vector<std::string_view> names;
  for (const runefile::Argument *argument : unused)
    names.push_back(argument->name.text);
  Diagnostic &warning = checking.report.warning(
      "check.unused-argument", unused[0]->name.where,
      "Unused arguments for {}: {}", stage.name, fmt::join(names, ", "));
  if (stage.kind == StageKind::Model)
    warning.withHelp(
        "a model has the arguments `format`, `shape` and `signature`");
  else
    warning.withHelp("an out has no arguments; remove `args`");
}

/// What `format:` says, from the resource if it names one.
static std::optional<std::string>
formatText(Checking &checking, const Stage &stage,
           const runefile::Argument &written) {
  if (written.kind == runefile::Argument::Kind::Text)
    return std::string(trimmed(written.text));
  auto resource = findResource(checking, written.text, written.where);
  if (!resource)
    return std::nullopt;
  const Resource &found = checking.pipeline.resources[*resource];
  if (found.inlineText)
    return std::string(trimmed(*found.inlineText));
  checking.report
      .error("check.unknown-format", written.where,
             "Invalid format for \"{}\": `${}` has no inline text", stage.name,
             written.text)
      .note(found.where, "the resource is declared here")
      .withHelp("a format is needed when the Rune is built: write it here");
  return std::nullopt;
}

static void readFormat(Checking &checking, Stage &stage,
                       const runefile::Argument &written) {
  auto format = formatText(checking, stage, written);
  if (!format)
    return;
  stage.format = *format;
  if (std::ranges::find(modelFormats, *format) != modelFormats.end())
    return;
  std::vector<std::string> known(modelFormats.begin(), modelFormats.end());
  Diagnostic &unknown = checking.report.error(
      "check.unknown-format", written.where,
      "Expected the format to be one of {}, but found \"{}\"",
      fmt::join(modelFormats, ", "), *format);
  if (auto near = didYouMean(*format, known))
    unknown.withHelp(fmt::format("did you mean `{}`?", *near));
}

/// `shape: batch=1 input=1x3x224x224`: sizes that the model leaves open.
static void readShapes(Stage &stage, const runefile::Argument &written) {
  stage.shapesWhere = written.where;
  std::istringstream words(written.text);
  for (std::string word; words >> word;)
    stage.shapes.push_back(word);
}

static void readModelArguments(Checking &checking, size_t index) {
  Stage &stage = checking.pipeline.stages[index];
  // The first system always took TensorFlow Lite, and had nothing to run .onnx.
  stage.format = stage.what.ends_with(".onnx") ? "onnx" : "tensorflow-lite";
  std::vector<const runefile::Argument *> unused;
  for (const runefile::Argument &written : checking.written(index).arguments)
    if (written.name.text == "format")
      readFormat(checking, stage, written);
    else if (written.name.text == "shape" &&
             written.kind == runefile::Argument::Kind::Text)
      readShapes(stage, written);
    else if (written.name.text == "signature" &&
             written.kind == runefile::Argument::Kind::Text)
      stage.signature = std::string(trimmed(written.text));
    else
      unused.push_back(&written);
  warnUnused(checking, stage, unused);
}

void readOwnArguments(Checking &checking, size_t index) {
  const Stage &stage = checking.pipeline.stages[index];
  if (stage.kind == StageKind::Capability)
    return readCapabilityArguments(checking, index);
  if (stage.kind == StageKind::Model)
    return readModelArguments(checking, index);
  if (stage.kind != StageKind::Out)
    return;
  std::vector<const runefile::Argument *> all;
  for (const runefile::Argument &written : checking.written(index).arguments)
    all.push_back(&written);
  warnUnused(checking, stage, all);
}

/// Blocks' arguments may be spelled with `-` or `_`.
static std::string folded(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

static bool badValue(Checking &checking, const runefile::Argument &written,
                     const ArgumentInfo &info, std::string_view text) {
  constexpr size_t shown = 40;
  std::string_view line = text.substr(0, std::min(text.find('\n'), shown));
  Diagnostic &bad = checking.report.error("check.bad-argument", written.where,
                                          "`{}` needs {}, but is `{}`{}",
                                          info.name, kindName(info.kind), line,
                                          line.size() < text.size() ? "…" : "");
  if (!info.docs.empty())
    bad.withHelp(fmt::format("`{}`: {}", info.name, info.docs));
  return false;
}

/// A resource stays a reference, since it may be replaced when the Rune runs.
/// What stands in the Runefile must fit all the same.
static bool readResourceArgument(Checking &checking, Stage &stage,
                                 const runefile::Argument &written,
                                 const ArgumentInfo &info) {
  auto resource = findResource(checking, written.text, written.where);
  if (!resource)
    return false;
  const Resource &found = checking.pipeline.resources[*resource];
  if (!found.isText) {
    checking.report
        .error("check.not-text", written.where,
               "\"${}\" should be a string resource", written.text)
        .note(found.where, fmt::format("`{}` is binary", written.text))
        .withHelp(fmt::format("change its type to `string`"));
    return false;
  }
  if (found.inlineText && !valueOf(*found.inlineText, info.kind))
    return badValue(checking, written, info, *found.inlineText);
  stage.arguments.push_back(
      {info.name, ResourceReference{*resource}, written.where});
  return true;
}

static bool readBlockArgument(Checking &checking, Stage &stage,
                              const runefile::Argument &written,
                              const BlockSignature &signature) {
  auto info = std::ranges::find(
      signature.arguments, folded(written.name.text),
      [](const ArgumentInfo &info) { return folded(info.name); });
  if (info == signature.arguments.end()) {
    std::vector<std::string> known;
    for (const ArgumentInfo &argument : signature.arguments)
      known.push_back(argument.name);
    auto near = didYouMean(written.name.text, known);
    checking.report
        .error("check.unknown-argument", written.name.where,
               "the block `{}` has no argument `{}`", signature.name,
               written.name.text)
        .withHelp(near ? fmt::format("did you mean `{}`?", *near)
                  : known.empty()
                      ? "it has no arguments"
                      : fmt::format("it has `{}`", fmt::join(known, "`, `")));
    return false;
  }
  auto twice = std::ranges::find(stage.arguments, info->name, &Argument::name);
  if (twice != stage.arguments.end()) {
    checking.report
        .error("check.argument-given-twice", written.name.where,
               "the argument `{}` is given twice", info->name)
        .note(twice->where, "first given here");
    return false;
  }
  if (written.kind == runefile::Argument::Kind::Resource)
    return readResourceArgument(checking, stage, written, *info);
  auto value = valueOf(written.text, info->kind);
  if (!value)
    return badValue(checking, written, *info, written.text);
  stage.arguments.push_back({info->name, std::move(*value), written.where});
  return true;
}

bool readBlockArguments(Checking &checking, size_t index,
                        const BlockSignature &signature) {
  Stage &stage = checking.pipeline.stages[index];
  const runefile::Stage &written = checking.written(index);
  bool fine = true;
  for (const runefile::Argument &argument : written.arguments)
    fine &= readBlockArgument(checking, stage, argument, signature);
  for (const ArgumentInfo &info : signature.arguments) {
    bool given = std::ranges::any_of(
        written.arguments, [&](const runefile::Argument &argument) {
          return folded(argument.name.text) == folded(info.name);
        });
    if (given || info.optional)
      continue;
    fine = false;
    Diagnostic &missing = checking.report.error(
        "check.missing-argument", written.what.where,
        "the block `{}` needs the argument `{}`", signature.name, info.name);
    missing.withHelp(
        info.docs.empty()
            ? fmt::format("add `{}:` below `args:`", info.name)
            : fmt::format("add `{}:` below `args:`: {}", info.name, info.docs));
  }
  return fine;
}

} // namespace rune::check
