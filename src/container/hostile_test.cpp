// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that are not what they should be. Each is refused with its code, or, if
// it says the same as before, read as before.
#include "container/pieces_for_test.h"
#include "container/read.h"
#include "container/same_values.h"
#include "container/sample_rune.h"
#include "container/write.h"

#include <gtest/gtest.h>

#include <functional>

namespace rune::container {

namespace {

std::string codeOf(ByteSpan bytes, const ReadOptions &options = {}) {
  auto file = read(bytes, Source::binary("hostile.rune"), options);
  return file ? "ok" : file.error().code;
}
std::string messageOf(ByteSpan bytes) {
  auto file = read(bytes, nullptr);
  return file ? "ok" : renderText(file.error());
}

Bytes sampleBytes() { return *write(sampleRune().file); }

/// The sample with one piece changed, under a right digest.
Bytes changed(std::string_view name, std::function<void(Piece &)> change) {
  auto pieces = piecesOf(sampleBytes());
  change(pieceNamed(pieces, name));
  return assembled(pieces);
}
Bytes withBytes(std::string_view section, uint64_t at, Bytes bytes) {
  return changed(section, [&](Piece &piece) {
    std::ranges::copy(bytes, piece.body.begin() + static_cast<long>(at));
  });
}

template <class T> Bytes little(T value) {
  Bytes bytes(sizeof value);
  storeUnaligned(bytes.data(), value);
  return bytes;
}

/// A stage as `write` would refuse it: kind, name, capability, artifact,
/// channel, then the bytes of its three lists.
Bytes stageBytes(uint8_t kind, std::string_view name, std::string_view what,
                 uint32_t artifact, Bytes lists) {
  ByteWriter out;
  out.u8(kind);
  out.text(name);
  out.text(what);
  out.u32(artifact);
  out.u32(0);
  out.raw(lists);
  return out.take();
}
const Bytes noLists(12);
/// One output of type f32[].
const Bytes oneOutput = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};

Bytes inputsOf(std::vector<std::pair<uint32_t, uint32_t>> edges) {
  ByteWriter out;
  out.u32(0);
  out.u32(static_cast<uint32_t>(edges.size()));
  for (auto [stage, port] : edges) {
    out.u32(stage);
    out.u32(port);
  }
  out.u32(0);
  return out.take();
}

Bytes withStages(std::vector<Bytes> stages) {
  return changed("rune.wiring", [&](Piece &piece) {
    ByteWriter out;
    out.u32(1);
    out.text("n");
    out.text("i");
    out.u32(static_cast<uint32_t>(stages.size()));
    for (const Bytes &stage : stages)
      out.raw(stage);
    piece.body = out.take();
  });
}

/// One argument `a` of this tag and value.
Bytes withArgument(uint8_t tag, Bytes value) {
  ByteWriter lists;
  lists.u32(1);
  lists.text("a");
  lists.u8(tag);
  lists.raw(value);
  lists.u32(0);
  lists.u32(0);
  return withStages({stageBytes(0, "s", "RAW", 0, lists.take())});
}

/// One output of this dtype and these dimensions.
Bytes withOutput(uint8_t dtype, uint32_t rank, Bytes dims) {
  ByteWriter lists;
  lists.u32(0);
  lists.u32(0);
  lists.u32(1);
  lists.u8(dtype);
  lists.u32(rank);
  lists.raw(dims);
  return withStages({stageBytes(0, "s", "RAW", 0, lists.take())});
}

/// A sample without a model: nothing depends on offsets in it.
RuneFile small(OwnedRune &rune) {
  RuneFile file = rune.file;
  file.models.clear();
  file.stages.erase(file.stages.begin() + 2, file.stages.end());
  return file;
}

} // namespace

// --- every file cut short, every bit flipped ---------------------------------

TEST(Truncation, IsRefusedAtEveryByte) {
  Bytes whole = sampleBytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    // An own allocation, so that the sanitizer sees a read behind the end.
    Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
    EXPECT_NE(codeOf(cut), "ok") << size << " of " << whole.size();
    codeOf(cut, {.verifyWeights = true, .verifyHashes = false});
  }
}

