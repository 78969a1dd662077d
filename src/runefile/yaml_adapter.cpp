// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// yaml-cpp, which throws, as a function that does not. We take its events and
// not its tree: each event has a mark, and what a file may make us keep is
// counted here. yaml-cpp itself gives up below 500 levels.
#include "runefile/yaml_node.h"

#include "base/bytes.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <optional>
#include <streambuf>
#include <unordered_map>

namespace rune::runefile {

namespace {

/// Reads the text where it lies, until stopped.
class TextBuffer : public std::streambuf {
public:
  explicit TextBuffer(std::string_view text) {
    char *begin = const_cast<char *>(text.data());
    setg(begin, begin, begin + text.size());
  }
  void stop() { setg(egptr(), egptr(), egptr()); }
};

/// yaml-cpp counts bytes, but not those of a byte order mark.
uint64_t offsetOf(const Source &source, const YAML::Mark &mark) {
  constexpr std::string_view byteOrderMark = "\xEF\xBB\xBF";
  std::string_view text = source.contents();
  uint64_t skipped = text.starts_with(byteOrderMark) ? byteOrderMark.size() : 0;
  return std::min<uint64_t>(skipped + std::max(mark.pos, 0), text.size());
}

/// Builds the tree. After the first fault the text ends, and what events still
/// come are ignored.
class Builder : public YAML::EventHandler {
public:
  Builder(const SourcePtr &source, const YamlLimits &limits, TextBuffer &buffer)
      : source_(source), limits_(limits), buffer_(buffer) {}

  YamlPtr root;
  std::optional<Diagnostic> fault;

