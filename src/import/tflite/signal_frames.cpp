// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Samples in time: what a run leaves over joins the samples of the next one.
// The reference kernels keep ring buffers; here the state is the samples
// themselves, oldest first, so that every layer is a concatenation and a cut.
//
// source  TensorFlow Lite Micro's signal library: SignalDelay, SignalFramer,
//         SignalStacker, SignalOverlapAdd; its operator CIRCULAR_BUFFER
#include "import/tflite/signal.h"
#include "import/tflite/sizes.h"

#include <limits>

namespace rune::import {
namespace {

/// Samples that one layer may keep or make.
constexpr int64_t mostSamples = 1 << 22;
/// Frames of SignalOverlapAdd: each is a few nodes.
constexpr int64_t mostFrames = 256;

/// A frame of samples of known sizes, at least one dimension.
Result<Integers> sizesOf(const TfliteNode &node, ValueId x, int64_t least) {
  if (node.rank(x) < least)
    return node.fail("`input` is `{}`, needs {} dimensions or more",
                     node.type(x).str(), least);
  if (!node.type(x).isStatic())
    return node.unsupported("`{}` of unknown size", node.type(x).str());
  return node.type(x).sizes();
}

Result<> checkSamples(const TfliteNode &node, const Integers &sizes) {
  auto count = elementCount(sizes);
  if (!count || *count > static_cast<uint64_t>(mostSamples))
    return node.unsupported("more than {} samples", mostSamples);
  return {};
}

TensorType typeOf(DType dtype, const Integers &sizes) {
  TensorType type{dtype, {}};
  for (int64_t size : sizes)
    type.dims.push_back(Dim(size));
  return type;
}

/// The state in front of x, along the last dimension; the end of both is the
/// next state.
Result<ValueId> joined(const TfliteNode &node, ValueId x, int64_t kept) {
  Integers sizes = node.type(x).sizes();
  if (kept == 0)
    return x;
  int64_t axis = node.rank(x) - 1, given = sizes.back();
  sizes.back() = kept;
  RUNE_TRY(checkSamples(node, sizes));
  CellId cell = RUNE_TRY(node.ownState("kept", typeOf(node.dtype(x), sizes)));
  ValueId all = RUNE_TRY(node.one(Op::Concat, {node.frame().read(cell), x},
                                  {{"axis", axis}}, "all"));
  node.frame().write(cell, RUNE_TRY(sliced(node, all, axis, given, given + kept,
                                           "kept/next")));
  return all;
}

/// A counter, which starts at `first`.
Result<CellId> counter(const TfliteNode &node, std::string_view part,
                       int64_t first) {
  Tensor start = RUNE_TRY(Tensor::zeros(DType::I32, {}));
  start.as<int32_t>()[0] = static_cast<int32_t>(first);
  return node.ownState(part, {DType::I32, {}},
                       graph::Constant::of(std::move(start)));
}

Result<ValueId> number(const TfliteNode &node, std::string_view part,
                       int64_t value) {
  return node.scalar(part, DType::I32, static_cast<double>(value));
}

} // namespace

/// result  the samples of `delay_length` samples ago; zeros at first
Imported importTfliteSignalDelay(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::I16, -1));
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  int64_t delay = RUNE_TRY(options.integer("delay_length", 0, mostSamples));
  Integers sizes = RUNE_TRY(sizesOf(node, x, 1));
  ValueId all = RUNE_TRY(joined(node, x, delay));
  return std::vector{
      RUNE_TRY(sliced(node, all, node.rank(x) - 1, 0, sizes.back(), ""))};
}

