// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/artifact.h"

#include "compile/arena.h"
#include "graph/store.h"

#include <sys/mman.h>

#include <algorithm>
#include <set>

namespace rune::compile {

namespace {

constexpr std::string_view magic = "RuneProg";
constexpr uint32_t nowhere = UINT32_MAX;
constexpr uint32_t noData = UINT32_MAX - 1;
/// Smaller constants may be what shapes are inferred from.
constexpr uint64_t leastUnread = 4096;
constexpr uint64_t weightAlignment = 64;
constexpr uint64_t mostArena = uint64_t{1} << 40;

enum class Kind : uint32_t {
  Numbers = 1,
  Graph,
  Weights,
  Packed,
  Steps,
  Places,
  Code
};
constexpr uint32_t kinds = 7;

Diagnostic bad(std::string_view why) {
  return error("compile.bad-artifact", "no stored program: {}", why);
}

/// A weight of the model, or of the data.
struct Reference {
  uint32_t constant = nowhere;
  uint64_t offset = 0;
  uint64_t size = 0;
};

/// Finds bytes among those that the model has.
class Known {
public:
  explicit Known(std::span<const ByteSpan> spans) : spans_(spans) {
    for (uint32_t i = 0; i < spans.size(); ++i)
      if (!spans[i].empty())
        order_.push_back(i);
    std::ranges::sort(order_, {}, [&](uint32_t i) { return begin(i); });
  }

  /// in      `forCode`: only at a place from which code can read
  std::optional<Reference> find(ByteSpan bytes, bool forCode) const {
    auto at = reinterpret_cast<uintptr_t>(bytes.data());
    if ((forCode && at % weightAlignment != 0) || bytes.empty())
      return {};
    auto after = std::ranges::upper_bound(order_, at, {},
                                          [&](uint32_t i) { return begin(i); });
    if (after == order_.begin())
      return {};
    uint32_t i = *std::prev(after);
    uint64_t offset = at - begin(i);
    if (offset + bytes.size() > spans_[i].size())
      return {};
    return Reference{i, offset, bytes.size()};
  }

private:
  uintptr_t begin(uint32_t i) const {
    return reinterpret_cast<uintptr_t>(spans_[i].data());
  }
  std::span<const ByteSpan> spans_;
  std::vector<uint32_t> order_;
};

uint64_t append(ByteWriter &data, ByteSpan bytes) {
  data.zeros(alignTo(data.size(), weightAlignment) - data.size());
  uint64_t at = data.size();
  data.raw(bytes);
  return at;
}

/// Who reads the constants of a program.
class Readers {
public:
  explicit Readers(const Program &program) {
    const graph::Graph &graph = program.graph;
    auto mark = [&](graph::ValueId id, std::set<const uint8_t *> &readers) {
      if (id != graph::noValue && graph.values[id].constant)
        readers.insert(graph.constants[*graph.values[id].constant].data.data());
    };
    for (graph::ValueId id = 0; id < program.places.size(); ++id)
      if (program.places[id].kind == Place::Constant)
        mark(id, code_);
    for (const Step &step : program.steps)
      for (uint32_t i = step.firstNode; !step.entry && i < step.lastNode; ++i)
        for (graph::ValueId id : graph.nodes[i].inputs)
          mark(id, plan_);
    for (const graph::Variable &variable : graph.variables)
      if (variable.initial)
        plan_.insert(graph.constants[*variable.initial].data.data());
    for (const graph::Graph &body : graph.bodies)
      for (ByteSpan data : constantsOf(body))
        plan_.insert(data.data());
  }
  bool isCode(ByteSpan data) const { return code_.contains(data.data()); }
  bool isNobody(ByteSpan data) const {
    return !isCode(data) && !plan_.contains(data.data());
  }

private:
  std::set<const uint8_t *> code_, plan_;
};

Bytes weightsOf(const Program &program, std::span<const ByteSpan> weights,
                std::span<const ByteSpan> known, ByteWriter &data) {
  Known model(known);
  Readers readers(program);
  ByteWriter table;
  for (ByteSpan weight : weights) {
    auto reference = model.find(weight, readers.isCode(weight));
    if (!reference && readers.isNobody(weight) && weight.size() > leastUnread)
      reference = {noData, 0, weight.size()};
    if (!reference)
      reference = {nowhere, append(data, weight), weight.size()};
    table.u32(reference->constant);
    table.u64(reference->offset);
    table.u64(reference->size);
  }
  return table.take();
}

Bytes packedOf(const Program &program, ByteWriter &data) {
  ByteWriter table;
  for (const Packed &packed : program.packed) {
    table.u64(append(data, packed.data));
    table.u64(packed.data.size());
  }
  return table.take();
}

Bytes stepsOf(const Program &program) {
  ByteWriter table;
  for (const Step &step : program.steps) {
    table.u32(step.firstNode);
    table.u32(step.lastNode);
    table.u32(step.entry.value_or(nowhere));
  }
  return table.take();
}

Bytes placesOf(const Program &program) {
  ByteWriter table;
  for (const Place &place : program.places) {
    table.u8(place.kind);
    table.u64(place.at);
  }
  return table.take();
}

Bytes numbersOf(const Program &program, ByteSpan data) {
  ByteWriter table;
  table.u64(program.arenaBytes);
  table.u64(program.scratchAt);
  table.u64(data.size());
  table.raw(sha256(data).bytes);
  return table.take();
}

/// The sections of a head, by kind.
struct Sections {
  machine::Target target;
  std::map<Kind, ByteSpan> byKind;

