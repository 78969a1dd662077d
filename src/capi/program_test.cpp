// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public interface on small models: what a program of others would do.
#include "rune/compiler.h"
#include "rune/program.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace rune {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string digits = RUNE_SOURCE_DIR "/examples/digits/model.onnx";
const std::string keywords = RUNE_SOURCE_DIR "/examples/keywords/model.tflite";

compiler::Artifact compiled(const std::string &path,
                            compiler::Options options = {}) {
  auto invocation = compiler::Session(std::move(options)).begin();
  auto read = invocation.readFile(path);
  EXPECT_TRUE(read.ok()) << read.error().text;
  auto artifact = invocation.compile();
  EXPECT_TRUE(artifact.ok()) << artifact.error().text;
  return std::move(*artifact);
}

std::vector<uint8_t> zeros(const Parameter &parameter, size_t width) {
  size_t count = width;
  for (int64_t size : parameter.sizes)
    count *= static_cast<size_t>(size);
  return std::vector<uint8_t>(count);
}

TensorRef refOf(const Parameter &parameter, std::vector<uint8_t> &bytes) {
  return {parameter.element, parameter.sizes, bytes.data(), bytes.size()};
}

TEST(Program, SaysWhatItTakesAndGives) {
  auto function = Program(compiled(keywords)).function();
  ASSERT_TRUE(function.ok()) << function.error().text;
  ASSERT_EQ(function->inputs().size(), 1u);
  const Parameter &input = function->inputs()[0];
  EXPECT_EQ(input.element, Element::I8);
  EXPECT_FALSE(input.name.empty());
  EXPECT_THAT(input.sizes, testing::Not(testing::Contains(-1)));
}

