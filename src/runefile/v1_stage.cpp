// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Version 1: one stage. Which key is present says what kind it is.
#include "runefile/v1.h"
#include "runefile/words.h"

#include <algorithm>

namespace rune::runefile::v1 {

namespace {

struct KindFacts {
  StageKind kind;
  std::string_view key;
  std::string_view owner;
  std::string_view needed;
  std::vector<std::string> keys;
};

const std::array kinds = {
    KindFacts{StageKind::Model,
              "model",
              "a model",
              "a file or a `$RESOURCE`",
              {"model", "inputs", "outputs", "args"}},
    KindFacts{StageKind::ProcBlock,
              "proc-block",
              "a proc-block",
              "the path of a block",
              {"proc-block", "inputs", "outputs", "args"}},
    KindFacts{StageKind::Capability,
              "capability",
              "a capability",
              "the name of a capability",
              {"capability", "outputs", "args"}},
    KindFacts{StageKind::Out,
              "out",
              "an out",
              "the name of an output",
              {"out", "inputs", "args"}},
};

bool hasKey(const YamlNode &map, std::string_view key) {
  return std::ranges::any_of(map.entries, [&](const YamlEntry &entry) {
    return entry.key->isScalar() && entry.key->text == key;
  });
}

/// The one kind whose key the stage has; reports none and several.
const KindFacts *kindOf(const Reading &reading, const YamlEntry &entry) {
  const KindFacts *found = nullptr;
  for (const KindFacts &facts : kinds) {
    if (!hasKey(*entry.value, facts.key))
      continue;
    if (found) {
      reading.report
          .error("runefile.several-kinds", reading.at(*entry.key),
                 "the stage `{}` is both {} and {}", entry.key->text,
                 found->owner, facts.owner)
          .withHelp(fmt::format("remove `{}` or `{}`", found->key, facts.key));
      return nullptr;
    }
    found = &facts;
  }
  if (found)
    return found;
  static const std::vector<std::string> keys = {"capability", "proc-block",
                                                "model", "out"};
  Diagnostic &none = reading.report.error(
      "runefile.no-kind", reading.at(*entry.key),
      "the stage `{}` does not say what it is", entry.key->text);
  none.withHelp("give it one of the keys `capability`, `proc-block`, `model` "
                "or `out`");
  for (const YamlEntry &field : entry.value->entries)
    if (suggestion(field.key->text, keys).starts_with("did"))
      none.note(reading.at(*field.key), suggestion(field.key->text, keys));
  return nullptr;
}

template <size_t N>
bool checkKind(const Reading &reading, Word &what,
               const std::array<const char *, N> &known, std::string_view code,
               std::string_view noun) {
  std::string spelling = kindSpelling(what.text);
  if (std::ranges::find(known, spelling) != known.end()) {
    what.text = spelling;
    return true;
  }
  std::vector<std::string> names(known.begin(), known.end());
  std::string help = fmt::format("known are {}", fmt::join(names, ", "));
  std::string near = suggestion(what.text, names);
  reading.report.error(code, what.where, "there is no {} `{}`", noun, what.text)
      .withHelp(near.starts_with("did") ? near + " " + help : help);
  return false;
}

void checkBlockPath(const Reading &reading, const std::string &stage,
                    const Word &what) {
  auto path = parseBlockPath(what.text);
  if (!path) {
    reading.report
        .error("runefile.bad-path", what.where,
               "`{}` cannot be the path of a block", what.text)
        .withHelp("write `base@version#name`, for example "
                  "`hotg-ai/proc-blocks@v0.11.3#normalize`, or `./folder`");
    return;
  }
  if (path->isLocal() || !path->version.empty())
    return;
  std::string pinned = fmt::format("{}@0.11.3", path->base);
  if (!path->subPath.empty())
    pinned += fmt::format("#{}", path->subPath);
  reading.report
      .warning("runefile.unversioned-block", what.where,
               "The proc block used by \"{}\" should have a version specifier",
               stage)
      .withHelp(fmt::format("change it to something like \"{}\"", pinned));
}

bool checkWhat(const Reading &reading, Stage &stage) {
  switch (stage.kind) {
  case StageKind::Capability:
    return checkKind(reading, stage.what, capabilityKinds,
                     "runefile.unknown-capability", "capability");
  case StageKind::Out:
    return checkKind(reading, stage.what, outKinds, "runefile.unknown-out",
                     "out");
  case StageKind::ProcBlock:
    checkBlockPath(reading, stage.name.text, stage.what);
    return true;
  case StageKind::Model:
    break;
  }
  return true;
}

void readInputs(const Reading &reading, const YamlEntry &entry, Stage &stage) {
  const YamlNode *list = reading.list(entry, "stage names");
  if (!list)
    return;
  for (const YamlPtr &item : list->items) {
    auto port = item->kind == YamlKind::Text ? parseStagePort(item->text)
                                             : std::nullopt;
    // `null` and `true` are good names, too, but YAML reads them otherwise.
    if (port)
      stage.inputs.push_back(
          {std::string(port->stage), port->port, reading.at(*item)});
    else
      reading.report
          .error("runefile.bad-reference",
                 reading.at(item->span.begin == item->span.end ? *entry.key
                                                               : *item),
                 "{} is not an input. Expected something like \"fft\" or "
                 "\"fft.2\"",
                 item->kind == YamlKind::Null ? "an empty item"
                                              : describe(*item))
          .withHelp("name a stage, and with a point the number of its output "
                    "if that is not the first");
  }
}

void readOutputs(const Reading &reading, const YamlEntry &entry, Stage &stage) {
  if (const YamlNode *list = reading.list(entry, "outputs"))
    for (const YamlPtr &item : list->items)
      if (auto output = readOutput(reading, *item))
        stage.outputs.push_back(std::move(*output));
}

/// A capability has one output: its samples.
void checkCapabilityOutputs(const Reading &reading, const YamlEntry *outputs,
                            const Stage &stage) {
  size_t count = outputs && outputs->value->kind == YamlKind::List
                     ? outputs->value->items.size()
                     : 0;
  if (count == 1 || (outputs && outputs->value->kind != YamlKind::List))
    return;
  reading.report
      .error("runefile.output-count",
             outputs ? reading.at(*outputs->key) : stage.what.where,
             "the capability `{}` should have one output, but has {}",
             stage.name.text, count)
      .withHelp(count == 0 ? "add `outputs:` with one `type` and `dimensions`"
                           : "keep one; a second capability can give more");
}

} // namespace

std::optional<Stage> readStage(const Reading &reading, const YamlEntry &entry) {
  bool named = checkName(reading, *entry.key, "a stage");
  const YamlNode *map = reading.map(entry, "keys");
  const KindFacts *facts = map ? kindOf(reading, entry) : nullptr;
  if (!facts || !named)
    return std::nullopt;
  Fields fields(reading, *map, facts->keys, facts->owner);
  Stage stage;
  stage.name = reading.word(*entry.key);
  stage.kind = facts->kind;
  auto what = reading.text(*fields.find(facts->key), facts->needed);
  if (what)
    stage.what = std::move(*what);
  if (what)
    checkWhat(reading, stage);
  const YamlEntry *inputs = fields.find("inputs");
  if (inputs && stage.kind != StageKind::Capability)
    readInputs(reading, *inputs, stage);
  const YamlEntry *outputs = fields.find("outputs");
  if (outputs && stage.kind != StageKind::Out)
    readOutputs(reading, *outputs, stage);
  if (stage.kind == StageKind::Capability)
    checkCapabilityOutputs(reading, outputs, stage);
  if (const YamlEntry *args = fields.find("args"))
    if (const YamlNode *arguments = reading.map(*args, "arguments"))
      stage.arguments = readArguments(reading, *arguments);
  return stage;
}

} // namespace rune::runefile::v1
