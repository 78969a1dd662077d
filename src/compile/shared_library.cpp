// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/shared_library.h"

#include "machine/llvm/link_blob.h"

#include <llvm/BinaryFormat/ELF.h>

namespace rune::compile {

namespace {

namespace elf = llvm::ELF;

/// The largest page that a kernel for the processor has.
uint64_t pageBytesOf(machine::Family family) {
  return family == machine::Family::AArch64 ? 0x10000 : 0x1000;
}

uint16_t machineOf(machine::Family family) {
  switch (family) {
  case machine::Family::X86_64:
    return elf::EM_X86_64;
  case machine::Family::AArch64:
    return elf::EM_AARCH64;
  case machine::Family::RiscV64:
    return elf::EM_RISCV;
  case machine::Family::Wasm32:
    break;
  }
  return elf::EM_NONE;
}

/// RISC-V's calling convention, which all that is linked together shares.
uint32_t flagsOf(machine::Family family) {
  return family == machine::Family::RiscV64
             ? elf::EF_RISCV_RVC | elf::EF_RISCV_FLOAT_ABI_DOUBLE
             : 0;
}

template <class T> ByteSpan bytesOf(const T &value) {
  return {reinterpret_cast<const uint8_t *>(&value), sizeof value};
}

/// Names behind each other, each with a zero at its end; the empty one first.
class Names {
public:
  uint32_t add(std::string_view name) {
    auto at = static_cast<uint32_t>(text_.size());
    text_ += name;
    text_ += '\0';
    return at;
  }
  ByteSpan bytes() const { return asBytes(text_); }

private:
  std::string text_ = std::string(1, '\0');
};

uint32_t hashOf(std::string_view name) {
  uint32_t hash = 0;
  for (char c : name) {
    hash = (hash << 4) + static_cast<uint8_t>(c);
    uint32_t high = hash & 0xF0000000;
    hash = (hash ^ high >> 24) & ~high;
  }
  return hash;
}

/// The table of .hash: buckets, and from each symbol the next of its bucket.
Bytes hashTable(const std::vector<std::string> &names) {
  auto count = static_cast<uint32_t>(names.size());
  std::vector<uint32_t> bucket(count), next(count + 1);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t &first = bucket[hashOf(names[i]) % count];
    next[i + 1] = first;
    first = i + 1;
  }
  ByteWriter table;
  table.u32(count);
  table.u32(count + 1);
  for (uint32_t index : bucket)
    table.u32(index);
  for (uint32_t index : next)
    table.u32(index);
  return table.take();
}

class LibraryWriter {
public:
  LibraryWriter(machine::Blob blob, machine::Family family,
                const std::vector<std::string> &exports,
                const std::string &soname)
      : blob_(std::move(blob)), family_(family), exports_(exports),
        page_(pageBytesOf(family)) {
    for (const std::string &name : exports)
      nameAt_.push_back(names_.add(name));
    soname_ = names_.add(soname);
  }

  Bytes write() {
    section(".hash", elf::SHT_HASH, elf::SHF_ALLOC, 8, hashTable(exports_),
            sizeof(uint32_t), symbols);
    section(".dynsym", elf::SHT_DYNSYM, elf::SHF_ALLOC, 8, symbolTable(),
            sizeof(elf::Elf64_Sym), strings);
    sections_.back().sh_info = 1; // the first that others see
    section(".dynstr", elf::SHT_STRTAB, elf::SHF_ALLOC, 1, names_.bytes());
    ByteSpan code = blob_.code;
    section(".rodata", elf::SHT_PROGBITS, elf::SHF_ALLOC, page_,
            code.first(blob_.textBegin));
    section(".text", elf::SHT_PROGBITS, elf::SHF_ALLOC | elf::SHF_EXECINSTR,
            page_, code.subspan(blob_.textBegin));
    section(".dynamic", elf::SHT_DYNAMIC, elf::SHF_ALLOC | elf::SHF_WRITE,
            page_, dynamic(), sizeof(elf::Elf64_Dyn), strings);
    section(".shstrtab", elf::SHT_STRTAB, 0, 1, {});
    return assemble();
  }

private:
  /// By their order in `write`.
  enum Index : uint32_t {
    none,
    hash,
    symbols,
    strings,
    constants,
    text,
    table
  };
  static constexpr uint16_t sectionCount = 8, segmentCount = 6;
  static constexpr uint64_t headerBytes =
      sizeof(elf::Elf64_Ehdr) + segmentCount * sizeof(elf::Elf64_Phdr);

  /// Appends it to the file; addresses are places in the file.
  void section(std::string_view name, uint32_t type, uint64_t flags,
               uint64_t alignment, ByteSpan bytes, uint64_t entryBytes = 0,
               uint32_t link = 0) {
    elf::Elf64_Shdr header = {};
    header.sh_name = sectionNames_.add(name);
    if (type == elf::SHT_STRTAB && flags == 0)
      bytes = sectionNames_.bytes();
    uint64_t at = alignTo(headerBytes + body_.size(), alignment);
    body_.zeros(at - headerBytes - body_.size());
    body_.raw(bytes);
    header.sh_type = type;
    header.sh_flags = flags;
    header.sh_addr = flags ? at : 0;
    header.sh_offset = at;
    header.sh_size = bytes.size();
    header.sh_link = link;
    header.sh_addralign = alignment;
    header.sh_entsize = entryBytes;
    sections_.push_back(header);
  }

  /// Where the blob will begin: a page behind the tables.
  uint64_t blobBegin(uint64_t tablesEnd) const {
    return alignTo(tablesEnd, page_);
  }