TEST(Program, InstancesAgreeInThreads) {
  Program program(compiled(digits));
  auto first = program.function();
  ASSERT_TRUE(first.ok());
  std::vector<int64_t> sizes = first->inputs()[0].sizes;
  EXPECT_EQ(sizes[0], -1); // compiled for what it meets
  EXPECT_EQ(first->inputs()[0].names[0], "batch");
  sizes[0] = 1;
  size_t count = 1;
  for (int64_t size : sizes)
    count *= static_cast<size_t>(size);
  std::vector<float> image(count);
  for (size_t i = 0; i < count; ++i)
    image[i] = float(i % 7) / 7;
  auto run = [&](Function &function) {
    auto results = function.call({{TensorRef::of(std::span(image), sizes)}});
    EXPECT_TRUE(results.ok()) << results.error().text;
    return (*results)[0].bytes;
  };
  auto expected = run(*first);
  std::vector<std::vector<uint8_t>> got(4);
  std::vector<std::thread> threads;
  for (auto &each : got)
    threads.emplace_back([&] {
      auto function = program.function();
      each = run(*function);
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const auto &each : got)
    EXPECT_EQ(each, expected);
}

TEST(Program, KeepsOpenSizesWithinTheirBounds) {
  auto invocation = compiler::Session().begin();
  EXPECT_EQ(invocation.give("batch=8..1").error().code, "usage.shape");
  EXPECT_EQ(invocation.give("batch=1..x").error().code, "usage.shape");
  ASSERT_TRUE(invocation.give("batch=2..3").ok());
  auto read = invocation.readFile(digits);
  ASSERT_TRUE(read.ok()) << read.error().text;
  auto artifact = invocation.compile();
  ASSERT_TRUE(artifact.ok()) << artifact.error().text;
  auto function = Program(*artifact).function();
  const Parameter &input = function->inputs()[0];
  EXPECT_EQ(input.sizes[0], -1);
  EXPECT_EQ(input.ranges[0].least, 2);
  EXPECT_EQ(input.ranges[0].most, 3);
  EXPECT_EQ(input.ranges[1].least, input.sizes[1]);
  EXPECT_EQ(input.ranges[1].most, input.sizes[1]);
  EXPECT_EQ(function->outputs()[0].ranges[0].most, 3);
  std::vector<uint8_t> bytes = std::vector<uint8_t>(1 << 18);
  for (int64_t batch : {1, 2, 3, 4}) {
    TensorRef given{input.element, input.sizes, bytes.data(), 4};
    given.sizes[0] = batch;
    for (int64_t size : given.sizes)
      given.bytes *= static_cast<size_t>(size);
    auto results = function->call({&given, 1});
    ASSERT_EQ(results.ok(), batch == 2 || batch == 3);
    if (!results) {
      EXPECT_EQ(results.error().code, "program.mismatch");
      EXPECT_THAT(results.error().text, HasSubstr("it may be 2 to 3"));
    }
  }
}

TEST(Program, RefusesBoundsOfNamesThatNoInputHas) {
  auto invocation = compiler::Session().begin();
  ASSERT_TRUE(invocation.give("steps=1..3").ok());
  EXPECT_EQ(invocation.readFile(digits).error().code, "usage.shape");
}

TEST(Program, WritesIntoBuffersOfTheCaller) {
  auto function = Program(compiled(keywords)).function();
  auto in = zeros(function->inputs()[0], 1),
       out = zeros(function->outputs()[0], 1);
  TensorRef input = refOf(function->inputs()[0], in),
            output = refOf(function->outputs()[0], out);
  auto called = function->call({&input, 1});
  ASSERT_TRUE(called.ok()) << called.error().text;
  auto done = function->invoke({&input, 1}, {&output, 1});
  ASSERT_TRUE(done.ok()) << done.error().text;
  EXPECT_EQ(out, (*called)[0].bytes);
}

TEST(Program, RefusesOtherTensors) {
  auto function = Program(compiled(keywords)).function();
  auto in = zeros(function->inputs()[0], 1),
       out = zeros(function->outputs()[0], 1);
  TensorRef input = refOf(function->inputs()[0], in),
            output = refOf(function->outputs()[0], out);
  EXPECT_EQ(function->invoke({}, {&output, 1}).error().code,
            "program.mismatch");
  EXPECT_EQ(function->invoke({&input, 1}, {}).error().code, "program.mismatch");
  TensorRef shorter = input;
  shorter.bytes -= 1;
  EXPECT_THAT(function->invoke({&shorter, 1}, {&output, 1}).error().text,
              HasSubstr("its sizes need"));
  TensorRef other = input;
  other.element = Element::U8;
  EXPECT_EQ(function->invoke({&other, 1}, {&output, 1}).error().code,
            "evaluate.input-mismatch");
  TensorRef small = output;
  small.sizes.assign(1, 1);
  small.bytes = 1;
  EXPECT_THAT(function->invoke({&input, 1}, {&small, 1}).error().text,
              HasSubstr("the room is for"));
}

TEST(Invocation, GoesThroughItsPhases) {
  compiler::Session session;
  auto invocation = session.begin();
  ASSERT_TRUE(invocation.give("batch=1").ok());
  EXPECT_EQ(invocation.runTo(compiler::Phase::Compiled).error().code,
            "compiler.phase");
  ASSERT_TRUE(invocation.readFile(digits).ok());
  EXPECT_EQ(invocation.phase(), compiler::Phase::Imported);
  EXPECT_EQ(invocation.readFile(digits).error().code, "compiler.phase");
  EXPECT_THAT(invocation.graphText(), HasSubstr("graph \""));
  ASSERT_TRUE(invocation.runTo(compiler::Phase::Specialised).ok());
  ASSERT_TRUE(invocation.compile().ok());
  EXPECT_EQ(invocation.phase(), compiler::Phase::Compiled);
}

TEST(Invocation, KeepsWhatItReports) {
  auto invocation = compiler::Session().begin();
  EXPECT_EQ(invocation.readFile("nowhere.onnx").error().code, "file.not-found");
  std::vector<uint8_t> noise(100, 7);
  EXPECT_EQ(invocation.read(noise, "noise").error().code,
            "import.unknown-format");
  EXPECT_EQ(invocation.give("x").error().code, "usage.shape");
  EXPECT_EQ(invocation.messages().size(), 3u);
}

TEST(Invocation, NamesTheNearestTarget) {
  compiler::Options options;
  options.cpu = "znver9";
  auto invocation = compiler::Session(options).begin();
  ASSERT_TRUE(invocation.readFile(digits).ok());
  auto artifact = invocation.compile();
  ASSERT_FALSE(artifact.ok());
  EXPECT_EQ(artifact.error().code, "machine.unknown-processor");
  EXPECT_THAT(artifact.error().help, HasSubstr("znver"));
}

TEST(Artifact, ForAnotherMachineIsNotRun) {
  compiler::Options options;
  options.target = "aarch64-linux";
#if defined(__aarch64__)
  options.target = "x86_64-linux";
#endif
  auto artifact = compiled(digits, options);
  EXPECT_EQ(artifact.target(), options.target);
  EXPECT_EQ(Program(artifact).function().error().code, "program.foreign");
}

TEST(Compiler, SpeaksC) {
  rune_artifact *artifact = nullptr;
  rune_function *function = nullptr;
  rune_message message;
  EXPECT_EQ(
      rune_compile_file("nowhere", nullptr, 0, nullptr, &artifact, &message),
      RUNE_ERROR_MACHINE);
  EXPECT_THAT(message.text, HasSubstr("nowhere"));
  EXPECT_EQ(rune_compile_file(nullptr, nullptr, 0, nullptr, &artifact, nullptr),
            RUNE_ERROR_ARGUMENT);
  ASSERT_EQ(rune_compile_file(keywords.c_str(), nullptr, 0, nullptr, &artifact,
                              &message),
            RUNE_OK)
      << message.text;
  ASSERT_EQ(rune_function_create(artifact, &function, &message), RUNE_OK);
  rune_artifact_destroy(artifact);
  rune_parameter in, out;
  ASSERT_EQ(rune_function_input(function, 0, &in), RUNE_OK);
  ASSERT_EQ(rune_function_output(function, 0, &out), RUNE_OK);
  EXPECT_EQ(rune_function_input(function, 1, &in), RUNE_ERROR_ARGUMENT);
  EXPECT_EQ(in.element, RUNE_I8);
  size_t inBytes = 1, outBytes = 1;
  for (size_t i = 0; i < in.rank; ++i)
    inBytes *= static_cast<size_t>(in.sizes[i]);
  for (size_t i = 0; i < out.rank; ++i)
    outBytes *= static_cast<size_t>(out.sizes[i]);
  std::vector<int8_t> input(inBytes), output(outBytes);
  rune_tensor given = {in.element, in.rank, in.sizes, input.data(), inBytes};
  rune_tensor room = {out.element, out.rank, out.sizes, output.data(),
                      outBytes};
  EXPECT_EQ(rune_function_invoke(function, &given, 1, &room, 1, &message),
            RUNE_OK)
      << message.text;
  EXPECT_EQ(rune_function_invoke(function, &given, 0, &room, 1, &message),
            RUNE_ERROR_MISMATCH);
  EXPECT_THAT(output, testing::Contains(testing::Ne(0)));
  rune_function_destroy(function);
}

TEST(Compiler, TakesOptionsInC) {
  rune_artifact *artifact = nullptr;
  rune_function *function = nullptr;
  rune_message message;
  const char *shapes[] = {"batch=1..8"};
  rune_compile_options options = {sizeof options, shapes, 1, nullptr, 1, 2};
  ASSERT_EQ(
      rune_compile_file_with(digits.c_str(), &options, &artifact, &message),
      RUNE_OK)
      << message.text;
  ASSERT_EQ(rune_function_create(artifact, &function, &message), RUNE_OK);
  rune_artifact_destroy(artifact);
  rune_parameter in;
  ASSERT_EQ(rune_function_input(function, 0, &in), RUNE_OK);
  EXPECT_EQ(in.sizes[0], -1);
  EXPECT_EQ(in.least[0], 1);
  EXPECT_EQ(in.most[0], 8);
  rune_function_destroy(function);
  options.size = 0;
  EXPECT_EQ(
      rune_compile_file_with(digits.c_str(), &options, &artifact, &message),
      RUNE_ERROR_ARGUMENT);
  options = {sizeof options, nullptr, 1, nullptr, 0, 0};
  EXPECT_EQ(
      rune_compile_file_with(digits.c_str(), &options, &artifact, &message),
      RUNE_ERROR_ARGUMENT);
  options = {sizeof options, nullptr, 0, nullptr, 0, 1 << 20};
  EXPECT_EQ(
      rune_compile_file_with(keywords.c_str(), &options, &artifact, &message),
      RUNE_ERROR_ARGUMENT);
  EXPECT_THAT(message.text, HasSubstr("threads"));
}

/// A product between dequantise and quantise.
TEST(Invocation, KeepsFloatsWhereThatIsAsked) {
  auto textOf = [](bool exact) {
    compiler::Options options;
    options.exact = exact;
    auto invocation = compiler::Session(options).begin();
    auto read = invocation.readFile(RUNE_QUANTISED_LAYER);
    EXPECT_TRUE(read.ok()) << read.error().text;
    auto artifact = invocation.compile();
    EXPECT_TRUE(artifact.ok()) << artifact.error().text;
    return invocation.graphText();
  };
  EXPECT_THAT(textOf(false), HasSubstr("matmul_integer"));
  EXPECT_THAT(textOf(true), testing::Not(HasSubstr("matmul_integer")));
}

} // namespace
} // namespace rune
