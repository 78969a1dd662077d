// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "link/stored_arguments.h"

#include "container/encodings.h"

namespace rune::link {

static container::ResourceReference referenceTo(size_t resource) {
  return {static_cast<uint32_t>(resource)};
}

static container::ArgumentValue stored(const check::ArgumentValue &value) {
  return std::visit(
      []<class T>(const T &each) -> container::ArgumentValue {
        if constexpr (std::is_same_v<T, check::ResourceReference>)
          return referenceTo(each.resource);
        else
          return each;
      },
      value);
}

std::vector<container::Argument> storedArguments(const check::Stage &stage) {
  std::vector<container::Argument> arguments;
  if (stage.modelResource)
    arguments.push_back({std::string(container::modelArgument),
                         referenceTo(*stage.modelResource)});
  for (const check::Argument &argument : stage.arguments)
    arguments.push_back({argument.name, stored(argument.value)});
  return arguments;
}

} // namespace rune::link