TEST(BitFlip, IsRefusedAtEveryBit) {
  Bytes bytes = sampleBytes();
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= 1 << (bit % 8);
    EXPECT_NE(codeOf(bytes), "ok") << "byte " << bit / 8 << ", bit " << bit % 8;
    codeOf(bytes, {.verifyWeights = true, .verifyHashes = false});
    bytes[bit / 8] ^= 1 << (bit % 8);
  }
  EXPECT_EQ(codeOf(bytes), "ok");
}

TEST(BitFlip, WithoutVerifyingWeightsOnlyTheirDataIsTrusted) {
  Bytes bytes = sampleBytes();
  auto file = read(bytes, nullptr);
  ASSERT_TRUE(file.ok());
  auto firstWeight = static_cast<size_t>(
      file->models[0].weights[0].data.data() - bytes.data());
  auto poolEnd = static_cast<size_t>(file->models[0].weights[1].data.data() +
                                     4 - bytes.data());
  // The data may differ; so may the zeros before and between it.
  size_t poolBegin = firstWeight / 64 * 64 - 63;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= 1 << (bit % 8);
    bool inPool = bit / 8 >= poolBegin && bit / 8 < poolEnd;
    if (codeOf(bytes, {.verifyWeights = false, .verifyHashes = true}) == "ok")
      EXPECT_TRUE(inPool) << "byte " << bit / 8 << ", bit " << bit % 8;
    bytes[bit / 8] ^= 1 << (bit % 8);
  }
}

// --- what is not a rune ------------------------------------------------------

TEST(BadMagic, OfAnythingElse) {
  EXPECT_EQ(codeOf({}), "container.bad-magic");
  EXPECT_EQ(codeOf(asBytes("\x7f"
                           "ELF and more")),
            "container.bad-magic");
  Bytes component = {0, 'a', 's', 'm', 0x0D, 0, 1, 0};
  EXPECT_EQ(codeOf(component), "container.bad-magic");
}

TEST(NotARune, OfOtherModules) {
  Bytes empty = {0, 'a', 's', 'm', 1, 0, 0, 0};
  EXPECT_EQ(codeOf(empty), "container.not-a-rune");
  Bytes types = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 1, 0};
  EXPECT_EQ(codeOf(types), "container.not-a-rune");
  Bytes named = {0, 'a', 's', 'm', 1, 0, 0, 0, 0, 5, 4, 'n', 'a', 'm', 'e'};
  EXPECT_EQ(codeOf(named), "container.not-a-rune");
}

TEST(NotARune, OfTheFirstSystemSaysWhatToDo) {
  Bytes file = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 1, 0, 0, 13, 12};
  for (char c : std::string_view(".rune_graph "))
    file.push_back(static_cast<uint8_t>(c));
  file[13] = 11; // the length of the name, without the space
  EXPECT_NE(messageOf(file).find("first system"), std::string::npos)
      << messageOf(file);
}

TEST(NotARune, WhenTheHeaderIsNotTheFirstSection) {
  auto pieces = piecesOf(sampleBytes());
  std::swap(pieces[0], pieces[1]);
  EXPECT_EQ(codeOf(assembled(pieces)), "container.not-a-rune");
}

// --- versions and the registry's rules ---------------------------------------

TEST(Version, RuleForReadersAndFiles) {
  // format, minimum reader, reader
  EXPECT_TRUE(acceptsFormat(1, 1, 1));
  EXPECT_TRUE(acceptsFormat(1, 1, 2));
  EXPECT_FALSE(acceptsFormat(1, 1, 3));
  EXPECT_TRUE(acceptsFormat(3, 2, 2));
  EXPECT_FALSE(acceptsFormat(3, 3, 2));
  EXPECT_FALSE(acceptsFormat(0, 0, 1));
  EXPECT_FALSE(acceptsFormat(1, 0, 1));
  EXPECT_FALSE(acceptsFormat(1, 2, 1));
  EXPECT_FALSE(acceptsFormat(UINT32_MAX, UINT32_MAX, 1));
  EXPECT_FALSE(acceptsFormat(1, 1, UINT32_MAX));
}

