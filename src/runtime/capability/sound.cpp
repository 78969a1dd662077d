// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SOUND: the first `hz` * `sample_duration_ms` / 1000 samples of a sound file,
// as i16 (unscaled, as the first system's blocks expect) or as f32 in [-1, 1).
// The first system took 16-bit samples as they stood, whatever their rate and
// channels; here they are mixed and resampled, and that is said.
//
// source  the first system, "SOUND" of its command line
#include "runtime/capability/sound.h"

#include "runtime/capability/capability.h"
#include "runtime/capability/looks_like.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rune::runtime {

static Result<std::unique_ptr<SoundSource>> openByContent(ByteSpan bytes) {
  if (isWav(bytes))
    return openWav(bytes);
  if (isFlac(bytes))
    return openFlac(bytes);
  Diagnostic why = error("sound.unknown-format", "neither WAV nor FLAC: {}",
                         looksLike(bytes));
  return std::move(why.withHelp("SOUND reads WAV and FLAC files"));
}

Result<std::unique_ptr<SoundSource>> openSoundSource(ByteSpan bytes,
                                                     std::string_view name) {
  auto source = openByContent(bytes);
  if (!source)
    source.error().message =
        fmt::format("`{}`: {}", name, source.error().message);
  return source;
}

namespace {

/// What a stage asks for.
struct Window {
  uint32_t hz = 0;
  uint64_t samples = 0;
  double seconds() const { return static_cast<double>(samples) / hz; }
};

Result<int64_t> required(const CapabilityRequest &request,
                         std::string_view name) {
  auto value = RUNE_TRY(request.arguments.integer(name, 1, INT32_MAX));
  if (value)
    return *value;
  return error("runtime.missing-argument",
               "stage `{}`: SOUND needs the argument `{}`",
               request.arguments.stage(), name);
}

Result<Window> windowOf(const CapabilityRequest &request) {
  int64_t hz = RUNE_TRY(required(request, "hz"));
  int64_t duration = RUNE_TRY(required(request, "sample_duration_ms"));
  return Window{static_cast<uint32_t>(hz),
                static_cast<uint64_t>(hz * duration / 1000)};
}

/// The declared sizes, if they hold exactly the window.
Result<std::vector<int64_t>> sizesOf(const CapabilityRequest &request,
                                     const Window &window) {
  const TensorType &type = request.type;
  if (type.dtype == DType::I16 || type.dtype == DType::F32)
    if (auto sizes = sizesFor(type, window.samples * dtypeBytes(type.dtype)))
      return sizes;
  bool asFloats = type.dtype == DType::F32;
  return error("runtime.bad-input",
               "stage `{}`: SOUND gives {}[1, {}], but the stage declares {}",
               request.arguments.stage(), asFloats ? "f32" : "i16",
               window.samples, type.str())
      .withHelp("it gives `hz` * `sample_duration_ms` / 1000 samples, of i16 "
                "or f32");
}

Diagnostic tooLittle(const CapabilityRequest &request, const Window &window,
                     uint64_t provided) {
  return error("runtime.bad-input",
               "At least {} samples are required to generate this input, but "
               "only {} were provided",
               window.samples, provided)
      .note({}, fmt::format("stage `{}` takes {:g} s at {} Hz, `{}` has {:g} s",
                            request.arguments.stage(), window.seconds(),
                            window.hz, request.input->name,
                            static_cast<double>(provided) / window.hz));
}

/// Numbers in [-1, 1) on their way into a tensor.
class SampleWriter {
public:
  explicit SampleWriter(Tensor &tensor) : tensor_(tensor) {}

  void write(std::span<const double> samples) {
    if (tensor_.dtype() == DType::F32)
      for (double sample : samples)
        tensor_.as<float>()[at_++] = static_cast<float>(sample);
    else
      for (double sample : samples)
        tensor_.as<int16_t>()[at_++] = toInteger(sample);
  }
  uint64_t count() const { return at_; }
  uint64_t clipped() const { return clipped_; }

private:
  int16_t toInteger(double sample) {
    double wide = std::nearbyint(sample * 0x1p15);
    double fits = std::clamp(wide, -0x1p15, 0x1p15 - 1);
    clipped_ += wide < fits || wide > fits + 1;
    return static_cast<int16_t>(fits);
  }

  Tensor &tensor_;
  uint64_t at_ = 0;
  uint64_t clipped_ = 0;
};

/// Fills the tensor, or says what is there.
Result<uint64_t> copySamples(SoundSource &source, SampleWriter &writer,
                             uint64_t wanted) {
  std::array<double, 4096> block;
  while (writer.count() < wanted) {
    size_t part = std::min<uint64_t>(block.size(), wanted - writer.count());
    size_t count = RUNE_TRY(source.read(std::span(block).first(part)));
    writer.write(std::span(block).first(count));
    if (count < part)
      break;
  }
  return writer.count();
}

/// What was done to the samples, for people; nothing where they are as stored.
void tellConversion(const CapabilityRequest &request, const SoundFormat &stored,
                    const Window &window, uint64_t clipped) {
  std::vector<std::string> done;
  if (stored.channels != 1)
    done.push_back(fmt::format("{} channels mixed to one", stored.channels));
  if (stored.hz != window.hz)
    done.push_back(
        fmt::format("{} Hz resampled to {} Hz", stored.hz, window.hz));
  if (request.type.dtype == DType::I16 && (stored.bits > 16 || stored.isFloat))
    done.push_back(fmt::format("{} bits{} rounded to 16", stored.bits,
                               stored.isFloat ? " of float" : ""));
  if (clipped != 0)
    done.push_back(fmt::format("{} samples beyond full scale cut", clipped));
  if (done.empty() || !request.notes)
    return;
  Diagnostic note =
      error("sound.converted", "`{}` for stage `{}`: {}", request.input->name,
            request.arguments.stage(), fmt::join(done, ", "));
  note.severity = Severity::Note;
  request.notes->add(std::move(note));
}

Result<Tensor> soundTensor(const CapabilityRequest &request) {
  Window window = RUNE_TRY(windowOf(request));
  std::vector<int64_t> sizes = RUNE_TRY(sizesOf(request, window));
  auto source =
      RUNE_TRY(openSoundSource(request.input->bytes, request.input->name));
  SoundFormat stored = source->format();
  auto resampling = resampled(std::move(source), window.hz);
  if (!resampling)
    return std::move(resampling.error().note(
        {}, fmt::format("stage `{}` reads `{}`", request.arguments.stage(),
                        request.input->name)));
  source = std::move(resampling).value();
  if (source->format().frames.value_or(UINT64_MAX) < window.samples)
    return tooLittle(request, window, *source->format().frames);
  Tensor tensor = RUNE_TRY(
      Tensor::zeros(request.type.dtype, std::move(sizes), request.maxBytes));
  SampleWriter writer(tensor);
  auto count = copySamples(*source, writer, window.samples);
  if (!count)
    return error("sound.corrupt", "`{}`: {}", request.input->name,
                 count.error().message);
  if (*count < window.samples)
    return tooLittle(request, window, *count);
  tellConversion(request, stored, window, writer.clipped());
  return tensor;
}

} // namespace

Result<std::unique_ptr<Capability>>
openSound(const CapabilityRequest &request) {
  return alwaysTheSame(RUNE_TRY(soundTensor(request)));
}

} // namespace rune::runtime
