// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/metadata.h"

#include "import/tflite/attached_zip.h"

#include <metadata_facts_generated.h>

#include <algorithm>

namespace rune::import {
namespace {

namespace facts = tflite_metadata;

template <class List> size_t countOf(const List *list) {
  return list ? list->size() : 0;
}

/// Nothing that steers a terminal.
std::string plain(std::string line) {
  for (char &letter : line)
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F)
      letter = ' ';
  return line;
}

/// Text for people: of characters, on one line, not too long.
std::string textOf(const flatbuffers::String *text) {
  if (!text || !isUtf8(asBytes(std::string_view(text->c_str(), text->size()))))
    return {};
  std::string line = plain(std::string(text->c_str(), text->size()));
  if (line.size() > maxMetadataTextBytes) {
    size_t end = maxMetadataTextBytes;
    while (end > 0 && (line[end] & 0xC0) == 0x80)
      --end;
    line = line.substr(0, end) + "…";
  }
  while (line.ends_with(' '))
    line.pop_back();
  return line;
}

constexpr int8_t labelsOfAxis = 2, labelsOfValues = 3, vocabulary = 5;

std::string kindOf(int8_t kind) {
  switch (kind) {
  case 1:
    return "description";
  case labelsOfAxis:
    return "labels of an axis";
  case labelsOfValues:
    return "labels of values";
  case 4:
    return "calibration of scores";
  case vocabulary:
    return "vocabulary";
  default:
    return "file";
  }
}

bool hasLines(int8_t kind) {
  return kind == labelsOfAxis || kind == labelsOfValues || kind == vocabulary;
}

/// One a line; a carriage return is no part of it, the last line may be cut.
std::vector<std::string> linesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    lines.push_back(plain(std::string(line)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

class Reader {
public:
  Reader(const TfliteFile &file, const SourcePtr &source, Report &report,
         ModelDescription &result)
      : file_(file), source_(source), report_(report), result_(result) {}

  void read(ByteSpan bytes) {
    // where the model has them they need not be aligned
    std::vector<uint8_t> copy(bytes.begin(), bytes.end());
    flatbuffers::Verifier verifier(copy.data(), copy.size());
    if (!facts::VerifyModelFactsBuffer(verifier)) {
      warn("import.bad-metadata",
           "the model's metadata is damaged, or of a kind that is not known");
      return;
    }
    const facts::ModelFacts &model = *facts::GetModelFacts(copy.data());
    result_.name = textOf(model.name());
    result_.text = textOf(model.description());
    result_.version = textOf(model.version());
    result_.author = textOf(model.author());
    result_.licence = textOf(model.licence());
    addFiles(model.files(), "");
    if (file_.index() < countOf(model.graphs()))
      addGraph(*model.graphs()->Get(static_cast<uint32_t>(file_.index())));
    readFiles();
  }

  template <class... Args>
  void warn(std::string_view code, fmt::format_string<Args...> text,
            Args &&...args) {
    report_.warning(code, {source_, {}}, text, std::forward<Args>(args)...);
  }

private:
  using Tensors = flatbuffers::Vector<flatbuffers::Offset<facts::TensorFacts>>;
  using Files = flatbuffers::Vector<flatbuffers::Offset<facts::File>>;

  void addGraph(const facts::GraphFacts &graph) {
    addFiles(graph.files(), "");
    addTensors(graph.inputs(), true, countOf(file_.graph().inputs()));
    addTensors(graph.outputs(), false, countOf(file_.graph().outputs()));
  }

  /// They stand in the order of the model's own inputs or outputs.
  void addTensors(const Tensors *list, bool isInput, size_t most) {
    for (size_t i = 0; i < std::min(countOf(list), most); ++i) {
      const auto &tensor = *list->Get(static_cast<uint32_t>(i));
      DescribedTensor described{isInput, i, textOf(tensor.name()),
                                textOf(tensor.description())};
      addFiles(tensor.files(),
               described.name.empty()
                   ? fmt::format("{} {}", isInput ? "input" : "output", i)
                   : described.name);
      if (!described.name.empty() || !described.text.empty())
        result_.tensors.push_back(std::move(described));
    }
  }

  void addFiles(const Files *list, const std::string &of) {
    for (size_t i = 0; i < countOf(list); ++i) {
      const facts::File &file = *list->Get(static_cast<uint32_t>(i));
      if (result_.files.size() >= maxAttachedFiles) {
        if (!std::exchange(tooMany_, true))
          warn("import.bad-metadata",
               "the metadata names more than {} files, the others are left out",
               maxAttachedFiles);
        return;
      }
      AttachedFile &added = result_.files.emplace_back();
      added.name = textOf(file.name());
      added.kind = kindOf(file.kind());
      added.text = textOf(file.description());
      added.of = of;
      kinds_.push_back(file.kind());
    }
  }

  void readFiles() {
    if (result_.files.empty())
      return;
    auto members = zipMembersIn(file_.bytes());
    if (!members) {
      warn(members.error().code, "{}", members.error().message);
      return;
    }
    for (size_t i = 0; i < result_.files.size(); ++i) {
      AttachedFile &file = result_.files[i];
      auto member = std::ranges::find(*members, file.name, &ZipMember::name);
      if (member == members->end())
        continue;
      file.bytes = member->bytes;
      if (hasLines(kinds_[i]))
        readLines(*member, file);
    }
  }

  void readLines(const ZipMember &member, AttachedFile &file) {
    auto text = contentsOf(file_.bytes(), member);
    if (!text) {
      warn(text.error().code, "{}", text.error().message);
      return;
    }
    if (!isUtf8(asBytes(*text))) {
      warn("import.bad-metadata", "`{}` behind the model is no UTF-8",
           file.name);
      return;
    }
    auto count = static_cast<size_t>(std::ranges::count(*text, '\n')) + 1;
    if ((lines_ += count) > maxAttachedLines) {
      warn("import.bad-metadata",
           "the files behind the model have more than {} lines: `{}` is left "
           "out",
           maxAttachedLines, file.name);
      return;
    }
    file.lines = linesOf(*text);
  }

  const TfliteFile &file_;
  SourcePtr source_;
  Report &report_;
  ModelDescription &result_;
  /// Of the files, in their order.
  std::vector<int8_t> kinds_;
  bool tooMany_ = false;
  size_t lines_ = 0;
};

} // namespace

void readMetadata(const TfliteFile &file, const SourcePtr &source,
                  Report &report, ModelInfo &info) {
  Reader reader(file, source, report, info.description);
  const auto *list = file.model().metadata();
  for (size_t i = 0; i < countOf(list); ++i) {
    const tflite::Metadata &entry = *list->Get(static_cast<uint32_t>(i));
    if (!entry.name() || entry.name()->str() != "TFLITE_METADATA")
      continue;
    auto bytes = file.buffer(entry.buffer(), "the metadata");
    if (!bytes)
      return reader.warn("import.bad-metadata", "{}", bytes.error().message);
    if (bytes->size() > maxMetadataBytes)
      return reader.warn("import.bad-metadata",
                         "the metadata has {} bytes, at most {} are read",
                         bytes->size(), maxMetadataBytes);
    return reader.read(*bytes);
  }
}

} // namespace rune::import
