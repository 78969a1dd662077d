// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the data of a pipeline comes from. Each kind of capability is one file
// of this folder and one line of the table in capability.cpp.
#pragma once

#include "base/tensor.h"
#include "runtime/arguments.h"

#include <functional>
#include <map>
#include <memory>

namespace rune::runtime {

/// One thing the user gave: a file, or the text of a flag (a seed).
struct Input {
  /// For messages: the file as the user wrote it.
  std::string name;
  /// Outlives the loading of the Rune, no more.
  ByteSpan bytes;
};

/// What one capability stage asks for.
struct CapabilityRequest {
  StageArguments arguments;
  /// The type that the stage declares; unknown dimensions may be made up.
  TensorType type;
  /// What the user gave for it, if anything.
  const Input *input = nullptr;
  /// The tensor may have no more bytes than this.
  uint64_t maxBytes = Tensor::defaultMaxBytes;
  /// Where to say what had to be done to the input, if anyone listens.
  Report *notes = nullptr;
};

/// An open capability: gives one tensor for every run. It may give the same one
/// again, so tensors are shared.
class Capability {
public:
  virtual ~Capability() = default;
  virtual Result<std::shared_ptr<const Tensor>> next() = 0;
};

struct CapabilityKind {
  /// As the Rune names it: "RAW". Two names may take inputs of one flag.
  std::string_view name;
  /// The flag of the command line that gives it: "--raw".
  std::string_view flag;
  /// Cannot do without an input.
  bool needsInput;
  Result<std::unique_ptr<Capability>> (*open)(const CapabilityRequest &);
};

/// Null for a name that no version of Rune knows.
const CapabilityKind *findCapability(std::string_view name);
std::span<const CapabilityKind> capabilityKinds();

/// errors  `runtime.bad-argument`, `runtime.bad-input`
Result<std::unique_ptr<Capability>> openRaw(const CapabilityRequest &request);
/// errors  `runtime.bad-argument`, `runtime.bad-input`
Result<std::unique_ptr<Capability>>
openRandom(const CapabilityRequest &request);
/// As openRandom, with `amount` as the declared type needs it.
Result<std::unique_ptr<Capability>>
openRandomOfAnyAmount(const CapabilityRequest &request);
/// errors  `runtime.bad-argument`, `runtime.bad-input`, `image.…`
Result<std::unique_ptr<Capability>> openImage(const CapabilityRequest &request);
/// As openImage, in f32: each channel divided by 255.
Result<std::unique_ptr<Capability>>
openFloatImage(const CapabilityRequest &request);
/// Notes what it converted (`sound.converted`).
///
/// errors  `runtime.bad-argument`, `runtime.missing-argument`,
///         `runtime.bad-input`, `sound.…`
Result<std::unique_ptr<Capability>> openSound(const CapabilityRequest &request);
/// errors  `runtime.bad-argument`, `runtime.bad-input`, `accel.…`
Result<std::unique_ptr<Capability>>
openAcceleration(const CapabilityRequest &request);

/// A capability whose tensor never changes.
std::unique_ptr<Capability> alwaysTheSame(Tensor tensor);

/// The sizes of a tensor of `type` that is made of `bytes`; one dimension that
/// is not fixed takes what the others leave.
///
/// errors  `runtime.bad-input`: no sizes fit
Result<std::vector<int64_t>> sizesFor(const TensorType &type, uint64_t bytes);

} // namespace rune::runtime
