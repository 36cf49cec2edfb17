/** What a client of `bamlet serve` is made of: calls, streams that are resumed when they are cut, and their events. */

import { BamlAbortError, BamlConnectionError, BamlError, BamlProtocolError, errorOf, type Problem } from "./errors";

const PROTOCOL = "1";
const RESUMES = 5; // without an event in between

export interface Check {
  name: string;
  expression: string;
  status: "succeeded" | "failed";
}

export interface Checked<T, Names extends string = string> {
  value: T;
  checks: { [name in Names]: Check };
}

export interface StreamState<T> {
  value: T;
  state: "Pending" | "Incomplete" | "Complete";
}

export type Media = { url: string; media_type?: string | null } | { base64: string; media_type?: string | null };

export interface CallOptions {
  signal?: AbortSignal;
  abortController?: AbortController;
  /** One that the program declares. */
  client?: string;
  tags?: { [name: string]: string };
  /** Seconds, by their names. */
  timeouts?: { [name: string]: number };
  strict?: boolean;
  env?: { [name: string]: string };
  /** The same request with the same key is the same run. */
  idempotencyKey?: string;
}

export interface Connection {
  /** Of `bamlet serve`; `BAMLET_URL` in the environment if it is not given, else this machine. */
  baseUrl?: string;
  token?: string;
  fetch?: typeof fetch;
}

let defaults: Connection = {};

/** For all clients that are given no other. */
export function setBaseUrl(url: string): void {
  defaults = { ...defaults, baseUrl: url };
}

export function setToken(token: string): void {
  defaults = { ...defaults, token };
}

type Arguments = { [name: string]: unknown };

export class Server {
  private readonly given: Connection;

  constructor(given: Connection) {
    this.given = given;
  }

  /** Sends nothing that a page of another origin could not have sent, but for the token. */
  async send(method: string, path: string, body?: unknown, more: Sent = {}): Promise<Response> {
    const headers: { [name: string]: string } = { ...more.headers };
    const token = this.given.token ?? defaults.token ?? variable("BAMLET_TOKEN");
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const url = this.given.baseUrl ?? defaults.baseUrl ?? variable("BAMLET_URL") ?? "http://127.0.0.1:2024";
    const send = this.given.fetch ?? fetch;
    const init: RequestInit = { method, headers, signal: more.signal ?? null };
    if (body !== undefined) init.body = JSON.stringify(body);
    const answer = await send(`${url.replace(/\/+$/, "")}${path}`, init);
    if (!answer.ok) throw errorOf(await problemOf(answer));
    return answer;
  }

  async call<F>(name: string, args: Arguments, options: CallOptions = {}): Promise<F> {
    const signal = options.signal ?? options.abortController?.signal;
    const headers: { [name: string]: string } = {};
    if (options.idempotencyKey !== undefined) headers["idempotency-key"] = options.idempotencyKey;
    // Nobody could fetch the value of a call that is left, so the run is to end with it.
    const path = `/call/${encodeURIComponent(name)}?on_disconnect=cancel`;
    try {
      const answer = await this.send("POST", path, bodyOf(args, options), { headers, ...(signal && { signal }) });
      return (await answer.json()) as F;
    } catch (failure) {
      throw told(failure, signal);
    }
  }

  async parse<T>(name: string, text: string, partial: boolean): Promise<T> {
    try {
      const answer = await this.send("POST", `/parse/${encodeURIComponent(name)}`, { text, partial });
      return ((await answer.json()) as { value: T }).value;
    } catch (failure) {
      throw told(failure);
    }
  }

  stream<P, F>(name: string, args: Arguments, options: CallOptions = {}): BamlStream<P, F> {
    const key = options.idempotencyKey ?? crypto.randomUUID();
    const path = `/stream/${encodeURIComponent(name)}?events=patches`;
    const begin = (signal: AbortSignal) =>
      this.send("POST", path, bodyOf(args, options), { headers: { "idempotency-key": key }, signal });
    return new BamlStream(this, begin, undefined, options.signal ?? options.abortController?.signal);
  }

