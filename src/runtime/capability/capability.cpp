// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/capability/capability.h"

#include <algorithm>
#include <array>

namespace rune::runtime {

constexpr std::array kinds = std::to_array<CapabilityKind>({
    {"RAW", "--raw", true, openRaw},
    {"IMAGE", "--image", true, openImage},
    {"RAND", "--random", false, openRandom},
    {"RANDOM", "--random", false, openRandomOfAnyAmount},
    {"SOUND", "--sound", true, openSound},
    {"ACCEL", "--accelerometer", true, openAcceleration},
    {"FLOAT_IMAGE", "--image", true, openFloatImage},
});

std::span<const CapabilityKind> capabilityKinds() { return kinds; }

const CapabilityKind *findCapability(std::string_view name) {
  auto at = std::ranges::find(kinds, name, &CapabilityKind::name);
  return at == kinds.end() ? nullptr : &*at;
}

namespace {
class Constant : public Capability {
public:
  explicit Constant(Tensor tensor)
      : tensor_(std::make_shared<const Tensor>(std::move(tensor))) {}
  Result<std::shared_ptr<const Tensor>> next() override { return tensor_; }

private:
  std::shared_ptr<const Tensor> tensor_;
};
} // namespace

std::unique_ptr<Capability> alwaysTheSame(Tensor tensor) {
  return std::make_unique<Constant>(std::move(tensor));
}

static Diagnostic doesNotFit(const TensorType &type, uint64_t bytes) {
  return error("runtime.bad-input", "{} bytes do not fill a tensor of {}",
               bytes, type.str());
}

Result<std::vector<int64_t>> sizesFor(const TensorType &type, uint64_t bytes) {
  std::vector<int64_t> sizes;
  int64_t *open = nullptr;
  sizes.reserve(type.dims.size());
  for (const Dim &dim : type.dims) {
    sizes.push_back(dim.isFixed() ? dim.size() : 1);
    if (dim.isFixed())
      continue;
    if (open)
      return error("runtime.bad-input",
                   "more than one dimension of {} is not known", type.str());
    open = &sizes.back();
  }
  uint64_t one = RUNE_TRY(tensorBytes(type.dtype, sizes));
  if (open && one != 0 && bytes % one == 0)
    *open = static_cast<int64_t>(bytes / one);
  if (RUNE_TRY(tensorBytes(type.dtype, sizes)) != bytes)
    return doesNotFit(type, bytes);
  return sizes;
}

} // namespace rune::runtime
