// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel of the library sees. The library holds a plain kernel for each
// operator of the tensor IR: freestanding code that calls nothing, compiled to
// LLVM bitcode once and linked into every model that needs it. There the sizes,
// attributes and element types of a call are constants, and the optimiser
// throws away what the model does not use.
//
// Everything here is plain data of fixed layout: the compiler writes it as IR
// (compile/emit_call.cpp).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <utility>

namespace rune::library {

/// Element types, by their numbers in base/dtype.def.
enum class Type : int32_t {
#define RUNE_DTYPE(enumerator, name, bits, kind) enumerator,
#include "base/dtype.def"
#undef RUNE_DTYPE
};

constexpr int32_t maxRank = 16;

/// A tensor, row-major and aligned. `rank` is -1 where an optional one is not
/// there.
struct View {
  void *data;
  const int64_t *sizes;
  int32_t rank;
  Type type;
};

/// An attribute of the node, in the order of its name; the fields of its kind
/// count.
struct Attribute {
  int64_t integer;
  double number;
  /// Integers, numbers or bytes of text.
  const void *list;
  int64_t count;
};

/// Shared with whoever started the run.
struct Control {
  /// Not 0 once the run must end.
  const int32_t *stop;
  /// Calls `task(context, i, worker)` for each i below `tasks` and comes back
  /// when all are done; `worker` is below `workers`, and no two tasks run on
  /// one at a time.
  void (*share)(const Control *control, int64_t tasks,
                void (*task)(void *context, int64_t index, int64_t worker),
                void *context);
  int64_t workers;
};

struct Call {
  const View *in;
  const View *out;
  const Attribute *attributes;
  void *scratch;
  const Control *control;
  int32_t inputs;
  int32_t outputs;
};

/// What a kernel returns: 0, the number of the operator's constraint that the
/// values break, or:
constexpr int32_t stopped = -1;

inline bool mustStop(const Call &call) {
  return __atomic_load_n(call.control->stop, __ATOMIC_RELAXED) != 0;
}

inline bool has(const Call &call, int32_t input) {
  return input < call.inputs && call.in[input].rank >= 0;
}

inline int64_t countOf(const View &view) {
  int64_t count = 1;
  for (int32_t i = 0; i < view.rank; ++i)
    count *= view.sizes[i];
  return count;
}

template <class T> T *elements(const View &view) {
  return static_cast<T *>(view.data);
}

inline int64_t integerAt(const Attribute &attribute, int64_t i) {
  return static_cast<const int64_t *>(attribute.list)[i];
}

/// True if a text attribute is this word. Without a loop or a branch: it
/// decides which cases of a kernel a call needs, and must be known before loops
/// are.
template <size_t size>
bool isText(const Attribute &attribute, const char (&text)[size]) {
  if (attribute.count != size - 1)
    return false;
  const char *own = static_cast<const char *>(attribute.list);
  return [&]<size_t... i>(std::index_sequence<i...>) {
    return ((own[i] == text[i]) & ...);
  }(std::make_index_sequence<size - 1>{});
}

} // namespace rune::library

/// Defines the kernel of the operator with that name in graph/ops.def.
#define RUNE_KERNEL(Name)                                                      \
  extern "C" int32_t rune_kernel_##Name(const rune::library::Call &call)