  resume<P, F>(run: string): BamlStream<P, F> {
    return new BamlStream(this, undefined, run, undefined);
  }
}

interface Sent {
  headers?: { [name: string]: string };
  signal?: AbortSignal;
}

function bodyOf(args: Arguments, options: CallOptions): Arguments {
  const { client, tags, timeouts, strict, env } = options;
  const given = Object.entries({ client, tags, timeouts, strict, env }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? args : { ...args, __baml_options__: Object.fromEntries(given) };
}

async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text();
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "error" in body && "message" in body) return body as Problem;
  } catch {
    // Not of ours: a proxy in between has answered.
  }
  return { error: "http", message: `the server answered with ${answer.status}`, status: answer.status };
}

function variable(name: string): string | undefined {
  const host = globalThis as { process?: { env?: { [name: string]: string | undefined } } };
  return host.process?.env?.[name] || undefined;
}

function told(failure: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return new BamlAbortError({ error: "cancelled", message: "the call was aborted" });
  if (failure instanceof BamlError) return failure;
  const message = `the server cannot be reached: ${failure instanceof Error ? failure.message : String(failure)}`;
  return new BamlConnectionError({ error: "connection", message, retryable: true }, { cause: failure });
}

// --- streams

export interface Operation {
  op: string;
  path: string;
  value?: unknown;
}

/**
 * The values of a run as they grow, and the last one. Nothing is sent before somebody asks for one of them. A reader
 * that is slow gets the newest value. Parts that did not change are the same objects in the next value.
 */
export class BamlStream<P, F> implements AsyncIterable<P> {
  private readonly stop = new AbortController();
  private readonly whenFinal: Promise<F>;
  private settle!: { resolve: (value: F) => void; reject: (failure: unknown) => void };
  private readonly whenRun: Promise<string>;
  private named!: { resolve: (run: string) => void; reject: (failure: unknown) => void };
  private wake: (() => void)[] = [];
  private operations: Operation[][] = [];
  private keepsOperations = false;
  private begun = false;
  private over = false;
  private failure: unknown;
  private value: unknown;
  private shown = 0; // how often the value has changed
  private last = "";
  private run: string | undefined;
  private readonly server: Server;
  private readonly begin: ((signal: AbortSignal) => Promise<Response>) | undefined;
  private readonly outer: AbortSignal | undefined;

  constructor(
    server: Server,
    begin: ((signal: AbortSignal) => Promise<Response>) | undefined,
    run: string | undefined,
    outer: AbortSignal | undefined,
  ) {
    [this.server, this.begin, this.outer] = [server, begin, outer];
    this.whenFinal = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.whenRun = new Promise((resolve, reject) => (this.named = { resolve, reject }));
    // Whoever asks is told of a failure. That nobody asks is no failure of its own.
    this.whenFinal.catch(() => {});
    this.whenRun.catch(() => {});
    if (run !== undefined) this.name(run);
  }

  get runId(): Promise<string> {
    this.start();
    return this.whenRun;
  }

