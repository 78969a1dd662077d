/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Calls a model that the build compiled (rune_add_model): no Rune is linked.
 */
#include "digits.h"

#include <stddef.h>
#include <stdio.h>

static _Alignas(DIGITS_ALIGNMENT) unsigned char arena[DIGITS_ARENA_BYTES];
static _Alignas(DIGITS_ALIGNMENT) float image[DIGITS_INPUT_0_BYTES / 4];
static _Alignas(DIGITS_ALIGNMENT) float scores[DIGITS_OUTPUT_0_BYTES / 4];

int main(void) {
  const void *inputs[] = {image};
  void *outputs[] = {scores};
  if (digits_run(inputs, outputs, arena) != 0)
    return 1;
  for (size_t i = 0; i < sizeof scores / sizeof *scores; ++i)
    printf("%.4f\n", (double)scores[i]);
}
