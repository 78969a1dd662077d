// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RAND: random values, other ones for each run, the same sequence for the same
// seed. Integers are filled with raw bits, as the first system did; a bool is
// one bit; floats lie in [0, 1), where raw bits would be mostly NaN and absurd
// sizes. Without a seed the system is asked for one.
//
// RAND counts as the first system: `amount` numbers of four bytes (one, if
// nothing is said) must fill the declared tensor exactly. RANDOM, the spelling
// since version 2, fills the tensor whatever its size.
#include "runtime/capability/capability.h"

#include "runtime/capability/pcg32.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <sys/random.h>

namespace rune::runtime {

namespace {

/// A float in [0, 1) with all bits of its mantissa, as its bit pattern.
uint64_t unitFloat(DType dtype, Pcg32 &random) {
  switch (dtype) {
  case DType::F64: {
    double unit = static_cast<double>(random.next64() >> 11) * 0x1p-53;
    return std::bit_cast<uint64_t>(unit);
  }
  case DType::F32:
    return std::bit_cast<uint32_t>(static_cast<float>(random.next() >> 8) *
                                   0x1p-24f);
  case DType::BF16:
    // Eight bits are exact in a float, and so in its upper half.
    return std::bit_cast<uint32_t>(static_cast<float>(random.next() >> 24) *
                                   0x1p-8f) >>
           16;
  default:
    return std::bit_cast<uint16_t>(static_cast<_Float16>(
        static_cast<float>(random.next() >> 21) * 0x1p-11f));
  }
}

/// The bits of the next element.
uint64_t element(DType dtype, Pcg32 &random) {
  if (isFloat(dtype))
    return unitFloat(dtype, random);
  if (dtype == DType::Bool)
    return random.next() >> 31;
  return dtypeBytes(dtype) == 8 ? random.next64() : random.next();
}

/// Small integers share a number: the bytes are those of the u32 sequence.
void fillBytes(std::span<uint8_t> bytes, Pcg32 &random) {
  for (size_t at = 0; at < bytes.size(); at += 4) {
    uint32_t number = random.next();
    std::memcpy(bytes.data() + at, &number,
                std::min<size_t>(4, bytes.size() - at));
  }
}

class Random : public Capability {
public:
  Random(DType dtype, std::vector<int64_t> sizes, uint64_t seed,
         uint64_t maxBytes)
      : dtype_(dtype), sizes_(std::move(sizes)), random_(seed),
        maxBytes_(maxBytes) {}

  Result<std::shared_ptr<const Tensor>> next() override {
    Tensor tensor = RUNE_TRY(Tensor::zeros(dtype_, sizes_, maxBytes_));
    if (isInteger(dtype_) || isStorage(dtype_))
      fillBytes(tensor.bytes(), random_);
    else
      fillElements(tensor);
    return std::make_shared<const Tensor>(std::move(tensor));
  }

private:
  void fillElements(Tensor &tensor) {
    size_t width = dtypeBytes(dtype_);
    for (size_t at = 0; at < tensor.bytes().size(); at += width) {
      uint64_t bits = element(dtype_, random_);
      std::memcpy(tensor.bytes().data() + at, &bits, width);
    }
  }

  DType dtype_;
  std::vector<int64_t> sizes_;
  Pcg32 random_;
  uint64_t maxBytes_;
};

Result<uint64_t> systemSeed() {
  uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed)
    return error("file.unreadable", "the system gives no random numbers: {}",
                 std::strerror(errno));
  return seed;
}

Result<uint64_t> seedOf(const Input *input) {
  if (!input)
    return systemSeed();
  std::string_view text = asText(input->bytes);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  uint64_t seed = 0;
  auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), seed);
  if (code != std::errc() || end != text.data() + text.size())
    return error("runtime.bad-input",
                 "a seed is a number from 0 to {}, not `{}`", UINT64_MAX,
                 input->name);
  return seed;
}

Result<std::unique_ptr<Capability>> open(const CapabilityRequest &request,
                                         std::vector<int64_t> sizes) {
  uint64_t seed = RUNE_TRY(seedOf(request.input));
  return std::unique_ptr<Capability>(std::make_unique<Random>(
      request.type.dtype, std::move(sizes), seed, request.maxBytes));
}

Result<uint64_t> staticBytes(const CapabilityRequest &request) {
  if (request.type.isStatic() && request.type.dtype != DType::Utf8)
    return tensorBytes(request.type.dtype, request.type.sizes());
  return error("runtime.bad-input",
               "stage `{}`: random values need a type of known size, not {}",
               request.arguments.stage(), request.type.str());
}

} // namespace

Result<std::unique_ptr<Capability>>
openRandom(const CapabilityRequest &request) {
  uint64_t needed = RUNE_TRY(staticBytes(request));
  auto amount =
      RUNE_TRY(request.arguments.integer("amount", 0, int64_t{1} << 32));
  uint64_t given = 4 * static_cast<uint64_t>(amount.value_or(1));
  if (given != needed)
    return error("runtime.bad-input",
                 "stage `{}`: {} random numbers have {} bytes, but {} needs {}",
                 request.arguments.stage(), given / 4, given,
                 request.type.str(), needed)
        .withHelp(needed % 4 ? ""
                             : fmt::format("set `amount: {}`", needed / 4));
  return open(request, request.type.sizes());
}

Result<std::unique_ptr<Capability>>
openRandomOfAnyAmount(const CapabilityRequest &request) {
  RUNE_TRY(staticBytes(request));
  return open(request, request.type.sizes());
}

} // namespace rune::runtime
