#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run_pass.sh RUNE PROTOC PROTO FILECHECK CASE: what a pass makes of a graph, as
# text. CASE is PASS.txtpb or PASS.WHAT.txtpb: an ONNX model as protobuf's text,
# and in its comments what FileCheck is to find. FileCheck missing: 77.
set -eu
rune=$1 protoc=$2 proto=$3 filecheck=$4 case=$5
command -v "$filecheck" >/dev/null || { echo "skipped: $filecheck is missing (./dev setup test)"; exit 77; }
pass=$(basename "$case"); pass=${pass%%.*}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$protoc" --encode=rune.onnx.ModelProto -I"$(dirname "$proto")" "$proto" < "$case" > "$work/model.onnx"
"$rune" compile "$work/model.onnx" --emit graph --only-pass "$pass" -o "$work/graph.txt"
"$filecheck" "$case" --input-file="$work/graph.txt" --dump-input=fail