/// result  frames [.., n, frame_size] that begin `frame_step` samples apart;
///         whether all are full, a bool. Frames that are not begin with zeros,
///         where the reference kernel leaves its memory as it is
Imported importTfliteSignalFramer(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::I16, -1));
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  int64_t size = RUNE_TRY(options.integer("frame_size", 1, mostSamples));
  int64_t step = RUNE_TRY(options.integer("frame_step", 1, size));
  bool isFilled = RUNE_TRY(options.flag("prefill"));
  Integers sizes = RUNE_TRY(sizesOf(node, x, 1));
  if (sizes.back() < step || sizes.back() % step != 0)
    return node.fail("{} samples in steps of {}", sizes.back(), step);
  int64_t frames = sizes.back() / step;
  // without zeros in front whole steps are kept: frames begin with the first
  // sample
  int64_t missing = (size + step - 1) / step - 1;
  int64_t kept = isFilled ? size - step : missing * step;
  Integers all = sizes;
  all.back() = frames;
  all.push_back(size);
  RUNE_TRY(checkSamples(node, all));
  ValueId samples = RUNE_TRY(joined(node, x, kept));
  Tensor places = RUNE_TRY(Tensor::zeros(DType::I64, {frames, size}));
  for (int64_t i = 0; i < frames * size; ++i)
    places.as<int64_t>()[static_cast<size_t>(i)] = i / size * step + i % size;
  ValueId at = RUNE_TRY(node.constant("places", std::move(places)));
  ValueId result = RUNE_TRY(
      node.one(Op::Gather, {samples, at}, {{"axis", node.rank(x) - 1}}));
  if (isFilled || missing == 0)
    return std::vector{result, RUNE_TRY(node.scalar("valid", DType::Bool, 1))};
  CellId cell = RUNE_TRY(counter(node, "missing", missing));
  ValueId left = node.frame().read(cell);
  ValueId zero = RUNE_TRY(number(node, "zero", 0));
  ValueId valid = RUNE_TRY(node.one(Op::Equal, {left, zero}, {}, "valid"));
  ValueId rest = RUNE_TRY(node.one(
      Op::Sub,
      {left,
       RUNE_TRY(number(node, "frames", std::min<int64_t>(frames, missing)))},
      {}, "missing/less"));
  node.frame().write(
      cell, RUNE_TRY(node.one(Op::Maximum, {rest, zero}, {}, "missing/next")));
  return std::vector{result, valid};
}

/// result  the last frames in a row, `stacker_left_context` + 1 +
///         `stacker_right_context` of them; whether it is their turn: after so
///         many frames to come, then every `stacker_step`. The first frame
///         stands for those before it
Imported importTfliteSignalStacker(TfliteNode &node) {
  constexpr int64_t mostContext = 1 << 12;
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::I16, 1));
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  int64_t channels = RUNE_TRY(options.integer("num_channels", 1, mostSamples));
  int64_t left =
      RUNE_TRY(options.integer("stacker_left_context", 0, mostContext));
  int64_t right =
      RUNE_TRY(options.integer("stacker_right_context", 0, mostContext));
  int64_t before = left + right;
  int64_t step = RUNE_TRY(options.integer("stacker_step", 1, before + 1));
  if (RUNE_TRY(knownSize(node, x, 0)) != channels)
    return node.fail("`num_channels` is {}, the input `{}`", channels,
                     node.type(x).str());
  RUNE_TRY(checkSamples(node, {before + 1, channels}));
  ValueId all = x;
  if (before > 0) {
    CellId cell = RUNE_TRY(
        node.ownState("kept", typeOf(DType::I16, {before * channels})));
    CellId begun = RUNE_TRY(node.ownState("begun", {DType::Bool, {}}));
    ValueId times = RUNE_TRY(node.integers("times", {before}));
    ValueId copies = RUNE_TRY(node.one(Op::Tile, {x, times}, {}, "copies"));
    ValueId kept = RUNE_TRY(node.one(
        Op::Where, {node.frame().read(begun), node.frame().read(cell), copies},
        {}, "before"));
    all = RUNE_TRY(
        node.one(Op::Concat, {kept, x}, {{"axis", int64_t{0}}}, "all"));
    node.frame().write(cell,
                       RUNE_TRY(sliced(node, all, 0, channels,
                                       (before + 1) * channels, "kept/next")));
    node.frame().write(begun, RUNE_TRY(node.scalar("yes", DType::Bool, 1)));
  }
  CellId wait = RUNE_TRY(counter(node, "wait", right));
  ValueId remaining = node.frame().read(wait);
  ValueId zero = RUNE_TRY(number(node, "zero", 0));
  ValueId valid = RUNE_TRY(node.one(Op::Equal, {remaining, zero}, {}, "valid"));
  ValueId less = RUNE_TRY(node.one(
      Op::Sub, {remaining, RUNE_TRY(number(node, "one", 1))}, {}, "wait/less"));
  ValueId again = RUNE_TRY(number(node, "wait/again", step - 1));
  node.frame().write(wait, RUNE_TRY(node.one(Op::Where, {valid, again, less},
                                             {}, "wait/next")));
  return std::vector{all, valid};
}

