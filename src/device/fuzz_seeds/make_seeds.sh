#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Makes the seeds of compiled_graph_fuzz: decisions, a byte each
# (device/cpu/random_graph.h); an element type, how many inputs, their sizes,
# then nodes.
set -euo pipefail
cd "$(dirname "$0")/compiled_graph_fuzz"
printf '\001\000\002\002\001' >one_node
printf '\002\001\003\002\004\001\003\004\004\000' >whole_numbers
