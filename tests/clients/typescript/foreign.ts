// What others make of our streams: the AI SDK, and the schemas of AG-UI.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseJsonEventStream, parsePartialJson, readUIMessageStream, uiMessageChunkSchema, type UIMessageChunk } from "ai";
import { EventSchemas } from "@ag-ui/core/schemas";

const body = readFileSync(process.env["ARGUMENTS"]!, "utf8");

async function posted(query: string, accept = "text/event-stream"): Promise<Response> {
  const headers = { "content-type": "application/json", accept };
  const url = `${process.env["BAMLET_URL"]}/stream/ExtractReceiptInfo${query}`;
  const answer = await fetch(url, { method: "POST", headers, body });
  assert.equal(answer.status, 200);
  return answer;
}

test("the AI SDK reads a message with the value as a part", async () => {
  const answer = await posted("?as=ui-message-stream");
  const checked = parseJsonEventStream({ stream: answer.body!, schema: uiMessageChunkSchema });
  const chunks = checked.pipeThrough(
    new TransformStream<{ success: boolean; value?: unknown; error?: unknown }, UIMessageChunk>({
      transform(found, controller) {
        assert.ok(found.success, String(found.error));
        controller.enqueue(found.value as UIMessageChunk);
      },
    }),
  );
  let message;
  for await (const shown of readUIMessageStream({ stream: chunks })) message = shown;
  const parts = message!.parts;
  const values = parts.filter((part) => part.type === "data-partial");
  assert.equal(values.length, 1);
  assert.equal((values[0] as { data: { total_cost: number } }).data.total_cost, 141.65);
  const text = parts.find((part) => part.type === "text") as { text: string; state?: string };
  assert.equal(text.state, "done");
  assert.match(text.text, /total_cost/);
});

test("each event of AG-UI is one", async () => {
  const lines = (await (await posted("?as=ag-ui")).text()).split("\n\n").filter((line) => line.startsWith("data: "));
  const events = lines.map((line) => EventSchemas.parse(JSON.parse(line.slice(6)) as unknown));
  assert.equal(events[0]!.type, "RUN_STARTED");
  assert.equal(events.at(-1)!.type, "RUN_FINISHED");
  assert.ok(events.some((event) => event.type === "STATE_DELTA"));
});

test("the text alone is partial JSON on its way", async () => {
  const text = await (await posted("", "text/plain")).text();
  const found = await parsePartialJson(text.slice(text.indexOf("{"), text.lastIndexOf("total_cost")));
  assert.equal(found.state, "repaired-parse");
});
