// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/llvm/relocate.h"

#include "base/bytes.h"

#include <llvm/BinaryFormat/ELF.h>

namespace rune::machine {

namespace {

namespace elf = llvm::ELF;

Diagnostic cannot(const Relocation &relocation, std::string_view why) {
  return error("machine.internal", "a relocation of kind {} at offset {} {}",
               relocation.type, relocation.place, why);
}

bool fits(int64_t value, unsigned bits) {
  int64_t most = int64_t{1} << (bits - 1);
  return value >= -most && value < most;
}

/// Replaces the bits of `mask` in the instruction at `at`.
void patch(uint8_t *at, uint32_t mask, uint32_t bits) {
  auto word = loadUnaligned<uint32_t>(at);
  storeUnaligned(at, (word & ~mask) | (bits & mask));
}

Result<> relocateX86(const Relocation &r) {
  auto distance = static_cast<int64_t>(r.target - r.place);
  switch (r.type) {
  case elf::R_X86_64_PC32:
  case elf::R_X86_64_PLT32:
    if (!fits(distance, 32))
      return cannot(r, "does not reach");
    storeUnaligned(r.at, static_cast<int32_t>(distance));
    return {};
  case elf::R_X86_64_PC64:
    storeUnaligned(r.at, distance);
    return {};
  default:
    return cannot(r, "needs an address");
  }
}

/// The immediate of a load or store is counted in its own size.
Result<> lowBits(const Relocation &r, unsigned shift) {
  auto low = static_cast<uint32_t>(r.target & 0xFFF);
  patch(r.at, 0xFFFu << 10, (low >> shift) << 10);
  return {};
}

Result<> relocateAArch64(const Relocation &r) {
  auto distance = static_cast<int64_t>(r.target - r.place);
  switch (r.type) {
  case elf::R_AARCH64_PREL32:
    storeUnaligned(r.at, static_cast<int32_t>(distance));
    return {};
  case elf::R_AARCH64_CALL26:
  case elf::R_AARCH64_JUMP26:
    if (!fits(distance, 28))
      return cannot(r, "does not reach");
    patch(r.at, 0x03FFFFFF, static_cast<uint32_t>(distance >> 2));
    return {};
  case elf::R_AARCH64_ADR_PREL_PG_HI21: {
    auto pages = static_cast<int64_t>((r.target >> 12) - (r.place >> 12));
    if (!fits(pages, 21))
      return cannot(r, "does not reach");
    auto bits = static_cast<uint32_t>(pages);
    patch(r.at, 0x60FFFFE0, (bits & 3) << 29 | ((bits >> 2) & 0x7FFFF) << 5);
    return {};
  }
  case elf::R_AARCH64_ADD_ABS_LO12_NC:
  case elf::R_AARCH64_LDST8_ABS_LO12_NC:
    return lowBits(r, 0);
  case elf::R_AARCH64_LDST16_ABS_LO12_NC:
    return lowBits(r, 1);
  case elf::R_AARCH64_LDST32_ABS_LO12_NC:
    return lowBits(r, 2);
  case elf::R_AARCH64_LDST64_ABS_LO12_NC:
    return lowBits(r, 3);
  case elf::R_AARCH64_LDST128_ABS_LO12_NC:
    return lowBits(r, 4);
  default:
    return cannot(r, "needs an address");
  }
}

void patchU(uint8_t *at, int64_t value) {
  patch(at, 0xFFFFF000, static_cast<uint32_t>(value + 0x800) & 0xFFFFF000);
}
void patchI(uint8_t *at, int64_t value) {
  patch(at, 0xFFF00000, static_cast<uint32_t>(value) << 20);
}
void patchS(uint8_t *at, int64_t value) {
  auto low = static_cast<uint32_t>(value) & 0xFFF;
  patch(at, 0xFE000F80, (low >> 5) << 25 | (low & 31) << 7);
}

Result<> relocateRiscV(const Relocation &r,
                       const std::function<uint64_t(uint64_t)> &highPart) {
  auto distance = static_cast<int64_t>(r.target - r.place);
  auto difference = [&](int sign) {
    auto word = loadUnaligned<uint32_t>(r.at);
    storeUnaligned(r.at, word + static_cast<uint32_t>(r.target) *
                                    static_cast<uint32_t>(sign));
    return Result<>();
  };
  switch (r.type) {
  case elf::R_RISCV_CALL_PLT:
    patchU(r.at, distance);
    patchI(r.at + 4, distance);
    return {};
  case elf::R_RISCV_PCREL_HI20:
    patchU(r.at, distance);
    return {};
  case elf::R_RISCV_PCREL_LO12_I:
  case elf::R_RISCV_PCREL_LO12_S: {
    // The symbol names the auipc, whose own target counts.
    auto low = static_cast<int64_t>(highPart(r.target) - r.target);
    if (r.type == elf::R_RISCV_PCREL_LO12_I)
      patchI(r.at, low);
    else
      patchS(r.at, low);
    return {};
  }
  case elf::R_RISCV_32_PCREL:
    storeUnaligned(r.at, static_cast<int32_t>(distance));
    return {};
  case elf::R_RISCV_ADD32:
    return difference(1);
  case elf::R_RISCV_SUB32:
    return difference(-1);
  default:
    return cannot(r, "needs an address");
  }
}

} // namespace

Result<> relocate(Family family, const Relocation &relocation,
                  const std::function<uint64_t(uint64_t)> &highPart) {
  switch (family) {
  case Family::X86_64:
    return relocateX86(relocation);
  case Family::AArch64:
    return relocateAArch64(relocation);
  case Family::RiscV64:
    return relocateRiscV(relocation, highPart);
  case Family::Wasm32:
    break; // compile/wasm_module.h
  }
  return cannot(relocation, "is for no processor of ours");
}

} // namespace rune::machine
