// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/llvm/link_blob.h"

#include "machine/llvm/relocate.h"

#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>

namespace rune::machine {

namespace {

using Elf = llvm::object::ELF64LEObjectFile;
using llvm::object::SectionRef;
using llvm::object::SymbolRef;

Diagnostic fault(std::string why) {
  return error("machine.internal", "{}", why);
}

/// The value of an llvm::Expected.
template <class T> Result<T> checked(llvm::Expected<T> expected) {
  if (expected)
    return std::move(*expected);
  return fault(llvm::toString(expected.takeError()));
}

class Linker {
public:
  explicit Linker(Family family) : family_(family) {}

  Result<> add(const ObjectBytes &object) {
    auto buffer = llvm::MemoryBufferRef(
        llvm::StringRef(object.data(), object.size()), "unit");
    files_.push_back(
        {std::make_unique<Elf>(RUNE_TRY(checked(Elf::create(buffer)))), {}});
    return {};
  }

  Result<Blob> finish(uint64_t pageBytes) {
    RUNE_TRY(placeAll(pageBytes));
    for (File &file : files_)
      RUNE_TRY(nameSymbols(file));
    for (File &file : files_)
      RUNE_TRY(relocateAll(file));
    for (const auto &[name, offset] : blob_.symbols)
      if (auto frame = frames_.find(offset); frame != frames_.end())
        blob_.frames[name] = frame->second;
    return std::move(blob_);
  }

private:
  struct File {
    std::unique_ptr<Elf> elf;
    /// Where each section that is loaded begins in the blob.
    std::map<uint64_t, uint64_t> sections;
  };

  Result<> placeAll(uint64_t pageBytes) {
    constexpr auto runs = llvm::ELF::SHF_EXECINSTR;
    for (File &file : files_)
      RUNE_TRY(place(file, [&](uint64_t flags) {
        return pageBytes == 0 || !(flags & runs);
      }));
    if (pageBytes == 0)
      return {};
    blob_.textBegin = alignTo(blob_.code.size(), pageBytes);
    blob_.code.resize(blob_.textBegin);
    for (File &file : files_)
      RUNE_TRY(place(file, [](uint64_t flags) { return (flags & runs) != 0; }));
    return {};
  }

  /// Copies what is loaded, and wanted, behind what there is already.
  template <class F> Result<> place(File &file, const F &isWanted) {
    for (const SectionRef &section : file.elf->sections()) {
      auto &header = *file.elf->getSection(section.getRawDataRefImpl());
      if (!(header.sh_flags & llvm::ELF::SHF_ALLOC) || header.sh_size == 0 ||
          !isWanted(header.sh_flags))
        continue;
      if (header.sh_flags & llvm::ELF::SHF_WRITE)
        return fault("the code has writable data");
      llvm::StringRef bytes = RUNE_TRY(checked(section.getContents()));
      uint64_t alignment = std::max<uint64_t>(header.sh_addralign, 64);
      uint64_t begin = alignTo(blob_.code.size(), alignment);
      // Between sections nothing may run: int3 on x86, undefined elsewhere.
      blob_.code.resize(begin, family_ == Family::X86_64 ? 0xCC : 0);
      blob_.code.insert(blob_.code.end(), bytes.bytes_begin(),
                        bytes.bytes_end());
      file.sections[section.getIndex()] = begin;
    }
    return {};
  }

  Result<> nameSymbols(File &file) {
    for (const SymbolRef &symbol : file.elf->symbols()) {
      llvm::StringRef name = RUNE_TRY(checked(symbol.getName()));
      auto section = RUNE_TRY(checked(symbol.getSection()));
      if (section == file.elf->section_end() || name.empty() ||
          RUNE_TRY(checked(symbol.getType())) != SymbolRef::ST_Function)
        continue;
      blob_.symbols[name.str()] =
          static_cast<uint32_t>(RUNE_TRY(offsetOf(file, symbol)));
      blob_.sizes[name.str()] =
          static_cast<uint32_t>(llvm::object::ELFSymbolRef(symbol).getSize());
    }
    return readFrames(file);
  }

