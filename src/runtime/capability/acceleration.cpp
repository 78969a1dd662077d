// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ACCEL: x, y and z of an accelerometer, a csv line each, as f32. `samples`
// says how many lines to take from the front. Without it, the declared type
// says so; where that is open, `n`, the spelling of most Runefiles. The first
// system read `n` in its first versions and ignored it in its last ones, so
// that it must not disturb a type that is known.
//
// source  the first system, "ACCEL" of its command line
#include "runtime/capability/acceleration.h"

#include "runtime/capability/capability.h"

namespace rune::runtime {

static constexpr uint64_t sampleBytes = 3 * sizeof(float);

/// How many samples to take; none: all.
static Result<std::optional<uint64_t>>
wantedSamples(const CapabilityRequest &request) {
  const TensorType &type = request.type;
  auto samples = RUNE_TRY(request.arguments.integer("samples", 0, INT32_MAX));
  if (samples)
    return std::optional<uint64_t>(*samples);
  if (type.isStatic())
    return std::optional<uint64_t>(
        RUNE_TRY(tensorBytes(type.dtype, type.sizes())) / sampleBytes);
  auto n = RUNE_TRY(request.arguments.integer("n", 0, INT32_MAX));
  return n ? std::optional<uint64_t>(*n) : std::optional<uint64_t>();
}

static Result<Tensor> accelerationTensor(const CapabilityRequest &request) {
  if (request.type.dtype != DType::F32)
    return error("runtime.bad-input",
                 "stage `{}`: ACCEL gives f32, but the stage declares {}",
                 request.arguments.stage(), request.type.str());
  auto wanted = RUNE_TRY(wantedSamples(request));
  AccelerationTable table = RUNE_TRY(readAcceleration(
      request.input->bytes, request.input->name, wanted.value_or(UINT64_MAX)));
  if (wanted.value_or(0) > table.samples)
    return error("runtime.bad-input",
                 "{} samples were requested but only {} are available", *wanted,
                 table.samples)
        .note({}, fmt::format("stage `{}` reads `{}`, a sample a line",
                              request.arguments.stage(), request.input->name));
  ByteSpan bytes(reinterpret_cast<const uint8_t *>(table.values.data()),
                 table.values.size() * sizeof(float));
  if (bytes.size() > request.maxBytes)
    return error("runtime.memory-limit",
                 "stage `{}`: {} bytes are more than the limit of {}",
                 request.arguments.stage(), bytes.size(), request.maxBytes);
  auto sizes = RUNE_TRY(sizesFor(request.type, bytes.size()));
  return Tensor::copyOf({DType::F32, sizes, bytes});
}

Result<std::unique_ptr<Capability>>
openAcceleration(const CapabilityRequest &request) {
  return alwaysTheSame(RUNE_TRY(accelerationTensor(request)));
}

} // namespace rune::runtime