TEST(Version, OfALaterFormatIsRefusedBeforeAnythingElseIsJudged) {
  auto pieces = piecesOf(sampleBytes());
  pieces[0].body = little<uint32_t>(7);
  for (uint8_t byte : little<uint32_t>(5))
    pieces[0].body.push_back(byte);
  pieces[0].body.push_back(99); // a layout that we do not know
  pieces[0].version = 4;
  pieces.push_back({"rune.future", 1, 1, {}});
  Bytes bytes = assembled(pieces);
  EXPECT_EQ(codeOf(bytes), "container.unsupported-version");
  EXPECT_NE(messageOf(bytes).find("it needs a newer rune"), std::string::npos);
}

TEST(Version, OfALaterFormatIsReadWhenItsHeaderAllows) {
  EXPECT_EQ(codeOf(withBytes("rune.header", 0, little<uint32_t>(9))), "ok");
}

TEST(Version, ZeroDoesNotExist) {
  EXPECT_EQ(codeOf(withBytes("rune.header", 0, Bytes(8))),
            "container.unsupported-version");
}

TEST(UnknownSection, RequiredIsRefusedByName) {
  auto pieces = piecesOf(sampleBytes());
  pieces.insert(pieces.end() - 1, {"rune.signature", 1, 1, {1, 2, 3}});
  std::string message = messageOf(assembled(pieces));
  EXPECT_EQ(codeOf(assembled(pieces)), "container.unknown-section");
  EXPECT_NE(message.find("`rune.signature`"), std::string::npos) << message;
  EXPECT_NE(message.find("it needs a newer rune"), std::string::npos);
}

TEST(UnknownSection, OptionalIsSkippedButCoveredByTheDigest) {
  auto pieces = piecesOf(sampleBytes());
  pieces.insert(pieces.end() - 1, {"rune.signature", 1, 0, {1, 2, 3}});
  Bytes bytes = assembled(pieces);
  auto file = read(bytes, nullptr);
  ASSERT_TRUE(file.ok()) << renderText(file.error());
  EXPECT_TRUE(sameValues(*file, sampleRune().file));
  auto at = std::ranges::search(bytes, Bytes{1, 2, 3}).begin();
  *at ^= 1;
  EXPECT_EQ(codeOf(bytes), "container.hash-mismatch");
}

TEST(UnknownSection, ALaterLayoutOfAKnownOneIsUnknown) {
  auto later = [](std::string_view name, uint16_t flags) {
    return changed(name, [&](Piece &piece) {
      piece.version = 2;
      piece.flags = flags;
    });
  };
  EXPECT_EQ(codeOf(later("rune.wiring", 1)), "container.unknown-section");
  EXPECT_EQ(codeOf(later("rune.wiring", 0)), "container.missing-section");
  EXPECT_EQ(codeOf(later("rune.header", 1)), "container.unknown-section");
}

TEST(ForeignSection, IsIgnoredAnywhereBehindTheHeader) {
  auto pieces = piecesOf(sampleBytes());
  pieces.push_back({"producers", 0, 0, {9, 9}});
  EXPECT_EQ(codeOf(assembled(pieces)), "ok");
  OwnedRune rune = sampleRune();
  pieces = piecesOf(*write(small(rune)));
  pieces.insert(pieces.begin() + 1, {"name", 0, 0, {1}});
  EXPECT_EQ(codeOf(assembled(pieces)), "ok");
}

TEST(ForeignSection, OfCodeIsRefused) {
  for (uint8_t id = 1; id < 20; ++id) {
    Bytes bytes = sampleBytes();
    bytes.insert(bytes.end(), {id, 1, 0});
    EXPECT_EQ(codeOf(bytes), "container.malformed") << int{id};
  }
}

TEST(MissingSection, OfWiringOrDigest) {
  for (std::string_view name : {"rune.wiring", "rune.digest"}) {
    auto pieces = piecesOf(sampleBytes());
    std::erase_if(pieces, [&](auto &piece) { return piece.name == name; });
    Bytes bytes = assembled(pieces);
    EXPECT_EQ(codeOf(bytes), "container.missing-section") << name;
  }
}

