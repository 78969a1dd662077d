// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/weight_memory.h"

#include <sys/mman.h>

namespace rune::compile {

Bytes roomForWeights(size_t bytes) {
  constexpr uint64_t hugeBytes = uint64_t{2} << 20;
  Bytes room;
  room.reserve(bytes);
  auto place = reinterpret_cast<uintptr_t>(room.data());
  uint64_t begin = alignTo(place, hugeBytes);
  uint64_t end = (place + room.capacity()) / hugeBytes * hugeBytes;
  // asked before anything is written there; if refused, in small pages
  if (begin < end)
    (void)madvise(room.data() + (begin - place), end - begin, MADV_HUGEPAGE);
  return room;
}

} // namespace rune::compile
