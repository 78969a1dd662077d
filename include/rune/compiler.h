/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Rune's model compiler for C. Functions return 0 or a negative number of
 * rune_error; what went wrong in words stands in the message, if one is asked
 * for. What a function of this list creates is the caller's, to be given to the
 * destroy function of its kind; what it lends says so. Nothing is set for the
 * process; different objects may be used by different threads.
 */
#ifndef RUNE_COMPILER_H
#define RUNE_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rune_error {
  RUNE_OK = 0,
  /* The caller's: a null pointer, a number that is out of range. */
  RUNE_ERROR_ARGUMENT = -1,
  /* The model cannot be read, or not with these sizes. */
  RUNE_ERROR_MODEL = -2,
  /* No code can be made of it. */
  RUNE_ERROR_COMPILE = -3,
  /* Tensors that are not those of the function. */
  RUNE_ERROR_MISMATCH = -4,
  /* The model refuses the values, or ran out of a limit. */
  RUNE_ERROR_RUN = -5,
  /* Memory, files. */
  RUNE_ERROR_MACHINE = -6
};

/* Element types. */
enum rune_element {
  RUNE_F32,
  RUNE_F64,
  RUNE_F16,
  RUNE_BF16,
  RUNE_I8,
  RUNE_I16,
  RUNE_I32,
  RUNE_I64,
  RUNE_U8,
  RUNE_U16,
  RUNE_U32,
  RUNE_U64,
  RUNE_BOOL
};

/* Words on an error: ends with a zero, cut where the room ends. */
typedef struct {
  char text[512];
} rune_message;

typedef struct rune_artifact rune_artifact;
typedef struct rune_function rune_function;

/* Compiles a model of ONNX or TensorFlow Lite for this machine. `shapes` may
   be null, or `shape_count` texts such as "batch=8", or "batch=1..8" for a size
   that stays open within these bounds. `cache_folder` may be null: nothing is
   kept. `message` may be null. */
int rune_compile_file(const char *path, const char *const *shapes,
                      size_t shape_count, const char *cache_folder,
                      rune_artifact **artifact, rune_message *message);
/* The same of bytes, which may go afterwards. */
int rune_compile_bytes(const void *bytes, size_t size,
                       const char *const *shapes, size_t shape_count,
                       rune_artifact **artifact, rune_message *message);
/* What can be chosen besides. All zero but for `size` is what the functions
   above do. */
typedef struct {
  /* sizeof(rune_compile_options): what later versions add stays zero. */
  size_t size;
  const char *const *shapes;
  size_t shape_count;
  const char *cache_folder;
  /* 1: layers between dequantise and quantise are computed in floats, as the
     model says, instead of in integers. */
  int32_t exact;
  /* Threads that a run may use; 0 as 1. */
  uint32_t threads;
} rune_compile_options;
int rune_compile_file_with(const char *path,
                           const rune_compile_options *options,
                           rune_artifact **artifact, rune_message *message);
int rune_compile_bytes_with(const void *bytes, size_t size,
                            const rune_compile_options *options,
                            rune_artifact **artifact, rune_message *message);
void rune_artifact_destroy(rune_artifact *artifact);

/* An instance with memory and state of its own; the artifact may go. */
int rune_function_create(const rune_artifact *artifact,
                         rune_function **function, rune_message *message);
void rune_function_destroy(rune_function *function);
size_t rune_function_input_count(const rune_function *function);
size_t rune_function_output_count(const rune_function *function);

/* What stands in one place; names and sizes are lent by the function. */
typedef struct {
  const char *name;
  int32_t element; /* rune_element */
  size_t rank;
  const int64_t *sizes; /* -1: open */
  /* Where each size may lie, both included. */
  const int64_t *least;
  const int64_t *most;
  int32_t is_quantised;
  double scale;
  int64_t zero_point;
} rune_parameter;
int rune_function_input(const rune_function *function, size_t index,
                        rune_parameter *parameter);
int rune_function_output(const rune_function *function, size_t index,
                         rune_parameter *parameter);

/* A tensor in memory of the caller: row-major, little endian. */
typedef struct {
  int32_t element; /* rune_element */
  size_t rank;
  const int64_t *sizes;
  void *data;
  size_t bytes;
} rune_tensor;

/* Runs into buffers of the caller. One thread at a time for one function. */
int rune_function_invoke(rune_function *function, const rune_tensor *inputs,
                         size_t input_count, const rune_tensor *outputs,
                         size_t output_count, rune_message *message);
/* Forgets the state: the next run is a first one again. */
void rune_function_reset(rune_function *function);

#ifdef __cplusplus
}
#endif
#endif