TEST(Malformed, SectionsTwiceOrBehindTheDigest) {
  for (std::string_view name : {"rune.header", "rune.wiring"}) {
    auto pieces = piecesOf(sampleBytes());
    Piece again = pieceNamed(pieces, name);
    pieces.insert(pieces.end() - 1, again);
    EXPECT_EQ(codeOf(assembled(pieces)), "container.malformed") << name;
  }
  for (std::string_view name : {"rune.digest", "rune.block", "rune.other"}) {
    auto pieces = piecesOf(sampleBytes());
    pieces.push_back({std::string(name), 1, 0, Bytes(32)});
    EXPECT_EQ(codeOf(assembled(pieces)), "container.malformed") << name;
  }
}

TEST(Malformed, FlagsOfAKnownSection) {
  for (uint16_t flags : {0, 2, 3, 0x8001})
    EXPECT_EQ(codeOf(changed("rune.wiring",
                             [&](Piece &piece) { piece.flags = flags; })),
              "container.malformed");
}

TEST(Malformed, LengthsThatAreNoLeb128) {
  const Bytes start = {0, 'a', 's', 'm', 1, 0, 0, 0};
  Bytes lengths[] = {{0, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, // six bytes
                     {0, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F},    // 33 bits
                     {0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F},    // leaves the file
                     {0, 0x80},                            // ends in the middle
                     {0, 0},                               // no room for a name
                     {0, 2, 5, 'x'},                       // name leaves it
                     {0, 2, 1, 0xFF},                      // name is not UTF-8
                     {0, 8, 5, 'r', 'u', 'n', 'e', '.', 1, 0}}; // no head
  for (const Bytes &section : lengths) {
    Bytes bytes = start;
    bytes.insert(bytes.end(), section.begin(), section.end());
    EXPECT_EQ(codeOf(bytes), "container.malformed") << section.size();
  }
}

TEST(Malformed, BytesBehindTheEndOfABody) {
  for (std::string_view name : {"rune.header", "rune.wiring", "rune.digest"}) {
    OwnedRune rune = sampleRune();
    auto pieces = piecesOf(*write(small(rune)));
    pieceNamed(pieces, name).body.push_back(0);
    EXPECT_EQ(codeOf(assembled(pieces)), "container.malformed") << name;
  }
  OwnedRune rune = sampleRune();
  rune.file.resources[0].data.reset();
  auto pieces = piecesOf(*write(small(rune)));
  pieceNamed(pieces, "rune.resource").body.push_back(0);
  EXPECT_EQ(codeOf(assembled(pieces)), "container.malformed");
}

// --- hashes ------------------------------------------------------------------

TEST(HashMismatch, OfTheWholeFile) {
  Bytes bytes = sampleBytes();
  bytes.back() ^= 1;
  EXPECT_EQ(codeOf(bytes), "container.hash-mismatch");
}

TEST(HashMismatch, OfABlockOrGraphThatLiesUnderARightDigest) {
  EXPECT_EQ(codeOf(withBytes("rune.block", 0, {1, 2, 3})),
            "container.hash-mismatch");
  EXPECT_EQ(codeOf(withBytes("rune.model", 0, {1, 2, 3})),
            "container.hash-mismatch");
}

TEST(HashMismatch, OfAWeight) {
  EXPECT_EQ(codeOf(withBytes("rune.weights", 4 + 16, {1, 2, 3})),
            "container.hash-mismatch");
  Bytes bytes =
      changed("rune.weights", [](Piece &piece) { piece.body.back() ^= 1; });
  EXPECT_EQ(codeOf(bytes), "container.hash-mismatch");
  EXPECT_EQ(codeOf(bytes, {.verifyWeights = false, .verifyHashes = true}),
            "ok");
}

// --- weights -----------------------------------------------------------------

TEST(Malformed, WeightsThatOverlapLeaveOrStandCrooked) {
  Bytes bytes = sampleBytes();
  auto pieces = piecesOf(bytes);
  const Bytes &body = pieceNamed(pieces, "rune.weights").body;
  auto first = loadUnaligned<uint64_t>(&body[4]);
  auto second = loadUnaligned<uint64_t>(&body[4 + 48]);
  auto malformed = [&](uint64_t at, uint64_t value) {
    EXPECT_EQ(codeOf(withBytes("rune.weights", at, little(value))),
              "container.malformed")
        << at << " " << value;
  };
  malformed(4, first + 4);            // crooked
  malformed(4, first - 64);           // inside the table
  malformed(4 + 48, first);           // overlaps the first
  malformed(4 + 48, second + 64);     // leaves the section
  malformed(4 + 48, UINT64_MAX - 63); // would wrap around
  malformed(12 + 48, UINT64_MAX);     // size would wrap around
  malformed(12, second - first + 1);  // reaches into the second
  malformed(12 + 48, 3);              // a byte is left over
  EXPECT_EQ(codeOf(withBytes("rune.weights", 0, little<uint32_t>(UINT32_MAX))),
            "container.malformed");
}

TEST(Malformed, PaddingBetweenWeightsThatIsNotZero) {
  Bytes bytes = changed("rune.weights", [](Piece &piece) {
    piece.body[piece.body.size() - 5] = 1;
  });
  EXPECT_EQ(codeOf(bytes), "container.malformed");
}

TEST(Malformed, TwoWeightsOfOneHash) {
  EXPECT_EQ(codeOf(changed("rune.weights",
                           [](Piece &piece) {
                             std::copy_n(&piece.body[4 + 16], 32,
                                         &piece.body[4 + 48 + 16]);
                           })),
            "container.malformed");
}

TEST(Malformed, AModelOfAWeightThatIsNotThere) {
  // hash, "two", "opaque", count, then the first position
  EXPECT_EQ(codeOf(withBytes("rune.model", 32 + 7 + 10 + 4, {2})),
            "container.malformed");
  EXPECT_EQ(
      codeOf(withBytes("rune.model", 32 + 7 + 10, little<uint32_t>(1 << 30))),
      "container.malformed");
}

// --- the wiring --------------------------------------------------------------

namespace {
/// The sample without models, its wiring replaced.
std::string codeOfWiring(const Bytes &body) {
  OwnedRune rune = sampleRune();
  auto pieces = piecesOf(*write(small(rune)));
  pieceNamed(pieces, "rune.wiring").body = body;
  return codeOf(assembled(pieces));
}
std::string codeOfStages(const Bytes &sample) {
  auto pieces = piecesOf(sample);
  return codeOfWiring(pieceNamed(pieces, "rune.wiring").body);
}
} // namespace

TEST(Wiring, MadeByHandIsRead) {
  Bytes raw = stageBytes(0, "r", "RAW", 0, oneOutput);
  EXPECT_EQ(codeOfStages(withStages({raw})), "ok");
  EXPECT_EQ(codeOfStages(withStages(
                {raw, stageBytes(3, "o", "SERIAL", 0, inputsOf({{0, 0}}))})),
            "ok");
}

TEST(Wiring, EdgesReadOnlyEarlierStagesAndPortsThatExist) {
  Bytes raw = stageBytes(0, "r", "RAW", 0, oneOutput);
  auto edge = [&](uint32_t stage, uint32_t port) {
    return codeOfStages(withStages(
        {raw, stageBytes(3, "o", "SERIAL", 0, inputsOf({{stage, port}})),
         stageBytes(0, "s", "RAW", 0, oneOutput)}));
  };
  EXPECT_EQ(edge(0, 0), "ok");
  EXPECT_EQ(edge(0, 1), "container.malformed");
  EXPECT_EQ(edge(1, 0), "container.malformed");
  EXPECT_EQ(edge(2, 0), "container.malformed");
  EXPECT_EQ(edge(UINT32_MAX, UINT32_MAX), "container.malformed");
}

TEST(Wiring, StagesNameArtifactsThatExist) {
  auto code = [&](uint8_t kind, std::string_view what, uint32_t artifact) {
    return codeOfStages(
        withStages({stageBytes(kind, "s", what, artifact, noLists)}));
  };
  EXPECT_EQ(code(1, "", 0), "ok");
  EXPECT_EQ(code(1, "", 1), "container.malformed");
  EXPECT_EQ(code(2, "", 0), "container.malformed"); // there is no model
  EXPECT_EQ(code(1, "RAW", 0), "container.malformed");
  EXPECT_EQ(code(0, "", 0), "container.malformed");
  EXPECT_EQ(code(0, "RAW", 1), "container.malformed");
  EXPECT_EQ(code(3, "", 0), "container.malformed");
  EXPECT_EQ(code(4, "RAW", 0), "container.malformed");
}

TEST(Wiring, CapabilitiesHaveNoInputsAndOutsNoOutputs) {
  Bytes raw = stageBytes(0, "r", "RAW", 0, oneOutput);
  EXPECT_EQ(codeOfStages(withStages(
                {raw, stageBytes(0, "s", "RAW", 0, inputsOf({{0, 0}}))})),
            "container.malformed");
  EXPECT_EQ(codeOfStages(withStages({stageBytes(3, "s", "O", 0, oneOutput)})),
            "container.malformed");
}

TEST(Wiring, NamesArePrintableAndUnique) {
  auto named = [&](std::string_view name) {
    return codeOfStages(withStages({stageBytes(0, name, "RAW", 0, noLists),
                                    stageBytes(0, "s", "RAW", 0, noLists)}));
  };
  EXPECT_EQ(named("ok"), "ok");
  EXPECT_EQ(named("s"), "container.malformed");
  EXPECT_EQ(named(""), "container.malformed");
  EXPECT_EQ(named("\x1b[2J"), "container.malformed");
  EXPECT_EQ(named("\xff"), "container.malformed");
}

TEST(Wiring, ArgumentsAreWellFormed) {
  auto code = [](uint8_t tag, Bytes value) {
    return codeOfStages(withArgument(tag, std::move(value)));
  };
  EXPECT_EQ(code(0, {1}), "ok");
  EXPECT_EQ(code(0, {2}), "container.malformed");
  EXPECT_EQ(code(3, {1, 0, 0, 0, 'x'}), "ok");
  EXPECT_EQ(code(3, {1, 0, 0, 0, 0xFF}), "container.malformed");
  EXPECT_EQ(code(3, {0xFF, 0xFF, 0xFF, 0xFF}), "container.malformed");
  EXPECT_EQ(code(4, {0xFF, 0xFF, 0xFF, 0xFF}), "container.malformed");
  EXPECT_EQ(code(6, {0xFF, 0xFF, 0xFF, 0x0F}), "container.malformed");
  EXPECT_EQ(code(7, {0, 0, 0, 0}), "ok");
  EXPECT_EQ(code(7, {1, 0, 0, 0}), "container.malformed");
  EXPECT_EQ(code(8, {0, 0, 0, 0}), "container.malformed");
  EXPECT_EQ(code(255, {}), "container.malformed");
}

TEST(Wiring, TypesAreWellFormed) {
  auto code = [](uint8_t dtype, uint32_t rank, Bytes dims) {
    return codeOfStages(withOutput(dtype, rank, std::move(dims)));
  };
  const Bytes huge = {0, 0, 0, 0, 0, 1, 0, 0, 0}; // 2^32
  Bytes twice = huge;
  twice.insert(twice.end(), huge.begin(), huge.end());
  EXPECT_EQ(code(0, 1, huge), "ok");
  EXPECT_EQ(code(0, 2, twice), "container.malformed"); // 2^64 elements
  EXPECT_EQ(code(dtypeCount, 0, {}), "container.malformed");
  EXPECT_EQ(code(0, 1, {3}), "container.malformed");
  EXPECT_EQ(code(0, 1, {1, 0, 0, 0, 0}), "container.malformed");
  EXPECT_EQ(code(0, 1, {0, 0, 0, 0, 0, 0, 0, 0, 0x80}), "container.malformed");
  EXPECT_EQ(code(0, 16, Bytes(16, 2)), "ok");
  EXPECT_EQ(code(0, 17, Bytes(17, 2)), "container.limit");
  EXPECT_EQ(code(0, UINT32_MAX, {}), "container.malformed");
}

TEST(Wiring, ErrorsNameTheSectionAndTheOffset) {
  auto pieces = piecesOf(withArgument(9, {}));
  OwnedRune rune = sampleRune();
  auto base = piecesOf(*write(small(rune)));
  pieceNamed(base, "rune.wiring").body = pieceNamed(pieces, "rune.wiring").body;
  auto file = read(assembled(base), Source::binary("x.rune"));
  ASSERT_FALSE(file.ok());
  std::string text = renderText(file.error());
  EXPECT_NE(text.find("`rune.wiring`"), std::string::npos) << text;
  EXPECT_NE(text.find("kind of argument 9"), std::string::npos) << text;
  EXPECT_GT(file.error().where.span.begin, 8u);
}

TEST(Malformed, ResourcesTwiceOrWithUnknownFlags) {
  EXPECT_EQ(codeOf(withBytes("rune.resource", 0, {4})), "container.malformed");
  EXPECT_EQ(codeOf(withBytes("rune.resource", 5 + 6, {0xFF})),
            "container.malformed"); // a text that is not UTF-8
  OwnedRune rune = sampleRune();
  auto pieces = piecesOf(*write(small(rune)));
  Piece again = pieceNamed(pieces, "rune.resource");
  pieces.insert(pieces.end() - 1, again);
  EXPECT_EQ(codeOf(assembled(pieces)), "container.malformed");
}

TEST(Malformed, TwoBlocksOfOneHash) {
  OwnedRune rune = sampleRune();
  auto pieces = piecesOf(*write(small(rune)));
  Piece again = pieceNamed(pieces, "rune.block");
  pieces.insert(pieces.end() - 1, again);
  EXPECT_EQ(codeOf(assembled(pieces)), "container.malformed");
}

// --- limits ------------------------------------------------------------------

TEST(Limit, OfSectionBytesNamesAndSections) {
  OwnedRune rune = sampleRune();
  const auto whole = piecesOf(*write(small(rune)));
  auto pieces = whole;
  pieces[0].body.resize(maxHeaderBytes + 1);
  storeUnaligned<uint32_t>(&pieces[0].body[8], maxHeaderBytes + 1 - 12);
  EXPECT_EQ(codeOf(assembled(pieces)), "container.limit");
  EXPECT_EQ(codeOfStages(withStages(
                {stageBytes(0, std::string(300, 'x'), "RAW", 0, noLists)})),
            "ok");
  Bytes wiring = {1, 0, 0, 0};
  for (uint8_t byte : little<uint32_t>(maxNameBytes + 1))
    wiring.push_back(byte);
  wiring.resize(8 + maxNameBytes + 1 + 8, 0);
  std::fill(wiring.begin() + 8, wiring.end() - 8, 'x');
  EXPECT_EQ(codeOfWiring(wiring), "container.limit");
  Bytes many = assembled(whole);
  for (uint64_t i = 0; i < maxSections; ++i)
    many.insert(many.end(), {0, 2, 1, 'x'});
  EXPECT_EQ(codeOf(many), "container.limit");
  pieces = whole;
  for (uint64_t i = 0; i <= maxBlocks; ++i)
    pieces.insert(pieces.end() - 1, {"rune.block", 1, 1, Bytes(36)});
  EXPECT_EQ(codeOf(assembled(pieces)), "container.limit");
}

TEST(Write, RefusesWhatReadersWould) {
  auto code = [](std::function<void(OwnedRune &)> change) {
    OwnedRune rune = sampleRune();
    change(rune);
    auto bytes = write(rune.file);
    return bytes ? "ok" : bytes.error().code;
  };
  EXPECT_EQ(code([](OwnedRune &) {}), "ok");
  EXPECT_EQ(code([](OwnedRune &r) { r.file.stages[1].inputs[0].stage = 1; }),
            "container.invalid");
  EXPECT_EQ(
      code([](OwnedRune &r) { r.file.blocks.push_back(r.file.blocks[0]); }),
      "container.invalid");
  EXPECT_EQ(code([](OwnedRune &r) { r.file.name = "\xC0"; }),
            "container.invalid");
  EXPECT_EQ(code([](OwnedRune &r) { r.file.name.resize(1025, 'x'); }),
            "container.too-big");
  EXPECT_EQ(code([](OwnedRune &r) {
              r.file.stages[1].arguments[0].value =
                  std::string(maxTextBytes + 1, 'x');
            }),
            "container.too-big");
  EXPECT_EQ(code([](OwnedRune &r) {
              r.file.stages[1].arguments[0].value =
                  std::vector<int64_t>(maxListElements + 1);
            }),
            "container.too-big");
  EXPECT_EQ(code([](OwnedRune &r) {
              // Each list is small enough; together they fill the section.
              for (int i = 0; i < 3; ++i)
                r.file.stages[1].arguments.push_back(
                    {std::string(1, static_cast<char>('a' + i)),
                     std::vector<int64_t>(maxListElements)});
            }),
            "container.too-big");
}

} // namespace rune::container
