// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Version 1: image, pipeline and resources. Stages and resources share one
// namespace.
#include "runefile/v1.h"
#include "runefile/words.h"

#include <unordered_map>

namespace rune::runefile::v1 {

Diagnostic &missingField(const Reading &reading, Location where,
                         std::string_view name) {
  where.span.end = where.span.begin;
  return reading.report.error("runefile.missing-field", std::move(where),
                              "missing field `{}`", name);
}

bool checkName(const Reading &reading, const YamlNode &name,
               std::string_view of) {
  if (isName(name.text))
    return true;
  reading.report
      .error("runefile.bad-name", reading.at(name), "`{}` cannot name {}",
             name.text, of)
      .withHelp("a name is a letter or `_`, then letters, digits, `_` or `-`");
  return false;
}

static void readImage(const Reading &reading, const YamlNode &document,
                      const YamlEntry *entry, Runefile &runefile) {
  if (!entry) {
    missingField(reading, reading.at(document), "image")
        .withHelp("add `image: runicos/base`");
    return;
  }
  auto image = reading.text(*entry, "the name of an image");
  if (image && !parseBlockPath(image->text))
    reading.report
        .error("runefile.bad-path", image->where, "`{}` cannot be an image",
               image->text)
        .withHelp("write something like `runicos/base`");
  if (image)
    runefile.image = std::move(*image);
}

static void readPipeline(const Reading &reading, const YamlNode &document,
                         const YamlEntry *entry, Runefile &runefile) {
  if (!entry) {
    missingField(reading, reading.at(document), "pipeline")
        .withHelp("add `pipeline:` and the stages below it, each by its name");
    return;
  }
  if (const YamlNode *stages = reading.map(*entry, "stages"))
    for (const YamlEntry &stage :
         reading.uniqueEntries(*stages, Reading::Keys::Names))
      if (auto read = readStage(reading, stage))
        runefile.stages.push_back(std::move(*read));
}

static void readResources(const Reading &reading, const YamlEntry &entry,
                          Runefile &runefile) {
  const YamlNode *resources = reading.map(entry, "resources");
  if (!resources)
    return;
  std::unordered_map<std::string_view, Location> stages;
  for (const Stage &stage : runefile.stages)
    stages.emplace(stage.name.text, stage.name.where);
  for (const YamlEntry &resource :
       reading.uniqueEntries(*resources, Reading::Keys::Names)) {
    if (auto stage = stages.find(resource.key->text); stage != stages.end())
      reading.duplicateName(resource.key->text, stage->second,
                            reading.at(*resource.key));
    if (auto read = readResource(reading, resource))
      runefile.resources.push_back(std::move(*read));
  }
}

void readDocument(const Reading &reading, const YamlNode &document,
                  const Fields &fields, Runefile &runefile) {
  readImage(reading, document, fields.find("image"), runefile);
  readPipeline(reading, document, fields.find("pipeline"), runefile);
  if (const YamlEntry *resources = fields.find("resources"))
    readResources(reading, *resources, runefile);
}

} // namespace rune::runefile::v1
