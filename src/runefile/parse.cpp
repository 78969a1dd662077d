// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// YAML, then the reader of the version that the file names.
#include "runefile/v1.h"

namespace rune::runefile {

static const std::vector<std::string> documentKeys = {"version", "image",
                                                      "pipeline", "resources"};

/// Reports a version that is not 1. A missing one is read as 1, so that the
/// rest is looked at too.
static bool checkVersion(const Reading &reading, const YamlNode &document,
                         const YamlEntry *version) {
  if (!version) {
    v1::missingField(reading, reading.at(document), "version")
        .withHelp("write `version: 1` in the first line");
    return true;
  }
  const YamlNode &value = *version->value;
  if (value.kind == YamlKind::Integer && value.text == "1")
    return true;
  if (value.kind == YamlKind::Integer)
    reading.report
        .error("runefile.bad-version", reading.at(*version),
               "invalid value: integer `{}`, expected version to be 1",
               value.text)
        .withHelp("this `rune` reads version 1");
  else
    reading.wrongType(*version, "the number 1")
        .withHelp("write `version: 1`, without quotes");
  return false;
}

static void readVersioned(const Reading &reading, const YamlNode &document,
                          Runefile &runefile) {
  if (document.kind != YamlKind::Map) {
    reading.report
        .error("runefile.wrong-type", reading.at(document),
               "a Runefile should be a map, but is {}", describe(document))
        .withHelp("it begins with `version: 1`");
    return;
  }
  Fields fields(reading, document, documentKeys, "a Runefile");
  if (checkVersion(reading, document, fields.find("version")))
    v1::readDocument(reading, document, fields, runefile);
}

Result<Runefile> parseRunefile(const SourcePtr &source, Report &report) {
  size_t errorsBefore = report.errors();
  auto document = readYaml(source, {.bytes = maxRunefileBytes});
  Runefile runefile;
  runefile.source = source;
  if (document)
    readVersioned({source, report}, **document, runefile);
  else
    report.add(std::move(document).error());
  if (report.errors() > errorsBefore)
    return report.failure();
  return runefile;
}

} // namespace rune::runefile