namespace {

/// a + b, which saturates where it is of 16 bits.
Result<ValueId> added(const TfliteNode &node, ValueId a, ValueId b,
                      const std::string &part) {
  if (node.dtype(a) == DType::F32)
    return node.one(Op::Add, {a, b}, {}, part);
  ValueId left = RUNE_TRY(castTo(node, a, DType::I32, part + "/left"));
  ValueId right = RUNE_TRY(castTo(node, b, DType::I32, part + "/right"));
  ValueId sum = RUNE_TRY(node.one(Op::Add, {left, right}, {}, part + "/sum"));
  ValueId low = RUNE_TRY(
      number(node, part + "/low", std::numeric_limits<int16_t>::min()));
  ValueId high = RUNE_TRY(
      number(node, part + "/high", std::numeric_limits<int16_t>::max()));
  ValueId held =
      RUNE_TRY(node.one(Op::Clamp, {sum, low, high}, {}, part + "/held"));
  return castTo(node, held, DType::I16, part);
}

} // namespace

/// inputs  frames [.., n, size]
/// result  [.., n · frame_step]: each frame is added to what is left of those
///         before it, and its first `frame_step` samples are done
Imported importTfliteSignalOverlapAdd(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  if (node.dtype(x) != DType::I16 && node.dtype(x) != DType::F32)
    return node.unsupported("frames of `{}`, needs i16 or f32",
                            node.type(x).str());
  Integers sizes = RUNE_TRY(sizesOf(node, x, 2));
  RUNE_TRY(checkSamples(node, sizes));
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  int64_t axis = node.rank(x) - 1, size = sizes.back(),
          frames = sizes[sizes.size() - 2];
  int64_t step = RUNE_TRY(options.integer("frame_step", 1, size));
  if (frames > mostFrames)
    return node.unsupported("{} frames, at most {}", frames, mostFrames);
  Integers one = sizes;
  one[one.size() - 2] = 1;
  CellId cell = RUNE_TRY(node.ownState("kept", typeOf(node.dtype(x), one)));
  ValueId kept = node.frame().read(cell);
  std::vector<ValueId> done;
  for (int64_t i = 0; i < frames; ++i) {
    std::string part = fmt::format("frame{}", i);
    ValueId frame =
        RUNE_TRY(sliced(node, x, axis - 1, i, i + 1, part + "/given"));
    ValueId sum = RUNE_TRY(added(node, kept, frame, part));
    done.push_back(RUNE_TRY(sliced(node, sum, axis, 0, step, part + "/done")));
    ValueId rest =
        RUNE_TRY(sliced(node, sum, axis, step, size, part + "/rest"));
    ValueId pads = RUNE_TRY(node.integers(part + "/pads", {0, step}));
    ValueId axes = RUNE_TRY(node.integers(part + "/axes", {axis}));
    kept = RUNE_TRY(
        node.one(Op::Pad, {rest, pads, noValue, axes}, {}, part + "/kept"));
  }
  node.frame().write(cell, kept);
  ValueId all =
      done.size() == 1
          ? done[0]
          : RUNE_TRY(node.one(Op::Concat, done, {{"axis", axis}}, "done"));
  sizes.pop_back();
  sizes.back() = frames * step;
  return std::vector{RUNE_TRY(node.reshaped(all, sizes, ""))};
}

