// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Version 1: `args`. A value is a string, a number or a `$RESOURCE`; lists,
// booleans and maps died in the first system, too.
#include "runefile/v1.h"
#include "runefile/words.h"

namespace rune::runefile::v1 {

static std::string wayOut(const YamlNode &value, const std::string &name) {
  switch (value.kind) {
  case YamlKind::List:
    return fmt::format("write `{}: |` and below it one item per line", name);
  case YamlKind::Boolean:
    return fmt::format("put it into quotes: `{}: \"{}\"`", name, value.text);
  case YamlKind::Null:
    return fmt::format("remove `{}`, or give it a value", name);
  default:
    return "give each value a name of its own";
  }
}

static std::optional<Argument> readArgument(const Reading &reading,
                                            const YamlEntry &entry) {
  const YamlNode &value = *entry.value;
  Argument argument;
  argument.name = reading.word(*entry.key);
  argument.where = reading.at(entry);
  argument.text = value.text;
  bool isText = value.kind == YamlKind::Text;
  if (!isText && value.kind != YamlKind::Integer &&
      value.kind != YamlKind::Number) {
    reading.wrongType(entry, "a text or a number")
        .withHelp(wayOut(value, entry.key->text));
    return std::nullopt;
  }
  if (auto name = resourceName(value.text); name && isText) {
    argument.kind = Argument::Kind::Resource;
    argument.text = std::string(*name);
  }
  return argument;
}

std::vector<Argument> readArguments(const Reading &reading,
                                    const YamlNode &map) {
  std::vector<Argument> arguments;
  for (const YamlEntry &entry : reading.uniqueEntries(map))
    if (checkName(reading, *entry.key, "an argument"))
      if (auto argument = readArgument(reading, entry))
        arguments.push_back(std::move(*argument));
  return arguments;
}

} // namespace rune::runefile::v1
