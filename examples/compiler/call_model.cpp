// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles a model and calls it. Give it a model with one input of floats.
#include "rune/program.hpp"

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv) {
  auto invocation = rune::compiler::Session().begin();
  if (auto read = invocation.readFile(argc > 1 ? argv[1] : ""); !read)
    return std::fprintf(stderr, "%s\n", read.error().text.c_str()), 1;
  auto artifact = invocation.compile();
  if (!artifact)
    return std::fprintf(stderr, "%s\n", artifact.error().text.c_str()), 1;
  auto function = rune::Program(*artifact).function();
  if (!function)
    return std::fprintf(stderr, "%s\n", function.error().text.c_str()), 1;
  std::vector<int64_t> sizes = function->inputs()[0].sizes;
  size_t count = 1;
  for (int64_t &size : sizes)
    count *= static_cast<size_t>(size = std::abs(size)); // open ones are 1
  std::vector<float> input(count, 0.5f);
  auto results =
      function->call({{rune::TensorRef::of(std::span(input), sizes)}});
  if (!results)
    return std::fprintf(stderr, "%s\n", results.error().text.c_str()), 1;
  for (float number : (*results)[0].as<float>())
    std::printf("%.4f\n", static_cast<double>(number));
}
