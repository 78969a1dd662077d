// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints every byte of a .rune with what it means, by docs/format.md alone: a
// second reader, which shares no code with the first.
//   node annotate_rune.mjs FILE.rune                    prints
//   node annotate_rune.mjs FILE.rune --check FORMAT.md  compares with the dump there
//   node annotate_rune.mjs FILE.rune --write FORMAT.md  replaces the dump there
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const bytes = readFileSync(process.argv[2]);
const lines = [];
let at = 0;
const hex = (value, digits = 2) => value.toString(16).padStart(digits, "0");
const take = (count, say) => {
  if (at + count > bytes.length) throw new Error(`the file ends at ${bytes.length}, inside ${at}+${count}`);
  const piece = bytes.subarray(at, at + count);
  for (let i = 0; i < count; i += 16)
    lines.push(`${hex(at + i, 6)}  ${[...piece.subarray(i, i + 16)].map((b) => hex(b)).join(" ").padEnd(47)}  ${i ? "" : say(piece)}`.trimEnd());
  at += count;
  return piece;
};
const u8 = (what, names) => take(1, (b) => `${what} ${names ? names[b[0]] : b[0]}`)[0];
const u16 = (what) => take(2, (b) => `${what} ${b.readUInt16LE()}`).readUInt16LE();
const u32 = (what) => take(4, (b) => `${what} ${b.readUInt32LE()}`).readUInt32LE();
const u64 = (what) => Number(take(8, (b) => `${what} ${b.readBigUInt64LE()}`).readBigUInt64LE());
const i64 = (what) => take(8, (b) => `${what} ${b.readBigInt64LE()}`);
const f64 = (what) => take(8, (b) => `${what} ${b.readDoubleLE()}`);
const hash = (what) => take(32, () => `${what}, SHA-256`);
const chars = (what, count) => count && take(count, (b) => `${what} ${JSON.stringify(b.toString())}`);
const text = (what) => chars(what, u32(`length of ${what}`));
const list = (what, each) => { for (let n = u32(`${what}:`); n > 0; --n) each(); };
const rest = (what, end) => end > at && take(end - at, () => what);

const dtypes = "f32 f64 f16 bf16 i8 i16 i32 i64 u8 u16 u32 u64 bool utf8".split(" ");
const values = [() => u8("value"), () => i64("value"), () => f64("value"), () => text("value"),
  () => list("integers", () => i64("integer")), () => list("numbers", () => f64("number")),
  () => list("texts", () => text("text")), () => u32("resource")];
const dim = () => [() => u64("size"), () => text("name"), () => {}][u8("dimension:", ["fixed", "named", "unknown"])]();
const stage = () => {
  u8("--- stage, kind:", ["capability", "proc-block", "model", "out"]);
  text("name"); text("capability"); u32("artifact"); u32("channel");
  list("arguments", () => { text("name"); values[u8("kind of value:", ["boolean", "integer", "number", "text", "integers", "numbers", "texts", "resource"])](); });
  list("inputs", () => { u32("from stage"); u32("output"); });
  list("outputs", () => { u8("element type:", dtypes); list("dimensions", dim); });
};
const pool = (end) => {
  const entries = [];
  list("weights", () => { entries.push([u64("offset in the file"), u64("bytes")]); hash("of the weight"); });
  const covered = at;
  for (const [offset, size] of entries) { rest("zeros up to the next multiple of 64", offset); if (size) take(size, () => "weight"); }
  return covered;
};
const bodies = {
  "rune.header": () => { u32("format"); u32("lowest format of a reader"); text("producer"); },
  "rune.wiring": () => { u32("Runefile version"); text("name"); text("image"); list("stages", stage); },
  "rune.resource": (end) => { u8("text 1 + has data 2 ="); text("name"); rest("data", end); },
  "rune.block": (end) => { hash("of the module"); text("name"); rest("the module", end); },
  "rune.model": (end) => { hash("of the graph table"); text("name"); text("encoding"); list("weights", () => u32("position in the pool")); rest("the graph table", end); },
  "rune.weights": pool,
  "rune.digest": () => { hash("over the sections before"); },
};

take(4, () => "WebAssembly module"); u32("version");
const parts = [];
while (at < bytes.length) {
  const begin = at;
  u8("====== section, id");
  const size = take(5, (b) => `length ${b.reduce((sum, byte, i) => sum + (byte & 127) * 128 ** i, 0)}, LEB128 in five bytes`).reduce((sum, byte, i) => sum + (byte & 127) * 128 ** i, 0);
  const end = at + size;
  const name = chars("name", u8("length of name")).toString();
  u16("layout version"); u16("flags (1: required)");
  if (name === "rune.digest") {
    const expected = createHash("sha256").update(Buffer.concat(parts)).digest();
    if (!expected.equals(bytes.subarray(at, at + 32))) throw new Error("the digest is wrong");
  }
  const covered = bodies[name](end) ?? end;
  if (at !== end) throw new Error(`${name} ends at ${at}, not ${end}`);
  parts.push(createHash("sha256").update(bytes.subarray(begin, covered)).digest());
}

const dump = "```text\n" + lines.join("\n") + "\n```";
const [mode, path] = process.argv.slice(3);
const marked = /(?<=<!-- dump -->\n)```text\n[^]*?```(?=\n<!-- \/dump -->)/;
if (!mode) console.log(lines.join("\n"));
else if (mode === "--write") writeFileSync(path, readFileSync(path, "utf8").replace(marked, () => dump));
else if (readFileSync(path, "utf8").match(marked)?.[0] !== dump) throw new Error(`the dump in ${path} differs: run this with --write`);
