// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/arrays.h"

namespace rune::capi {

std::vector<Array> arraysOf(const graph::Items &items) {
  std::vector<Array> arrays;
  for (const graph::Item &item : items) {
    TensorView view = item.view();
    arrays.push_back({static_cast<Element>(view.dtype),
                      {view.sizes.begin(), view.sizes.end()},
                      {view.data.begin(), view.data.end()}});
  }
  return arrays;
}

} // namespace rune::capi
