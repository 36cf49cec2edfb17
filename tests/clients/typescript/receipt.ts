// Over `bamlet serve examples/receipt`: each test says what it saw in one line.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { b, BamlAbortError, BamlClient, BamlConnectionError, BamlInvalidArgumentError } from "./baml_client/index.js";
import { BamlProtocolError, errorOf, type Problem } from "./baml_client/errors.js";
import { apply, EventDecoder, type Operation } from "./baml_client/runtime.js";

const { email } = JSON.parse(readFileSync(process.env["ARGUMENTS"]!, "utf8")) as { email: string };
const TOTAL = 141.65;

function vectors<Row>(name: string): Row[] {
  const lines = readFileSync(`${process.env["VECTORS"]}/${name}.jsonl`, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Row);
}

/** Cuts the first answers behind so many bytes, or before their heads. */
function cutting(places: number[], seen: string[] = []): typeof fetch {
  return async (input, init) => {
    seen.push(`${init?.method} ${new URL(String(input)).pathname.split("/")[1]}`);
    const place = init?.method === "DELETE" ? undefined : places.shift();
    if (place === 0) throw new TypeError("fetch failed");
    const answer = await fetch(input, init);
    if (place === undefined || answer.body === null) return answer;
    let left = place;
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        controller.enqueue(bytes.slice(0, left));
        left -= bytes.length;
        if (left <= 0) controller.error(new TypeError("terminated"));
      },
    });
    return new Response(answer.body.pipeThrough(cut), { headers: answer.headers, status: answer.status });
  };
}

test("a call", async () => {
  assert.equal(await b.Double(4), 8);
});

test("a stream grows, its finished parts stay the same objects, and its last value is the final one", async () => {
  const stream = b.stream.ExtractReceiptInfo(email);
  const shown = [];
  for await (const partial of stream) shown.push(partial);
  assert.ok(shown.length > 3);
  assert.equal((await stream.getFinalResponse()).total_cost, TOTAL);
  assert.match(await stream.runId, /^r1_/);
  const [before, last] = shown.slice(-2);
  assert.equal(before!.items[0], last!.items[0]);
  assert.deepEqual(await b.stream.resume(await stream.runId).getFinalResponse(), await stream.getFinalResponse());
});

test("a stream that is cut goes on where it was, nothing twice and nothing missing", async () => {
  const whole: Operation[] = [];
  for await (const operations of b.stream.ExtractReceiptInfo(email).patches()) whole.push(...operations);
  for (let at = 0; at < 40; at += 1) {
    const seen: string[] = [];
    const fetch = cutting([0, 1 + at * 97, 30, 200], seen);
    const found: Operation[] = [];
    const stream = new BamlClient({ fetch }).stream.ExtractReceiptInfo(email);
    for await (const operations of stream.patches()) found.push(...operations);
    assert.deepEqual(found.reduce(apply, undefined as unknown), whole.reduce(apply, undefined as unknown));
    assert.deepEqual(seen.slice(0, 2), ["POST stream", "POST stream"]);
    assert.equal((await stream.getFinalResponse()).total_cost, TOTAL);
  }
});

test("a loop that is left ends the run", async () => {
  const seen: string[] = [];
  const stream = new BamlClient({ fetch: cutting([], seen) }).stream.ExtractReceiptInfo(email);
  for await (const _ of stream) break;
  await assert.rejects(stream.getFinalResponse(), BamlAbortError);
  assert.deepEqual(seen, ["POST stream", "DELETE runs"]);
  await assert.rejects(b.stream.resume(await stream.runId).getFinalResponse(), BamlAbortError);
});

test("a signal ends calls and streams, before and while they run", async () => {
  const controller = new AbortController();
  const stream = b.stream.ExtractReceiptInfo(email, { abortController: controller });
  await assert.rejects(async () => {
    for await (const _ of stream) controller.abort();
  }, BamlAbortError);
  await assert.rejects(b.ExtractReceiptInfo(email, { signal: controller.signal }), BamlAbortError);
  await assert.rejects(b.stream.ExtractReceiptInfo(email, controller).getFinalResponse(), BamlAbortError);
});

test("failures are classes", async () => {
  const wrong = 3 as unknown as string;
  await assert.rejects(b.ExtractReceiptInfo(wrong), BamlInvalidArgumentError);
  await assert.rejects(b.stream.ExtractReceiptInfo(wrong).getFinalResponse(), BamlInvalidArgumentError);
  const nowhere = new BamlClient({ fetch: () => Promise.reject(new TypeError("fetch failed")) });
  await assert.rejects(nowhere.ExtractReceiptInfo(email), BamlConnectionError);
  const parsed = await b.parse.ExtractReceiptInfo('{"items": [], "total_cost": "$3"}');
  assert.equal(parsed.total_cost, 3);
});

test("bytes cut anywhere are the same events", () => {
  for (const row of vectors<{ text: string; events: { id: string | null }[] }>("events")) {
    const bytes = new TextEncoder().encode(row.text);
    const whole = row.events.map((event) => ({ ...event, id: event.id ?? undefined }));
    for (let size = 1; size <= bytes.length; size += 1) {
      const decoder = new EventDecoder();
      const found = [];
      for (let at = 0; at < bytes.length; at += size) found.push(...decoder.take(bytes.slice(at, at + size)));
      assert.deepEqual(found, whole);
    }
  }
});

test("changes are those that all clients share", () => {
  for (const row of vectors<{ value: unknown; ops: Operation[]; result?: unknown; astray?: boolean }>("changes")) {
    const changed = () => row.ops.reduce(apply, row.value);
    if (row.astray) assert.throws(changed, BamlProtocolError);
    else assert.deepEqual(JSON.stringify(changed()), JSON.stringify(row.result));
  }
});

test("problems are the classes that all clients share", () => {
  for (const row of vectors<{ problem: Problem; class: string }>("errors")) {
    assert.equal(errorOf(row.problem).constructor.name, row.class);
  }
});

test("a change leaves the value before as it was", () => {
  const before = { a: [{ n: "x" }, { n: "y" }], "b/~": null };
  const after = apply(before, { op: "append", path: "/a/1/n", value: "z" });
  assert.deepEqual(after, { a: [{ n: "x" }, { n: "yz" }], "b/~": null });
  assert.equal((after as typeof before).a[0], before.a[0]);
  assert.equal(apply(before, { op: "close", path: "/a" }), before);
  const own = apply({}, { op: "add", path: "/__proto__", value: 1 });
  assert.deepEqual(Object.keys(own as object), ["__proto__"]);
});