  /// .stack_sizes: an address (a relocation) and an unsigned LEB128 each.
  Result<> readFrames(File &file) {
    for (const SectionRef &section : file.elf->sections()) {
      auto relocated = RUNE_TRY(checked(section.getRelocatedSection()));
      if (relocated == file.elf->section_end() ||
          RUNE_TRY(checked(relocated->getName())) != ".stack_sizes")
        continue;
      llvm::StringRef bytes = RUNE_TRY(checked(relocated->getContents()));
      for (const auto &relocation : section.relocations()) {
        uint64_t at = relocation.getOffset() + sizeof(uint64_t);
        uint64_t size = 0;
        for (unsigned shift = 0; at < bytes.size() && shift < 64; shift += 7) {
          auto byte = static_cast<uint8_t>(bytes[at++]);
          size |= uint64_t{byte & 0x7Fu} << shift;
          if (!(byte & 0x80))
            break;
        }
        frames_[RUNE_TRY(targetOf(file, relocation))] = size;
      }
    }
    return {};
  }

  /// A defined symbol's place in the blob.
  Result<uint64_t> offsetOf(const File &file, const SymbolRef &symbol) {
    auto section = RUNE_TRY(checked(symbol.getSection()));
    auto found = section == file.elf->section_end()
                     ? file.sections.end()
                     : file.sections.find(section->getIndex());
    if (found == file.sections.end())
      return fault("a symbol lies in no section that is loaded");
    return found->second + RUNE_TRY(checked(symbol.getValue()));
  }

  Result<uint64_t> targetOf(const File &file,
                            const llvm::object::RelocationRef &relocation) {
    llvm::object::ELFRelocationRef elf(relocation);
    auto addend = static_cast<uint64_t>(RUNE_TRY(checked(elf.getAddend())));
    auto symbol = relocation.getSymbol();
    if (symbol == file.elf->symbol_end())
      return fault("a relocation has no symbol");
    if (RUNE_TRY(checked(symbol->getSection())) != file.elf->section_end())
      return RUNE_TRY(offsetOf(file, *symbol)) + addend;
    std::string name = RUNE_TRY(checked(symbol->getName())).str();
    auto found = blob_.symbols.find(name);
    if (found == blob_.symbols.end())
      return fault("the code calls `" + name + "`, which it does not have");
    return found->second + addend;
  }

  Result<> relocateAll(File &file) {
    for (const SectionRef &section : file.elf->sections()) {
      auto relocated = RUNE_TRY(checked(section.getRelocatedSection()));
      if (relocated == file.elf->section_end())
        continue;
      auto begin = file.sections.find(relocated->getIndex());
      if (begin == file.sections.end())
        continue;
      RUNE_TRY(relocateSection(file, section, begin->second));
    }
    return {};
  }

  Result<> relocateSection(File &file, const SectionRef &section,
                           uint64_t begin) {
    // RISC-V: the low half of an address refers to the instruction that has
    // the high half.
    std::map<uint64_t, uint64_t> highTargets;
    if (family_ == Family::RiscV64)
      for (const auto &relocation : section.relocations())
        if (relocation.getType() == llvm::ELF::R_RISCV_PCREL_HI20)
          highTargets[begin + relocation.getOffset()] =
              RUNE_TRY(targetOf(file, relocation));
    for (const auto &relocation : section.relocations()) {
      uint64_t place = begin + relocation.getOffset();
      if (place + sizeof(uint64_t) > blob_.code.size() + sizeof(uint32_t))
        return fault("a relocation leaves its section");
      RUNE_TRY(
          relocate(family_,
                   {blob_.code.data() + place, place,
                    RUNE_TRY(targetOf(file, relocation)), relocation.getType()},
                   [&](uint64_t at) { return highTargets[at]; }));
    }
    return {};
  }

  Family family_;
  std::vector<File> files_;
  /// By the function's place.
  std::map<uint64_t, uint64_t> frames_;
  Blob blob_;
};

} // namespace

Result<Blob> linkBlob(const std::vector<ObjectBytes> &objects, Family family,
                      uint64_t pageBytes) {
  Linker linker(family);
  for (const ObjectBytes &object : objects)
    RUNE_TRY(linker.add(object));
  return linker.finish(pageBytes);
}

} // namespace rune::machine
