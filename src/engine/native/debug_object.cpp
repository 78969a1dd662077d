// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The object file for debuggers. Sections have the addresses that the code
// really has, so nothing in it needs relocating.
//
// source  System V ABI, chapter 4 (ELF); DWARF 4, section 6.4, with .eh_frame
//         as the LSB describes it
#include "engine/native/debug_code.h"

#include <elf.h>

#include <cstring>

namespace rune::engine::native {

namespace {

/// DWARF's numbers of the frame pointer and the return address.
struct FrameRegisters {
  uint8_t frame;
  uint8_t returnAddress;
  /// The frame pointer points this far below the caller's frame; there lie the
  /// caller's frame pointer and behind it the return address. On RISC-V it
  /// points at the caller's frame itself.
  uint8_t below;
  uint16_t machine;
};
#if defined(__x86_64__)
constexpr FrameRegisters registers = {6, 16, 16, EM_X86_64};
#elif defined(__aarch64__)
constexpr FrameRegisters registers = {29, 30, 16, EM_AARCH64};
#else
constexpr FrameRegisters registers = {8, 1, 0, EM_RISCV};
#endif

void pad(ByteWriter &writer, uint64_t alignment) {
  writer.zeros(alignTo(writer.size(), alignment) - writer.size());
}

/// Length, then the content, which is padded with `nop`, which is 0.
void writeEntry(ByteWriter &writer, ByteWriter content) {
  while ((content.size() + sizeof(uint32_t)) % 8 != 0)
    content.u8(0);
  writer.u32(static_cast<uint32_t>(content.size()));
  writer.raw(content.bytes());
}

/// One rule for all the code: frame pointers are kept.
Bytes frameInformation(uint64_t begin, uint64_t bytes) {
  constexpr uint8_t defineFrame = 0x0C, offsetOf = 0x80, absolute = 0;
  constexpr uint8_t minusEight = 0x78; // as signed LEB128
  ByteWriter common;
  common.u32(0); // this is a CIE
  common.u8(1);
  common.raw(asBytes(std::string_view("zR\0", 3)));
  common.u8(1);          // code is counted in bytes,
  common.u8(minusEight); // the stack in words downwards
  common.u8(registers.returnAddress);
  common.u8(1);
  common.u8(absolute);
  common.u8(defineFrame);
  common.u8(registers.frame);
  common.u8(registers.below);
  common.u8(offsetOf | registers.returnAddress);
  common.u8(1);
  common.u8(offsetOf | registers.frame);
  common.u8(2);
  ByteWriter all;
  writeEntry(all, std::move(common));
  ByteWriter frames;
  frames.u32(static_cast<uint32_t>(all.size()) + 4); // back to the CIE
  frames.u64(begin);
  frames.u64(bytes);
  frames.u8(0);
  writeEntry(all, std::move(frames));
  all.u32(0);
  return all.take();
}

class ObjectWriter {
public:
  ObjectWriter(ByteSpan code, const std::vector<NamedCode> &names)
      : code_(code), names_(names) {}

  Bytes write() {
    out_.zeros(sizeof(Elf64_Ehdr));
    auto begin = reinterpret_cast<uint64_t>(code_.data());
    sections_.emplace_back();
    section(".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, begin, code_, 16);
    Bytes frames = frameInformation(begin, code_.size());
    section(".eh_frame", SHT_PROGBITS, 0, 0, frames, 8);
    symbols(begin);
    names();
    header();
    return out_.take();
  }

private:
  Elf64_Shdr &section(std::string_view name, uint32_t type, uint64_t flags,
                      uint64_t address, ByteSpan content, uint64_t alignment) {
    pad(out_, alignment);
    Elf64_Shdr header = {};
    header.sh_name = nameOf(name);
    header.sh_type = type;
    header.sh_flags = flags;
    header.sh_addr = address;
    header.sh_offset = out_.size();
    header.sh_size = content.size();
    header.sh_addralign = alignment;
    out_.raw(content);
    sections_.push_back(header);
    return sections_.back();
  }

  uint32_t nameOf(std::string_view name) {
    auto at = static_cast<uint32_t>(strings_.size());
    strings_ += name;
    strings_ += '\0';
    return at;
  }

  void symbols(uint64_t begin) {
    ByteWriter table;
    table.zeros(sizeof(Elf64_Sym));
    for (const NamedCode &each : names_) {
      Elf64_Sym symbol = {};
      symbol.st_name = nameOf(each.name);
      symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
      symbol.st_shndx = 1;
      symbol.st_value = each.begin - begin; // counted from the section
      symbol.st_size = each.bytes;
      Bytes bytes(sizeof symbol);
      std::memcpy(bytes.data(), &symbol, sizeof symbol);
      table.raw(bytes);
    }
    Elf64_Shdr &header = section(".symtab", SHT_SYMTAB, 0, 0, table.bytes(), 8);
    header.sh_entsize = sizeof(Elf64_Sym);
    header.sh_link = static_cast<uint32_t>(sections_.size()); // .strtab follows
    header.sh_info = 1;
  }

  void names() {
    uint32_t own = nameOf(".strtab");
    std::string all = strings_;
    section("", SHT_STRTAB, 0, 0, asBytes(all), 1).sh_name = own;
  }

  void header() {
    pad(out_, 8);
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = registers.machine;
    header.e_version = EV_CURRENT;
    header.e_shoff = out_.size();
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<uint16_t>(sections_.size());
    header.e_shstrndx = static_cast<uint16_t>(sections_.size() - 1);
    Bytes table(sections_.size() * sizeof(Elf64_Shdr));
    std::memcpy(table.data(), sections_.data(), table.size());
    out_.raw(table);
    Bytes all = out_.take();
    std::memcpy(all.data(), &header, sizeof header);
    out_ = ByteWriter();
    out_.raw(all);
  }

  ByteSpan code_;
  const std::vector<NamedCode> &names_;
  ByteWriter out_;
  std::string strings_ = std::string(1, '\0');
  std::vector<Elf64_Shdr> sections_;
};

} // namespace

Bytes elfObject(ByteSpan code, const std::vector<NamedCode> &names) {
  return ObjectWriter(code, names).write();
}

} // namespace rune::engine::native