  void OnDocumentStart(const YAML::Mark &mark) override {
    if (root || fault)
      fail("runefile.several-documents", mark,
           "a second YAML document begins here; a Runefile is one");
    anchors_.clear();
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark &mark, YAML::anchor_t anchor) override {
    scalar(mark, "?", anchor, "");
  }
  void OnScalar(const YAML::Mark &mark, const std::string &tag,
                YAML::anchor_t anchor, const std::string &value) override {
    scalar(mark, tag, anchor, value);
  }
  void OnAlias(const YAML::Mark &mark, YAML::anchor_t anchor) override {
    if (fault)
      return;
    auto named = anchors_.find(anchor);
    if (named == anchors_.end())
      return fail("runefile.alias-loop", mark,
                  "this alias stands inside the value that it repeats");
    place(named->second, mark);
  }
  void OnSequenceStart(const YAML::Mark &mark, const std::string &tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlKind::List, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark &mark, const std::string &tag,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(YamlKind::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
    YamlPtr key;
  };

  uint64_t offset(const YAML::Mark &mark) const {
    return offsetOf(*source_, mark);
  }
  void fail(std::string_view code, const YAML::Mark &mark,
            std::string_view message) {
    if (fault)
      return;
    fault = error(code, "{}", message)
                .at({source_, {offset(mark), offset(mark) + 1}});
    buffer_.stop();
  }
  /// False, and a fault, for a tag that means more than "as it looks".
  bool plainTag(const YAML::Mark &mark, const std::string &tag) {
    if (tag.empty() || tag == "?" || tag == "!")
      return true;
    fail("runefile.tag", mark, "YAML tags mean nothing in a Runefile");
    if (fault && fault->help.empty())
      fault->withHelp("remove the word that begins with `!`");
    return false;
  }

  void scalar(const YAML::Mark &mark, const std::string &tag,
              YAML::anchor_t anchor, const std::string &value) {
    if (fault || !plainTag(mark, tag))
      return;
    YamlNode node;
    node.kind = tag == "!" ? YamlKind::Text : kindOfPlainScalar(value);
    node.text = value;
    node.span = scalarSpan(source_->contents(), offset(mark), value);
    if (node.kind == YamlKind::Null &&
        !source_->contents().substr(node.span.begin).starts_with('~'))
      node.span.end = node.span.begin;
    finish(std::move(node), anchor, mark);
  }
  void open(YamlKind kind, const YAML::Mark &mark, const std::string &tag,
            YAML::anchor_t anchor) {
    if (fault || !plainTag(mark, tag))
      return;
    if (open_.size() >= limits_.depth)
      return fail("runefile.too-deep", mark,
                  fmt::format("more than {} lists and maps inside each other",
                              limits_.depth));
    Open &opened = open_.emplace_back();
    opened.node.kind = kind;
    opened.node.span = {offset(mark), offset(mark) + 1};
    opened.anchor = anchor;
    opened.mark = mark;
  }
  void close() {
    if (fault)
      return;
    Open closed = std::move(open_.back());
    open_.pop_back();
    finish(std::move(closed.node), closed.anchor, closed.mark);
  }
  void finish(YamlNode &&node, YAML::anchor_t anchor, const YAML::Mark &mark) {
    auto finished = std::make_shared<const YamlNode>(std::move(node));
    if (anchor != 0)
      anchors_[anchor] = finished;
    place(std::move(finished), mark);
  }
  /// Gives a finished value to the list or map around it.
  void place(YamlPtr value, const YAML::Mark &mark) {
    if (open_.empty()) {
      root = std::move(value);
      return;
    }
    Open &parent = open_.back();
    parent.node.total += value->total;
    parent.node.depth = std::max(parent.node.depth, value->depth + 1);
    if (parent.node.total > limits_.nodes)
      return fail("runefile.too-many-nodes", mark,
                  fmt::format("more than {} values, repeated ones counted each "
                              "time",
                              limits_.nodes));
    if (open_.size() - 1 + parent.node.depth > limits_.depth)
      return fail("runefile.too-deep", mark,
                  fmt::format("more than {} lists and maps inside each other",
                              limits_.depth));
    if (parent.node.kind == YamlKind::List)
      parent.node.items.push_back(std::move(value));
    else if (!parent.key)
      parent.key = std::move(value);
    else
      parent.node.entries.push_back({std::move(parent.key), std::move(value)});
  }

  const SourcePtr &source_;
  const YamlLimits &limits_;
  TextBuffer &buffer_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, YamlPtr> anchors_;
};

struct Hint {
  std::string_view message;
  std::string_view help;
};
/// What to do about yaml-cpp's messages.
constexpr Hint hints[] = {
    {"end of sequence flow not found", "a `[` above has no `]`"},
    {"end of map flow not found", "a `{` above has no `}`"},
    {"end of map not found",
     "indent this line as its neighbours, and end its key with `:`"},
    {"end of sequence not found",
     "indent this line as its neighbours, and begin it with `- `"},
    {"illegal map value",
     "a `:` does not fit here: put the text into quotes, or correct the "
     "indentation"},
    {"illegal EOF in scalar", "a quote above is not closed"},
    {"the referenced anchor is not defined",
     "a word that begins with `*` must be put into quotes"},
};

/// A place and a hint for what people get wrong most.
Diagnostic syntaxError(const SourcePtr &source, uint64_t at,
                       const std::string &message) {
  std::string_view text = source->contents();
  at = std::min<uint64_t>(at, text.size());
  Diagnostic diagnostic =
      error("runefile.yaml-syntax", "Unable to parse the input: {}", message)
          .at({source, {at, std::min<uint64_t>(at + 1, text.size())}});
  std::string_view line = source->lineAt(at);
  std::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
  if (indent.find('\t') != indent.npos)
    diagnostic.withHelp("YAML is indented with spaces, not with tabs");
  else if (at < text.size() && (text[at] == '@' || text[at] == '`'))
    diagnostic.withHelp(fmt::format(
        "a word cannot begin with `{}`: put it into quotes", text[at]));
  else
    for (const Hint &hint : hints)
      if (message.starts_with(hint.message))
        diagnostic.withHelp(std::string(hint.help));
  return diagnostic;
}

/// The first line that is not UTF-8.
Result<> checkEncoding(const SourcePtr &source) {
  std::string_view text = source->contents();
  if (isUtf8(asBytes(text)))
    return {};
  uint64_t at = 0;
  while (isUtf8(asBytes(text.substr(at, text.find('\n', at) - at))))
    at = text.find('\n', at) + 1;
  bool is16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  return error("runefile.not-utf8", "the Runefile is {}",
               is16 ? "UTF-16, not UTF-8" : "not UTF-8 in this line")
      .at({source, {at, at}})
      .withHelp("save it as UTF-8");
}

/// yaml-cpp would guess UTF-16 from NUL bytes and end the text at a 0x04.
Result<> checkControls(const SourcePtr &source) {
  std::string_view text = source->contents();
  for (uint64_t at = 0; at < text.size(); ++at) {
    unsigned char c = text[at];
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
      return error("runefile.control-character",
                   "the control character 0x{:02x}, which YAML does not allow",
                   c)
          .at({source, {at, at + 1}});
  }
  return {};
}

/// yaml-cpp keeps every token of a bracketed list until its line ends, and
/// looks at all of them for each next one: square in the commas of a line.
Result<> checkLines(const SourcePtr &source) {
  constexpr uint64_t mostWork = uint64_t{1} << 26; // 8192 in one line
  std::string_view text = source->contents();
  uint64_t work = 0, count = 0;
  for (uint64_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n')
      count = 0;
    if (text[at] != ',' && text[at] != '[' && text[at] != '{')
      continue;
    work += 2 * ++count;
    if (work > mostWork)
      return error("runefile.crowded-line",
                   "too many commas and brackets in one line")
          .at({source, {at, at + 1}})
          .withHelp("write one item per line");
  }
  return {};
}

Result<> checkText(const SourcePtr &source, const YamlLimits &limits) {
  if (uint64_t size = source->contents().size(); size > limits.bytes)
    return error("runefile.too-big",
                 "the Runefile has {} bytes, the limit is {}", size,
                 limits.bytes)
        .at({source, {}});
  RUNE_TRY(checkEncoding(source));
  RUNE_TRY(checkControls(source));
  return checkLines(source);
}

} // namespace

Result<YamlPtr> readYaml(const SourcePtr &source, const YamlLimits &limits) {
  if (auto fine = checkText(source, limits); !fine)
    return std::move(fine).error();
  TextBuffer buffer(source->contents());
  Builder builder(source, limits, buffer);
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    while (!builder.fault && parser.HandleNextDocument(builder))
      ;
  } catch (const YAML::Exception &thrown) {
    if (!builder.fault)
      return syntaxError(source, offsetOf(*source, thrown.mark), thrown.msg);
  } catch (const std::exception &thrown) {
    return syntaxError(source, 0, thrown.what());
  }
  if (builder.fault)
    return std::move(*builder.fault);
  if (!builder.root || builder.root->kind == YamlKind::Null)
    return error("runefile.empty", "the Runefile is empty")
        .at({source, {}})
        .withHelp("it needs `version: 1`, `image: runicos/base` and a "
                  "`pipeline`");
  return builder.root;
}

} // namespace rune::runefile
