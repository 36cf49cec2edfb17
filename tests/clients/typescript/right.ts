// What users write over the client of forms.baml, in each form of a type.
import { b, BamlClient, BamlTimeoutError, type partial_types, types, type StreamState } from "./baml_client/index.js";

export async function calls(plain: types.Plain, signal: AbortSignal): Promise<string> {
  const found: types.Plain = await b.Forms(plain, "AIR", undefined, ["x"], 3, { signal, client: "Local" });
  const lane: types.Lane = types.Lane.SEA;
  const lit: "a" | "b" | 3 = found.lit;
  const json: types.JSON = await b.Json("x");
  const checked = await b.CheckedResult("x");
  const status: "succeeded" | "failed" = checked.checks.blk.status;
  await b.Nothing({ url: "https://example.com/x.png" });
  const parsed: types.Plain = await b.parse.Forms("{}");
  return [lane, lit, json, status, parsed.s, found.mood].join();
}

export async function streams(client: BamlClient, plain: types.Plain): Promise<number | null> {
  const stream = client.stream.Forms(plain, "SEA", 1, []);
  for await (const partial of stream) {
    const typed: partial_types.Plain = partial;
    const text: string | null = typed.s;
    if (text === null) break;
  }
  const wrapped: partial_types.Wrapped | undefined = undefined;
  const state: StreamState<unknown>["state"] = "Complete";
  try {
    await stream.getFinalResponse();
  } catch (failure) {
    if (failure instanceof BamlTimeoutError) return failure.message.length;
  }
  return wrapped ?? state.length;
}
