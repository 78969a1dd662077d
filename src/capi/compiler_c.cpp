// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rune/compiler.h"

#include "rune/program.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

struct rune_artifact {
  rune::compiler::Artifact artifact;
};
struct rune_function {
  rune::Function function;
  /// The ranges of its parameters, as C lends them.
  struct Lists {
    std::vector<int64_t> least, most;
  };
  std::vector<Lists> inputs, outputs;
};

namespace {

int codeOf(const rune::Message &why) {
  auto begins = [&](const char *prefix) {
    return why.code.starts_with(prefix);
  };
  if (begins("file.") || begins("machine.") || begins("engine."))
    return RUNE_ERROR_MACHINE;
  if (begins("compiler.options"))
    return RUNE_ERROR_ARGUMENT;
  if (begins("program."))
    return RUNE_ERROR_MISMATCH;
  if (begins("evaluate.input-mismatch"))
    return RUNE_ERROR_MISMATCH;
  if (begins("evaluate."))
    return RUNE_ERROR_RUN;
  return begins("compile.") ? RUNE_ERROR_COMPILE : RUNE_ERROR_MODEL;
}

/// Never in the middle of a character.
void say(std::string_view text, rune_message *message) {
  if (!message)
    return;
  size_t size = std::min(text.size(), sizeof message->text - 1);
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    --size;
  std::memcpy(message->text, text.data(), size);
  message->text[size] = 0;
}

int fail(const rune::Message &why, rune_message *message) {
  std::string text = why.place.empty() ? why.text : why.place + ": " + why.text;
  say(text, message);
  return codeOf(why);
}

int badArgument(rune_message *message) {
  say("an argument is null", message);
  return RUNE_ERROR_ARGUMENT;
}

/// What the caller's version of the options has, the rest zero.
std::optional<rune_compile_options>
optionsOf(const rune_compile_options *given) {
  rune_compile_options options = {};
  if (!given || given->size < sizeof given->size)
    return {};
  std::memcpy(&options, given, std::min(given->size, sizeof options));
  if (options.shape_count > 0 && !options.shapes)
    return {};
  return options;
}

template <class Read>
int compileWith(const rune_compile_options *given, Read read,
                rune_artifact **artifact, rune_message *message) {
  auto chosen = optionsOf(given);
  if (!artifact || !chosen)
    return badArgument(message);
  rune::compiler::Options options;
  if (chosen->cache_folder)
    options.cacheFolder = chosen->cache_folder;
  options.exact = chosen->exact != 0;
  options.threads = std::max(chosen->threads, 1u);
  auto invocation = rune::compiler::Session(options).begin();
  for (size_t i = 0; i < chosen->shape_count; ++i) {
    if (!chosen->shapes[i])
      return badArgument(message);
    if (auto done = invocation.give(chosen->shapes[i]); !done)
      return fail(done.error(), message);
  }
  if (auto done = read(invocation); !done)
    return fail(done.error(), message);
  auto made = invocation.compile();
  if (!made)
    return fail(made.error(), message);
  *artifact = new rune_artifact{std::move(*made)};
  return RUNE_OK;
}

rune_compile_options simple(const char *const *shapes, size_t count,
                            const char *cacheFolder) {
  return {sizeof(rune_compile_options), shapes, count, cacheFolder, 0, 0};
}

std::vector<rune_function::Lists>
listsOf(const std::vector<rune::Parameter> &all) {
  std::vector<rune_function::Lists> lists(all.size());
  for (size_t i = 0; i < all.size(); ++i)
    for (const rune::Range &range : all[i].ranges) {
      lists[i].least.push_back(range.least);
      lists[i].most.push_back(range.most);
    }
  return lists;
}

int parameterOf(const std::vector<rune::Parameter> &all,
                const std::vector<rune_function::Lists> &lists, size_t index,
                rune_parameter *parameter) {
  if (!parameter || index >= all.size())
    return RUNE_ERROR_ARGUMENT;
  const rune::Parameter &from = all[index];
  *parameter = {from.name.c_str(),
                static_cast<int32_t>(from.element),
                from.sizes.size(),
                from.sizes.data(),
                lists[index].least.data(),
                lists[index].most.data(),
                from.quantisation.has_value(),
                from.quantisation ? from.quantisation->scale : 1.0,
                from.quantisation ? from.quantisation->zeroPoint : 0};
  return RUNE_OK;
}

bool tensorsOf(const rune_tensor *from, size_t count,
               std::vector<rune::TensorRef> &to) {
  if (count > 0 && !from)
    return false;
  for (size_t i = 0; i < count; ++i) {
    if ((from[i].rank > 0 && !from[i].sizes) || from[i].element < 0 ||
        from[i].element > RUNE_BOOL)
      return false;
    to.push_back({static_cast<rune::Element>(from[i].element),
                  {from[i].sizes, from[i].sizes + from[i].rank},
                  from[i].data,
                  from[i].bytes});
  }
  return true;
}

} // namespace

