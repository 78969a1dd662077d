// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runefile/fields.h"

#include "base/did_you_mean.h"

#include <algorithm>
#include <unordered_map>

namespace rune::runefile {

Location Reading::at(const YamlEntry &entry) const {
  const Span &span = entry.value->span;
  return at(span.begin == span.end ? *entry.key : *entry.value);
}

Diagnostic &Reading::wrongType(const YamlEntry &entry,
                               std::string_view needed) const {
  return report.error("runefile.wrong-type", at(entry),
                      "`{}` should be {}, but is {}", entry.key->text, needed,
                      describe(*entry.value));
}

void Reading::duplicateName(const std::string &name, Location first,
                            Location again) const {
  report
      .error("runefile.duplicate-name", again,
             "The name \"{}\" is defined multiple times", name)
      .note(std::move(first), "The first definition is here")
      .note(again, "Redefined here");
}

std::vector<YamlEntry> Reading::uniqueEntries(const YamlNode &map,
                                              Keys keys) const {
  std::vector<YamlEntry> entries;
  std::unordered_map<std::string_view, const YamlNode *> seen;
  for (const YamlEntry &entry : map.entries) {
    const std::string &key = entry.key->text;
    if (!entry.key->isScalar()) {
      report.error("runefile.wrong-type", at(*entry.key),
                   "a key should be a word, but is {}", describe(*entry.key));
      continue;
    }
    auto [first, isNew] = seen.try_emplace(key, entry.key.get());
    if (isNew)
      entries.push_back(entry);
    else if (keys == Keys::Names)
      duplicateName(key, at(*first->second), at(*entry.key));
    else
      report
          .error("runefile.duplicate-key", at(*entry.key),
                 "the key `{}` is given twice", key)
          .note(at(*first->second), "first given here");
  }
  return entries;
}

const YamlNode *Reading::list(const YamlEntry &entry,
                              std::string_view of) const {
  if (entry.value->kind == YamlKind::List)
    return entry.value.get();
  Diagnostic &wrong = wrongType(entry, fmt::format("a list of {}", of));
  if (entry.value->kind == YamlKind::Null)
    wrong.withHelp(fmt::format("remove `{}`, or write the {} below it, each "
                               "after a `-`",
                               entry.key->text, of));
  else
    wrong.withHelp(fmt::format("write each of the {} on its own line after a "
                               "`-`",
                               of));
  return nullptr;
}

const YamlNode *Reading::map(const YamlEntry &entry,
                             std::string_view of) const {
  if (entry.value->kind == YamlKind::Map)
    return entry.value.get();
  wrongType(entry, fmt::format("a map of {}", of));
  return nullptr;
}

std::optional<Word> Reading::text(const YamlEntry &entry,
                                  std::string_view needed) const {
  const YamlNode &value = *entry.value;
  if (value.kind == YamlKind::Text && !value.text.empty())
    return word(value);
  if (value.kind == YamlKind::Text)
    report.error("runefile.wrong-type", at(entry),
                 "`{}` should be {}, but is empty", entry.key->text, needed);
  else
    wrongType(entry, needed);
  return std::nullopt;
}

std::string suggestion(std::string_view word,
                       std::span<const std::string> known) {
  if (auto near = didYouMean(word, known))
    return fmt::format("did you mean `{}`?", *near);
  return fmt::format("known are `{}`", fmt::join(known, "`, `"));
}

Fields::Fields(const Reading &reading, const YamlNode &map,
               std::span<const std::string> known, std::string_view owner,
               Severity severity)
    : entries_(reading.uniqueEntries(map)) {
  for (const YamlEntry &entry : entries_) {
    const std::string &key = entry.key->text;
    if (std::ranges::find(known, key) != known.end())
      continue;
    Diagnostic diagnostic =
        error("runefile.unknown-key", "{} has no key `{}`{}", owner, key,
              severity == Severity::Warning ? "; it is ignored" : "")
            .at(reading.at(*entry.key));
    diagnostic.severity = severity;
    reading.report.add(diagnostic.withHelp(suggestion(key, known)));
  }
}

const YamlEntry *Fields::find(std::string_view key) const {
  for (const YamlEntry &entry : entries_)
    if (entry.key->text == key)
      return &entry;
  return nullptr;
}

} // namespace rune::runefile