  getFinalResponse(): Promise<F> {
    this.start();
    return this.whenFinal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<P, void, undefined> {
    this.start();
    let seen = 0;
    try {
      for (;;) {
        if (this.shown > seen && this.value !== undefined) {
          seen = this.shown;
          yield this.value as P;
        } else if (this.over) {
          if (this.failure !== undefined) throw this.failure;
          return;
        } else {
          await this.change();
        }
      }
    } finally {
      this.abort();
    }
  }

  /** What changed, as it comes: JSON Patch, and `append` for texts that grow. Ask before anything was read. */
  async *patches(): AsyncGenerator<Operation[], void, undefined> {
    this.keepsOperations = true;
    this.start();
    try {
      for (;;) {
        const next = this.operations.shift();
        if (next !== undefined) {
          yield next;
        } else if (this.over) {
          if (this.failure !== undefined) throw this.failure;
          return;
        } else {
          await this.change();
        }
      }
    } finally {
      this.abort();
    }
  }

  /** Ends the run, unless it is over. */
  abort(): void {
    if (this.over) return;
    this.leave();
    if (this.run !== undefined) this.server.send("DELETE", `/runs/${this.run}`).catch(() => {});
  }

  /** Reads no more, and leaves the run to the server's patience with runs that nobody reads. */
  leave(): void {
    if (this.over) return;
    this.end(new BamlAbortError({ error: "cancelled", message: "the stream was aborted", run_id: this.run ?? null }));
    this.stop.abort();
  }

  private start(): void {
    if (this.begun) return;
    this.begun = true;
    if (this.outer?.aborted) return this.abort();
    const abort = () => this.abort();
    this.outer?.addEventListener("abort", abort);
    const forget = () => this.outer?.removeEventListener("abort", abort);
    this.read().then(forget, (failure: unknown) => {
      forget();
      this.end(told(failure));
    });
  }

  private async read(): Promise<void> {
    let failed = 0;
    let restarted = false;
    for (;;) {
      const before = this.last;
      let failure: unknown = new Error("the stream broke off");
      try {
        const answer = await this.open();
        this.check(answer);
        for await (const event of eventsOf(answer)) {
          this.take(event);
          if (this.over) return;
        }
      } catch (thrown) {
        failure = thrown;
      }
      if (this.over) return;
      failed = this.last === before ? failed + 1 : 0;
      if (failure instanceof BamlProtocolError && !restarted && this.run !== undefined) {
        // What we hold is not what the server holds: once more from the start.
        restarted = true;
        this.last = "";
        this.value = undefined;
      } else if (failure instanceof BamlError || failed > RESUMES) {
        throw failure;
      }
      if (failed > 1) await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** failed));
    }
  }

  private open(): Promise<Response> {
    const { signal } = this.stop;
    if (this.run === undefined && this.begin !== undefined) return this.begin(signal);
    const headers: { [name: string]: string } = this.last === "" ? {} : { "last-event-id": this.last };
    return this.server.send("GET", `/runs/${this.run}/events?events=patches`, undefined, { headers, signal });
  }

  private check(answer: Response): void {
    const spoken = answer.headers.get("bamlet-protocol");
    // A page of another origin is shown no such header.
    if (spoken !== null && spoken !== PROTOCOL) {
      const message = `the server speaks protocol ${spoken} and this client ${PROTOCOL}; run \`bamlet generate\` again`;
      throw new BamlProtocolError({ error: "protocol", message });
    }
  }

  private take(event: ServerEvent): void {
    const data = JSON.parse(event.data) as { [name: string]: unknown };
    switch (event.kind) {
      case "start":
        this.name(data["run"] as string);
        break;
      case "patch": {
        const operations = data["ops"] as Operation[];
        this.value = operations.reduce(apply, this.value);
        if (this.keepsOperations) this.operations.push(operations);
        this.shown += 1;
        break;
      }
      case "reset":
        this.value = undefined;
        break;
      case "final":
        this.settle.resolve(data["value"] as F);
        this.end(undefined);
        break;
      case "error":
        this.end(errorOf(data as unknown as Problem));
        break;
    }
    if (event.id !== undefined) this.last = event.id;
    this.tell();
  }

  private name(run: string): void {
    this.run = run;
    this.named.resolve(run);
  }

  private end(failure: unknown): void {
    if (this.over) return;
    this.over = true;
    this.failure = failure;
    if (failure !== undefined) {
      this.settle.reject(failure);
      this.named.reject(failure);
    }
    this.tell();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.wake.push(resolve));
  }

  private tell(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const resolve of waiting) resolve();
  }
}