  ByteReader reader(Kind kind) const { return ByteReader(byKind.at(kind)); }
};

Result<Sections> readSections(ByteSpan head) {
  ByteReader reader(head);
  Sections sections;
  if (asText(RUNE_TRY(reader.take(magic.size()))) != magic)
    return bad("it does not begin with `RuneProg`");
  if (RUNE_TRY(reader.u32()) != artifactFormat)
    return bad("it is of another format");
  sections.target.family = static_cast<machine::Family>(RUNE_TRY(reader.u8()));
  sections.target.level = RUNE_TRY(reader.u8());
  RUNE_TRY(reader.u16());
  if (RUNE_TRY(reader.u32()) != kinds)
    return bad("it has not the sections of its format");
  for (uint32_t i = 0; i < kinds; ++i) {
    uint32_t kind = RUNE_TRY(reader.u32());
    RUNE_TRY(reader.u32());
    uint64_t offset = RUNE_TRY(reader.u64()), size = RUNE_TRY(reader.u64());
    if (kind != i + 1 || offset > head.size() || size > head.size() - offset)
      return bad("a section leaves it");
    sections.byKind[static_cast<Kind>(kind)] = head.subspan(offset, size);
  }
  return sections;
}

Result<DataMark> readNumbers(const Sections &sections, Program &program) {
  ByteReader reader = sections.reader(Kind::Numbers);
  DataMark mark;
  program.arenaBytes = RUNE_TRY(reader.u64());
  program.scratchAt = RUNE_TRY(reader.u64());
  mark.bytes = RUNE_TRY(reader.u64());
  ByteSpan hash = RUNE_TRY(reader.take(mark.hash.bytes.size()));
  std::ranges::copy(hash, mark.hash.bytes.begin());
  if (program.arenaBytes > mostArena || program.scratchAt > program.arenaBytes)
    return bad("its arena is too large");
  return mark;
}

/// Bytes that nobody reads: addresses without memory.
class Unread {
public:
  static Result<std::shared_ptr<Unread>> of(uint64_t bytes) {
    auto unread = std::make_shared<Unread>();
    if (bytes == 0)
      return unread;
    void *at = mmap(nullptr, bytes, PROT_READ,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
      return error("machine.out-of-memory", "cannot map {} bytes", bytes);
    unread->bytes_ = {static_cast<const uint8_t *>(at), bytes};
    return unread;
  }
  Unread() = default;
  Unread(const Unread &) = delete;
  ~Unread() {
    if (!bytes_.empty())
      munmap(const_cast<uint8_t *>(bytes_.data()), bytes_.size());
  }
  ByteSpan bytes() const { return bytes_; }

private:
  ByteSpan bytes_;
};

Result<ByteSpan> within(ByteSpan from, uint64_t offset, uint64_t size) {
  if (offset > from.size() || size > from.size() - offset)
    return bad("a weight leaves the model");
  return from.subspan(offset, size);
}

Result<std::vector<Reference>> readReferences(const Sections &sections) {
  ByteReader reader = sections.reader(Kind::Weights);
  std::vector<Reference> references;
  while (!reader.atEnd())
    references.push_back({RUNE_TRY(reader.u32()), RUNE_TRY(reader.u64()),
                          RUNE_TRY(reader.u64())});
  return references;
}

/// What the weights of the table are, and who keeps those that are not there.
struct Weights {
  std::vector<ByteSpan> spans;
  std::shared_ptr<Unread> unread;
};

Result<Weights> readWeights(const Sections &sections, ByteSpan data,
                            std::span<const ByteSpan> known) {
  auto references = RUNE_TRY(readReferences(sections));
  uint64_t most = 0;
  for (const Reference &reference : references)
    if (reference.constant == noData)
      most = std::max(most, reference.size);
  if (most > mostArena)
    return bad("a weight is too large");
  Weights weights;
  weights.unread = RUNE_TRY(Unread::of(most));
  for (const Reference &reference : references) {
    ByteSpan from = data;
    if (reference.constant == noData)
      from = weights.unread->bytes();
    else if (reference.constant != nowhere) {
      if (reference.constant >= known.size())
        return bad("it is of another model");
      from = known[reference.constant];
    }
    weights.spans.push_back(
        RUNE_TRY(within(from, reference.offset, reference.size)));
  }
  return weights;
}

Result<> readPacked(const Sections &sections, ByteSpan data,
                    const std::shared_ptr<const void> &owner,
                    Program &program) {
  ByteReader reader = sections.reader(Kind::Packed);
  while (!reader.atEnd()) {
    uint64_t offset = RUNE_TRY(reader.u64()), size = RUNE_TRY(reader.u64());
    if (offset % weightAlignment != 0)
      return bad("weights are not aligned");
    program.packed.push_back({RUNE_TRY(within(data, offset, size)), owner});
  }
  return {};
}

/// Who keeps the bytes of a program's constants.
void keepBy(graph::Graph &graph, const std::shared_ptr<const void> &owner) {
  for (graph::Constant &constant : graph.constants)
    constant.owner = owner;
  for (graph::Graph &body : graph.bodies)
    keepBy(body, owner);
}

Result<> readSteps(const Sections &sections, Program &program) {
  ByteReader reader = sections.reader(Kind::Steps);
  uint32_t next = 0;
  while (!reader.atEnd()) {
    Step step = {RUNE_TRY(reader.u32()), RUNE_TRY(reader.u32()), {}};
    if (uint32_t entry = RUNE_TRY(reader.u32()); entry != nowhere)
      step.entry = entry;
    if (step.firstNode != next || step.lastNode <= next ||
        step.entry.value_or(0) >= std::max<size_t>(program.code.size(), 1))
      return bad("its steps are not in order");
    next = step.lastNode;
    program.steps.push_back(step);
  }
  if (next != program.graph.nodes.size())
    return bad("its steps are not those of its graph");
  return {};
}

/// Whether a value may stand there.
Result<bool> isSound(const Program &program, size_t value, const Place &place) {
  const graph::Graph &graph = program.graph;
  const graph::Value &own = graph.values[value];
  switch (place.kind) {
  case Place::Elsewhere:
    return true;
  case Place::Constant:
    return own.constant && place.at == *own.constant;
  case Place::Input:
    return place.at < graph.inputs.size() && graph.inputs[place.at] == value;
  case Place::State:
    return place.at < graph.variables.size() &&
           graph.variables[place.at].input == value;
  case Place::Arena:
    break;
  }
  if (place.kind != Place::Arena || !own.type.isTensor() ||
      !own.type.isStatic() || place.at % arenaAlignment != 0 ||
      place.at > program.arenaBytes)
    return false;
  uint64_t bytes = RUNE_TRY(tensorBytes(own.type.dtype, own.type.sizes()));
  return bytes <= program.arenaBytes - place.at;
}

Result<> readPlaces(const Sections &sections, Program &program) {
  ByteReader reader = sections.reader(Kind::Places);
  for (size_t i = 0; i < program.graph.values.size(); ++i) {
    Place place;
    place.kind = static_cast<Place::Kind>(RUNE_TRY(reader.u8()));
    place.at = RUNE_TRY(reader.u64());
    if (!RUNE_TRY(isSound(program, i, place)))
      return bad("a value has no room where it is said to be");
    program.places.push_back(place);
  }
  if (!reader.atEnd())
    return bad("its places are not those of its graph");
  return {};
}

} // namespace

std::vector<ByteSpan> constantsOf(const graph::Graph &graph) {
  std::vector<ByteSpan> spans;
  for (const graph::Constant &constant : graph.constants)
    spans.push_back(constant.data);
  for (const graph::Graph &body : graph.bodies)
    std::ranges::copy(constantsOf(body), std::back_inserter(spans));
  return spans;
}

Result<Artifact> store(const Program &program,
                       std::span<const ByteSpan> known) {
  graph::StoredGraph stored = RUNE_TRY(graph::store(program.graph));
  ByteWriter data;
  Bytes weights = weightsOf(program, stored.weights, known, data);
  Bytes packed = packedOf(program, data);
  Artifact artifact;
  artifact.data = data.take();
  const Bytes sections[kinds] = {numbersOf(program, artifact.data),
                                 std::move(stored.table),
                                 std::move(weights),
                                 std::move(packed),
                                 stepsOf(program),
                                 placesOf(program),
                                 program.code};
  ByteWriter head;
  head.raw(asBytes(magic));
  head.u32(artifactFormat);
  head.u8(static_cast<uint8_t>(program.target.family));
  head.u8(program.target.level);
  head.u16(0);
  head.u32(kinds);
  constexpr uint64_t entryBytes = 24;
  uint64_t at = head.size() + kinds * entryBytes;
  for (uint32_t i = 0; i < kinds; ++i) {
    head.u32(i + 1);
    head.u32(0);
    head.u64(at);
    head.u64(sections[i].size());
    at += sections[i].size();
  }
  for (const Bytes &section : sections)
    head.raw(section);
  artifact.head = head.take();
  return artifact;
}

Result<DataMark> dataMarkOf(ByteSpan head) {
  Program unused;
  return readNumbers(RUNE_TRY(readSections(head)), unused);
}

Result<Program> load(ByteSpan head, ByteSpan data,
                     std::shared_ptr<const void> owner,
                     std::span<const ByteSpan> known) {
  Sections sections = RUNE_TRY(readSections(head));
  Program program;
  program.target = sections.target;
  DataMark mark = RUNE_TRY(readNumbers(sections, program));
  if (mark.bytes != data.size())
    return bad("its data has another size");
  Weights weights = RUNE_TRY(readWeights(sections, data, known));
  program.graph =
      RUNE_TRY(graph::load(sections.byKind.at(Kind::Graph), weights.spans));
  using Owners =
      std::pair<std::shared_ptr<const void>, std::shared_ptr<Unread>>;
  keepBy(program.graph, std::make_shared<Owners>(owner, weights.unread));
  RUNE_TRY(readPacked(sections, data, owner, program));
  ByteSpan code = sections.byKind.at(Kind::Code);
  program.code.assign(code.begin(), code.end());
  RUNE_TRY(readSteps(sections, program));
  RUNE_TRY(readPlaces(sections, program));
  return program;
}

} // namespace rune::compile