  Bytes symbolTable() {
    uint64_t tablesEnd = alignTo(headerBytes + body_.size(), 8) +
                         (exports_.size() + 1) * sizeof(elf::Elf64_Sym) +
                         names_.bytes().size();
    ByteWriter table;
    table.zeros(sizeof(elf::Elf64_Sym));
    for (size_t i = 0; i < exports_.size(); ++i) {
      elf::Elf64_Sym symbol = {};
      symbol.st_name = nameAt_[i];
      symbol.setBindingAndType(elf::STB_GLOBAL, elf::STT_FUNC);
      symbol.st_shndx = text;
      symbol.st_value = blobBegin(tablesEnd) + blob_.symbols.at(exports_[i]);
      table.raw(bytesOf(symbol));
    }
    return table.take();
  }

  Bytes dynamic() {
    ByteWriter table;
    auto entry = [&](uint64_t tag, uint64_t value) {
      table.u64(tag);
      table.u64(value);
    };
    entry(elf::DT_SONAME, soname_);
    entry(elf::DT_HASH, sections_[hash].sh_addr);
    entry(elf::DT_SYMTAB, sections_[symbols].sh_addr);
    entry(elf::DT_SYMENT, sizeof(elf::Elf64_Sym));
    entry(elf::DT_STRTAB, sections_[strings].sh_addr);
    entry(elf::DT_STRSZ, names_.bytes().size());
    entry(elf::DT_NULL, 0);
    return table.take();
  }

  Bytes assemble() {
    uint64_t tableAt = alignTo(headerBytes + body_.size(), 8);
    ByteWriter file;
    file.raw(bytesOf(fileHeader(tableAt)));
    writeSegments(file);
    file.raw(body_.bytes());
    file.zeros(tableAt - file.size());
    for (const elf::Elf64_Shdr &header : sections_)
      file.raw(bytesOf(header));
    return file.take();
  }

  elf::Elf64_Ehdr fileHeader(uint64_t tableAt) const {
    elf::Elf64_Ehdr header = {};
    std::ranges::copy(std::string_view("\x7f"
                                       "ELF"),
                      header.e_ident);
    header.e_ident[elf::EI_CLASS] = elf::ELFCLASS64;
    header.e_ident[elf::EI_DATA] = elf::ELFDATA2LSB;
    header.e_ident[elf::EI_VERSION] = elf::EV_CURRENT;
    header.e_type = elf::ET_DYN;
    header.e_machine = machineOf(family_);
    header.e_version = elf::EV_CURRENT;
    header.e_flags = flagsOf(family_);
    header.e_phoff = sizeof header;
    header.e_shoff = tableAt;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(elf::Elf64_Phdr);
    header.e_phnum = segmentCount;
    header.e_shentsize = sizeof(elf::Elf64_Shdr);
    header.e_shnum = sectionCount;
    header.e_shstrndx = sectionCount - 1;
    return header;
  }

  void writeSegments(ByteWriter &file) const {
    auto segment = [&](uint32_t type, uint32_t flags, uint64_t begin,
                       uint64_t end, uint64_t inMemory, uint64_t alignment) {
      elf::Elf64_Phdr header = {};
      header.p_type = type;
      header.p_flags = flags;
      header.p_offset = header.p_vaddr = header.p_paddr = begin;
      header.p_filesz = end - begin;
      header.p_memsz = inMemory;
      header.p_align = alignment;
      file.raw(bytesOf(header));
    };
    auto begin = [&](Index i) { return sections_[i].sh_offset; };
    auto end = [&](Index i) {
      return sections_[i].sh_offset + sections_[i].sh_size;
    };
    auto whole = [&](uint32_t type, uint32_t flags, uint64_t from, uint64_t to,
                     uint64_t alignment) {
      segment(type, flags, from, to, to - from, alignment);
    };
    whole(elf::PT_LOAD, elf::PF_R, 0, end(constants), page_);
    whole(elf::PT_LOAD, elf::PF_R | elf::PF_X, begin(text), end(text), page_);
    constexpr uint32_t readWrite = elf::PF_R | elf::PF_W;
    segment(elf::PT_LOAD, readWrite, begin(table), end(table), page_, page_);
    whole(elf::PT_DYNAMIC, readWrite, begin(table), end(table), 8);
    segment(elf::PT_GNU_RELRO, elf::PF_R, begin(table), end(table), page_, 1);
    segment(elf::PT_GNU_STACK, readWrite, 0, 0, 0, 16);
  }

  machine::Blob blob_;
  machine::Family family_;
  const std::vector<std::string> &exports_;
  uint64_t page_;
  Names names_, sectionNames_;
  std::vector<uint32_t> nameAt_;
  uint32_t soname_ = 0;
  /// What follows the headers.
  ByteWriter body_;
  std::vector<elf::Elf64_Shdr> sections_ = std::vector<elf::Elf64_Shdr>(1);
};

} // namespace

Result<Bytes> sharedLibraryOf(machine::ObjectBytes object,
                              machine::Target target,
                              const std::vector<std::string> &exports,
                              const std::string &soname) {
  std::vector<machine::ObjectBytes> objects;
  objects.push_back(std::move(object));
  machine::Blob blob = RUNE_TRY(
      machine::linkBlob(objects, target.family, pageBytesOf(target.family)));
  for (const std::string &name : exports)
    if (!blob.symbols.contains(name))
      return error("machine.internal", "the object has no `{}`", name);
  return LibraryWriter(std::move(blob), target.family, exports, soname).write();
}

} // namespace rune::compile