/** A value with one change, which leaves the value before as it was. An operation that is new to us does nothing. */
export function apply(value: unknown, { op, path, value: given }: Operation): unknown {
  if (!["add", "replace", "remove", "append"].includes(op)) return value;
  const keys = path.split("/").slice(1).map((key) => key.replace(/~1/g, "/").replace(/~0/g, "~"));
  return changed(value, keys, op, given);
}

function changed(value: unknown, keys: string[], op: string, given: unknown): unknown {
  const [key, ...deeper] = keys;
  if (key === undefined) {
    if (op !== "append") return given;
    if (typeof value === "string" && typeof given === "string") return value + given;
    throw astray(op);
  }
  if (Array.isArray(value)) {
    const at = key === "-" ? value.length : Number(key);
    const insert = op === "add" && deeper.length === 0;
    if (!Number.isInteger(at) || at < 0 || at > value.length || (at === value.length && !insert)) throw astray(op);
    const copy: unknown[] = value.slice();
    if (insert) copy.splice(at, 0, given);
    else if (op === "remove" && deeper.length === 0) copy.splice(at, 1);
    else copy[at] = changed(copy[at], deeper, op, given);
    return copy;
  }
  if (typeof value !== "object" || value === null) throw astray(op);
  const before = value as { [key: string]: unknown };
  const isThere = Object.prototype.hasOwnProperty.call(before, key);
  if (!isThere && (op !== "add" || deeper.length > 0)) throw astray(op);
  if (op === "remove" && deeper.length === 0) {
    return Object.fromEntries(Object.entries(before).filter(([name]) => name !== key));
  }
  const next = changed(isThere ? before[key] : undefined, deeper, op, given);
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries([...Object.entries(before), [key, next]]);
}

function astray(op: string): BamlProtocolError {
  return new BamlProtocolError({ error: "protocol", message: `the stream wants to ${op} where nothing is` });
}

// --- events

export interface ServerEvent {
  kind: string;
  data: string;
  id: string | undefined;
}

async function* eventsOf(answer: Response): AsyncGenerator<ServerEvent, void, undefined> {
  if (answer.body === null) return;
  const reader = answer.body.getReader();
  const decoder = new EventDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* decoder.take(value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Bytes of `text/event-stream`, cut anywhere, to events. An event that its empty line does not end is none. */
export class EventDecoder {
  private readonly text = new TextDecoder("utf-8"); // which drops a byte order mark
  private rest = "";
  private searched = 0; // of the rest, where no line ends
  private dropsLineFeed = false; // the second half of a CRLF that was cut
  private data: string[] = [];
  private kind = "";
  private id: string | undefined;

  *take(bytes: Uint8Array): Generator<ServerEvent, void, undefined> {
    this.rest += this.text.decode(bytes, { stream: true });
    const ends = /\r\n|\n|\r/g;
    let start = 0;
    if (this.dropsLineFeed && this.rest !== "") {
      if (this.rest.startsWith("\n")) start = 1;
      this.dropsLineFeed = false;
    }
    ends.lastIndex = Math.max(start, this.searched);
    for (let found = ends.exec(this.rest); found !== null; found = ends.exec(this.rest)) {
      const event = this.line(this.rest.slice(start, found.index));
      start = ends.lastIndex;
      this.dropsLineFeed = found[0] === "\r" && start === this.rest.length;
      if (event !== undefined) yield event;
    }
    this.rest = this.rest.slice(start);
    this.searched = this.rest.length;
  }

  private line(line: string): ServerEvent | undefined {
    if (line === "") {
      const { kind, data, id } = this;
      [this.kind, this.data, this.id] = ["", [], undefined];
      return data.length === 0 ? undefined : { kind: kind || "message", data: data.join("\n"), id };
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "event") this.kind = value;
    else if (field === "id" && !value.includes("\0")) this.id = value;
    return undefined;
  }
}
