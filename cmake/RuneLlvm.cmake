# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# LLVM 22, from Debian: the target rune_dep_llvm. Builds of ours link the shared
# library (seconds); the static release links the archives of what we call: code
# generation for the targets of `rune compile`, and the passes.
#
# RUNE_LLVM=OFF leaves the compiling tier out: a small `rune` with the
# interpreter, which still runs machine code that was made ahead of time.
option(RUNE_LLVM "Build the engine's LLVM tier" ON)
if(NOT RUNE_LLVM)
  return()
endif()

set(RUNE_LLVM_PREFIX /usr/lib/llvm-22 CACHE PATH "where LLVM 22 lives")
set(RUNE_LLVM_COMPONENTS x86 aarch64 riscv webassembly passes)
find_program(RUNE_LLVM_CONFIG llvm-config HINTS ${RUNE_LLVM_PREFIX}/bin NO_DEFAULT_PATH)
if(NOT RUNE_LLVM_CONFIG OR NOT EXISTS ${RUNE_LLVM_PREFIX}/include/llvm/IR/IRBuilder.h)
  message(FATAL_ERROR "LLVM 22 is missing in ${RUNE_LLVM_PREFIX}. Run `./dev setup`, which "
    "installs what the build needs, or configure with -DRUNE_LLVM=OFF.")
endif()
execute_process(COMMAND ${RUNE_LLVM_CONFIG} --version OUTPUT_VARIABLE version
  OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT version VERSION_GREATER_EQUAL 22 OR NOT version VERSION_LESS 23)
  message(FATAL_ERROR "Rune is built with LLVM 22; ${RUNE_LLVM_CONFIG} says ${version}.")
endif()

add_library(rune_dep_llvm INTERFACE)
target_include_directories(rune_dep_llvm SYSTEM INTERFACE ${RUNE_LLVM_PREFIX}/include)
target_compile_definitions(rune_dep_llvm INTERFACE __STDC_CONSTANT_MACROS __STDC_LIMIT_MACROS)
if(RUNE_STATIC)
  execute_process(
    COMMAND ${RUNE_LLVM_CONFIG} --link-static --libfiles ${RUNE_LLVM_COMPONENTS}
    OUTPUT_VARIABLE archives OUTPUT_STRIP_TRAILING_WHITESPACE)
  separate_arguments(archives UNIX_COMMAND "${archives}")
  # Not llvm-config's --system-libs: it names libraries that we never call.
  rune_dependency(zstd zstd)
  rune_dependency(zlib z)
  target_link_libraries(rune_dep_llvm INTERFACE ${archives} rune_dep_zstd rune_dep_zlib m)
  # Debian's archives went through objcopy: the linker says of each of their 1300
  # files that it folds fewer functions there.
  target_link_options(rune_dep_llvm INTERFACE -Wl,--no-warnings)
else()
  target_link_libraries(rune_dep_llvm INTERFACE ${RUNE_LLVM_PREFIX}/lib/libLLVM-22.so)
endif()
