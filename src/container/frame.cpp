// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/frame.h"

#include "container/problem.h"
#include "container/read.h"
#include "container/section_reader.h"

namespace rune::container {

namespace {

class FrameReader {
public:
  FrameReader(ByteSpan file, const SourcePtr &source)
      : file_(file), source_(source) {}

  Result<Frame> run() {
    SectionScanner scanner = RUNE_TRY(SectionScanner::start(file_, source_));
    RUNE_TRY(readHeader(scanner));
    while (!scanner.atEnd()) {
      Section section = RUNE_TRY(scanner.next());
      if (++seen_ > maxSections)
        return problem("container.limit", source_, section.begin,
                       "more than {} sections", maxSections);
      if (section.ours())
        RUNE_TRY(addSection(section));
    }
    for (const SectionFacts &facts : sectionFacts)
      if (counts_[static_cast<size_t>(facts.kind)] < facts.least)
        return problem("container.missing-section", source_, file_.size(),
                       "there is no section `{}`: the file is not whole",
                       facts.name);
    return std::move(frame_);
  }

private:
  /// The version is judged before anything else is: the rest of the file may
  /// follow rules we do not know.
  Result<> readHeader(SectionScanner &scanner) {
    Section header;
    if (!scanner.atEnd())
      header = RUNE_TRY(firstSection(scanner));
    if (header.name != factsOf(SectionKind::Header).name)
      return notARune();
    SectionReader in = readerOf(header, file_, source_);
    uint32_t format = RUNE_TRY(in.u32());
    uint32_t minimum = RUNE_TRY(in.u32());
    if (!acceptsFormat(format, minimum, formatVersion))
      return unsupported(header, format, minimum);
    RUNE_TRY(addSection(header));
    frame_.producer = RUNE_TRY(in.text());
    return in.end();
  }

  /// A module whose first section is a standard one is somebody else's module,
  /// not a broken rune.
  Result<Section> firstSection(SectionScanner &scanner) {
    if (file_[moduleMagic.size()] != 0)
      return notARune();
    return scanner.next();
  }

  Diagnostic notARune() const {
    Diagnostic why =
        problem("container.not-a-rune", source_, moduleMagic.size(),
                "a WebAssembly module, but no rune: its first section should "
                "be `{}`",
                factsOf(SectionKind::Header).name);
    if (hasSection(".rune_graph") || hasSection(".rune_version"))
      why.withHelp("the first system (2020 to 2022) made this file; build its "
                   "Runefile again with `rune build`");
    return why;
  }

  bool hasSection(std::string_view name) const {
    uint64_t at = moduleMagic.size();
    for (uint64_t i = 0; i < maxSections && at < file_.size(); ++i) {
      uint8_t id = file_[at++];
      auto size = readLeb(file_, at);
      if (!size || *size > file_.size() - at)
        return false;
      uint64_t end = at + *size;
      auto length = id == 0 ? readLeb(file_.first(end), at) : std::nullopt;
      if (length && *length <= end - at &&
          asText(file_.subspan(at, *length)) == name)
        return true;
      at = end;
    }
    return false;
  }

  Diagnostic unsupported(const Section &header, uint32_t format,
                         uint32_t minimum) const {
    Diagnostic why = problem(
        "container.unsupported-version", source_, header.body,
        "a rune of format {} for readers of format {} and later, this one "
        "reads format {}",
        format, minimum, formatVersion);
    return why.withHelp(format > formatVersion
                            ? "it needs a newer rune"
                            : "build its Runefile again with `rune build`");
  }

  Result<> addSection(const Section &section) {
    if (counts_[static_cast<size_t>(SectionKind::Digest)] > 0)
      return problem("container.malformed", source_, section.begin,
                     "section `{}` at offset {} stands behind `{}`, which is "
                     "the last",
                     section.name, section.begin,
                     factsOf(SectionKind::Digest).name);
    auto kind = section.kind();
    if (!kind)
      return addUnknown(section);
    const SectionFacts &facts = factsOf(*kind);
    if (section.flags != flagRequired)
      return problem(
          "container.malformed", source_, section.begin,
          "section `{}` at offset {}: its flags are {:#x}, not {:#x}",
          section.name, section.begin, section.flags, flagRequired);
    if (++counts_[static_cast<size_t>(*kind)] > facts.most)
      return facts.most == 1
                 ? problem("container.malformed", source_, section.begin,
                           "a second section `{}` at offset {}", section.name,
                           section.begin)
                 : problem("container.limit", source_, section.begin,
                           "more than {} sections `{}`", facts.most,
                           section.name);
    return keep(section, facts.maxBytes);
  }

  Result<> addUnknown(const Section &section) {
    if (section.required())
      return problem("container.unknown-section", source_, section.begin,
                     "section `{}`, version {}, at offset {} is required, but "
                     "unknown to this reader",
                     section.name, section.version, section.begin)
          .withHelp("it needs a newer rune");
    return keep(section, maxUnknownBytes);
  }

  Result<> keep(const Section &section, uint64_t maxBytes) {
    if (section.end - section.body > maxBytes)
      return problem("container.limit", source_, section.begin,
                     "section `{}` at offset {} has {} bytes, the limit is {}",
                     section.name, section.begin, section.end - section.body,
                     maxBytes);
    frame_.sections.push_back(section);
    return {};
  }

  ByteSpan file_;
  const SourcePtr &source_;
  Frame frame_;
  uint64_t seen_ = 0;
  uint64_t counts_[sectionKinds] = {};
};

} // namespace

Result<Frame> readFrame(ByteSpan file, const SourcePtr &source) {
  return FrameReader(file, source).run();
}

} // namespace rune::container