int rune_compile_file_with(const char *path,
                           const rune_compile_options *options,
                           rune_artifact **artifact, rune_message *message) {
  if (!path)
    return badArgument(message);
  return compileWith(
      options, [&](auto &invocation) { return invocation.readFile(path); },
      artifact, message);
}

int rune_compile_bytes_with(const void *bytes, size_t size,
                            const rune_compile_options *options,
                            rune_artifact **artifact, rune_message *message) {
  if (!bytes)
    return badArgument(message);
  return compileWith(
      options,
      [&](auto &invocation) {
        return invocation.read({static_cast<const uint8_t *>(bytes), size},
                               "model");
      },
      artifact, message);
}

int rune_compile_file(const char *path, const char *const *shapes,
                      size_t shape_count, const char *cache_folder,
                      rune_artifact **artifact, rune_message *message) {
  auto options = simple(shapes, shape_count, cache_folder);
  return rune_compile_file_with(path, &options, artifact, message);
}

int rune_compile_bytes(const void *bytes, size_t size,
                       const char *const *shapes, size_t shape_count,
                       rune_artifact **artifact, rune_message *message) {
  auto options = simple(shapes, shape_count, nullptr);
  return rune_compile_bytes_with(bytes, size, &options, artifact, message);
}

void rune_artifact_destroy(rune_artifact *artifact) { delete artifact; }

int rune_function_create(const rune_artifact *artifact,
                         rune_function **function, rune_message *message) {
  if (!artifact || !function)
    return badArgument(message);
  auto made = rune::Program(artifact->artifact).function();
  if (!made)
    return fail(made.error(), message);
  auto inputs = listsOf(made->inputs()), outputs = listsOf(made->outputs());
  *function = new rune_function{std::move(*made), std::move(inputs),
                                std::move(outputs)};
  return RUNE_OK;
}

void rune_function_destroy(rune_function *function) { delete function; }

size_t rune_function_input_count(const rune_function *function) {
  return function ? function->function.inputs().size() : 0;
}
size_t rune_function_output_count(const rune_function *function) {
  return function ? function->function.outputs().size() : 0;
}

int rune_function_input(const rune_function *function, size_t index,
                        rune_parameter *parameter) {
  return function ? parameterOf(function->function.inputs(), function->inputs,
                                index, parameter)
                  : RUNE_ERROR_ARGUMENT;
}
int rune_function_output(const rune_function *function, size_t index,
                         rune_parameter *parameter) {
  return function ? parameterOf(function->function.outputs(), function->outputs,
                                index, parameter)
                  : RUNE_ERROR_ARGUMENT;
}

int rune_function_invoke(rune_function *function, const rune_tensor *inputs,
                         size_t input_count, const rune_tensor *outputs,
                         size_t output_count, rune_message *message) {
  std::vector<rune::TensorRef> from, to;
  if (!function || !tensorsOf(inputs, input_count, from) ||
      !tensorsOf(outputs, output_count, to))
    return badArgument(message);
  auto done = function->function.invoke(from, to);
  return done ? RUNE_OK : fail(done.error(), message);
}

void rune_function_reset(rune_function *function) {
  if (function)
    function->function.reset();
}
