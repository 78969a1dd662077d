// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/errors.h"

#include <algorithm>
#include <array>

namespace rune::runtime {

constexpr std::array codes = std::to_array<ErrorCode>({
    {"accel.bad-line", Fault::Input, "a line of a csv has not three fields"},
    {"accel.bad-number", Fault::Input, "a field of a csv is no finite number"},
    {"accel.not-csv", Fault::Input, "a file is something else than a csv"},
    {"device.deadline", Fault::Guest, "a model ran past the deadline"},
    {"device.failed", Fault::Guest, "an operator refused its values"},
    {"device.input-mismatch", Fault::Guest,
     "a model was given other tensors than it takes"},
    {"device.memory-limit", Fault::Guest, "a model needs too much memory"},
    {"device.unsupported", Fault::Input,
     "the device knows neither the encoding nor the operators"},
    {"engine.compile-crashed", Fault::Guest, "a block made the compiler fail"},
    {"engine.compile-deadline", Fault::Guest,
     "machine code for a block takes too long to make"},
    {"engine.compile-limit", Fault::Guest,
     "a block is too big to make machine code of"},
    {"engine.import-type", Fault::Input,
     "a block imports something as another type"},
    {"engine.limit", Fault::Guest, "a block asks for too much at its start"},
    {"engine.missing-import", Fault::Input,
     "a block imports what nobody granted"},
    {"engine.no-worker", Fault::Machine,
     "the process that compiles cannot be started"},
    {"engine.trap", Fault::Guest, "a block trapped while it was started"},
    {"file.unreadable", Fault::Machine, "the system refused to read"},
    {"file.unwritable", Fault::Machine, "the system refused to write"},
    {"image.corrupt", Fault::Input, "a picture breaks off or is damaged"},
    {"image.too-big", Fault::Input, "a picture has too many pixels"},
    {"image.unknown-format", Fault::Input, "a picture is neither PNG nor JPEG"},
    {"image.unsupported", Fault::Input, "a kind of PNG or JPEG we cannot read"},
    {"runtime.bad-argument", Fault::Input,
     "a stage argument has a value that does not fit its kind"},
    {"runtime.bad-guest-value", Fault::Guest,
     "a block answered with something that breaks the ABI"},
    {"runtime.bad-input", Fault::Input,
     "what the user gave does not fit what the stage declares"},
    {"runtime.block-refused", Fault::Guest,
     "a block refused its arguments, types or values"},
    {"runtime.capability-not-granted", Fault::Input,
     "a stage needs a grant it does not have"},
    {"runtime.deadline", Fault::Guest, "a block ran past the deadline"},
    {"runtime.duplicate-channel", Fault::Input,
     "two outs have the same number"},
    {"runtime.edge-mismatch", Fault::Guest,
     "a stage made other tensors than the Rune says"},
    {"runtime.memory-limit", Fault::Guest,
     "guest memory or tensors outgrew their limit"},
    {"runtime.missing-argument", Fault::Input,
     "a block needs an argument that the stage does not give"},
    {"runtime.missing-input", Fault::Input,
     "a capability needs a file that was not given"},
    {"runtime.missing-resource", Fault::Input,
     "a resource has no data and none was given"},
    {"runtime.model-mismatch", Fault::Input,
     "the Rune and the model disagree about the model's tensors"},
    {"runtime.not-a-block", Fault::Input,
     "a module lacks the exports of a block"},
    {"runtime.trap", Fault::Guest, "a block trapped"},
    {"runtime.unknown-argument", Fault::Input,
     "a block has no argument of that name"},
    {"runtime.unknown-capability", Fault::Input,
     "this host has no such capability"},
    {"runtime.unknown-out", Fault::Input, "this host has no such out"},
    {"runtime.value-too-big", Fault::Guest,
     "a tensor is longer than a block can be given"},
    {"sound.corrupt", Fault::Input, "a sound breaks off or is damaged"},
    {"sound.unknown-format", Fault::Input, "a sound is neither WAV nor FLAC"},
    {"sound.unsupported", Fault::Input,
     "a kind of WAV or FLAC, or a rate, that we cannot read"},
    {"tensor.too-big", Fault::Guest, "a tensor outgrew its limit"},
});
static_assert(std::ranges::is_sorted(codes, {}, &ErrorCode::code));

std::span<const ErrorCode> errorCodes() { return codes; }

Fault faultOf(std::string_view code) {
  auto at = std::ranges::lower_bound(codes, code, {}, &ErrorCode::code);
  return at != codes.end() && at->code == code ? at->fault : Fault::Input;
}

} // namespace rune::runtime
