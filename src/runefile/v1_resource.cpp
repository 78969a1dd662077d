// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Version 1: one resource. Unknown keys are errors here, as in the first
// system.
#include "runefile/v1.h"

#include <cctype>

namespace rune::runefile::v1 {

static const std::vector<std::string> resourceKeys = {"inline", "path", "type"};

static bool isTextType(const Reading &reading, const YamlEntry &entry) {
  auto word = reading.text(entry, "`string` or `binary`");
  if (!word || word->text == "string")
    return true;
  if (word->text != "binary")
    reading.report
        .error("runefile.unknown-resource-type", word->where,
               "`{}` is not a type of resources", word->text)
        .withHelp("write `string` or `binary`");
  return false;
}

/// The text of a resource may be empty, and numbers are text as written.
static std::optional<Word> inlineText(const Reading &reading,
                                      const YamlEntry &entry) {
  const YamlNode &value = *entry.value;
  if (value.kind == YamlKind::Text || value.kind == YamlKind::Integer ||
      value.kind == YamlKind::Number)
    return reading.word(value);
  reading.wrongType(entry, "a text");
  return std::nullopt;
}

std::optional<Resource> readResource(const Reading &reading,
                                     const YamlEntry &entry) {
  bool named = checkName(reading, *entry.key, "a resource");
  const YamlNode *map = reading.map(entry, "keys");
  if (!map || !named)
    return std::nullopt;
  Fields fields(reading, *map, resourceKeys, "a resource", Severity::Error);
  Resource resource;
  resource.name = reading.word(*entry.key);
  if (const YamlEntry *type = fields.find("type"))
    resource.isText = isTextType(reading, *type);
  const YamlEntry *text = fields.find("inline");
  const YamlEntry *path = fields.find("path");
  if (text)
    resource.inlineText = inlineText(reading, *text);
  if (path)
    resource.path = reading.text(*path, "the path of a file");
  if (text && path)
    reading.report
        .error("runefile.inline-and-path", reading.at(*path->key),
               "The resource \"{}\" can't specify both a \"path\" and "
               "\"inline\" default value",
               entry.key->text)
        .note(reading.at(*text->key), "the inline value is here")
        .withHelp("remove one of both");
  return resource;
}

} // namespace rune::runefile::v1