namespace {

/// How many runs a buffer collects before it lets one go on. The reference
/// kernel takes what a file does not state from the shapes of the models it
/// knows.
Result<int64_t> periodOf(const TfliteNode &node, const Integers &sizes) {
  int64_t cycles = 0;
  if (!node.customOptions().empty())
    cycles = RUNE_TRY(RUNE_TRY(FlexOptions::of(node))
                          .integer("cycles_max", INT32_MIN, INT32_MAX));
  if (cycles > 0)
    return cycles;
  size_t &seen = node.model().buffersWithoutPeriod;
  ++seen;
  bool isLast = sizes[1] == 5 || sizes[1] == 13 || sizes[1] == 25 ||
                (seen == 5 && sizes[2] == 2 && sizes[3] == 96);
  if (isLast)
    seen = 0;
  return isLast ? 1 : 2;
}

/// Of `cycles` runs that come here the last goes on.
Result<> goOnEach(const TfliteNode &node, int64_t cycles) {
  if (cycles == 1)
    return {};
  if (node.frame().isBody())
    return node.unsupported("a buffer that ends runs, in a branch or a loop");
  CellId cell = RUNE_TRY(counter(node, "wait", cycles));
  ValueId one = RUNE_TRY(number(node, "one", 1));
  ValueId left = RUNE_TRY(
      node.one(Op::Sub, {node.frame().read(cell), one}, {}, "wait/less"));
  ValueId zero = RUNE_TRY(number(node, "zero", 0));
  ValueId isTurn = RUNE_TRY(node.one(Op::Equal, {left, zero}, {}, "turn"));
  ValueId again = RUNE_TRY(number(node, "wait/again", cycles));
  node.frame().write(cell, RUNE_TRY(node.one(Op::Where, {isTurn, again, left},
                                             {}, "wait/next")));
  // a run that has ended comes to no other buffer
  ValueId before = node.frame().gateOf(isTurn);
  if (before != noValue)
    isTurn =
        RUNE_TRY(node.one(Op::LogicalAnd, {before, isTurn}, {}, "turn/here"));
  node.frame().goOnIf(isTurn);
  return {};
}

} // namespace

/// inputs  [1, 1, w, c] of this run
/// result  the last inputs [1, slots, w, c], the oldest first. With a period of
///         n only each n-th run goes on behind it: in the others state and
///         outputs of what follows stay as they were
Imported importTfliteCircularBuffer(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(1, 1));
  ValueId x = RUNE_TRY(signalInput(node, 0, "input", DType::I8, 4));
  Integers sizes = RUNE_TRY(sizesOf(node, x, 4));
  TensorType stated = RUNE_TRY(node.statedOutput());
  if (stated.dims.size() != 4 || !stated.isStatic() || sizes[1] != 1 ||
      stated.sizes()[0] != sizes[0] || stated.sizes()[2] != sizes[2] ||
      stated.sizes()[3] != sizes[3] || stated.sizes()[1] < 1)
    return node.fail("`{}` of `{}`", stated.str(), node.type(x).str());
  Integers kept = stated.sizes();
  int64_t slots = kept[1], cycles = RUNE_TRY(periodOf(node, kept));
  ValueId all = x;
  if (slots > 1) {
    kept[1] = slots - 1;
    RUNE_TRY(checkSamples(node, kept));
    CellId cell = RUNE_TRY(node.ownState("kept", typeOf(DType::I8, kept)));
    all = RUNE_TRY(node.one(Op::Concat, {node.frame().read(cell), x},
                            {{"axis", int64_t{1}}}));
    node.frame().write(cell,
                       RUNE_TRY(sliced(node, all, 1, 1, slots, "kept/next")));
  }
  RUNE_TRY(goOnEach(node, cycles));
  if (cycles == 1)
    return std::vector{all};
  // made behind the gate, as everything that follows
  return std::vector{RUNE_TRY(node.one(Op::Identity, {all}, {}, "due"))};
}

} // namespace rune::import
