import * as $runtime from "./runtime";
import type * as partial_types from "./partial_types";
import type * as types from "./types";

export class BamlClient {
  readonly stream: BamlStreamClient;
  readonly parse: LlmResponseParser;
  readonly parseStream: LlmStreamParser;
  private readonly $server: $runtime.Server;

  constructor(connection: $runtime.Connection = {}) {
    this.$server = new $runtime.Server(connection);
    this.stream = new BamlStreamClient(this.$server);
    this.parse = new LlmResponseParser(this.$server);
    this.parseStream = new LlmStreamParser(this.$server);
  }

  Read(scan: $runtime.Media, hint?: string | null, $options?: $runtime.CallOptions): Promise<types.Receipt> {
    return this.$server.call<types.Receipt>("Read", { scan, hint }, $options);
  }

  Double(n: number, $options?: $runtime.CallOptions): Promise<number> {
    return this.$server.call<number>("Double", { n }, $options);
  }
}

export class BamlStreamClient {
  private readonly $server: $runtime.Server;

  constructor(server: $runtime.Server) {
    this.$server = server;
  }

  /** The stream of a run that goes on, or has ended a short while ago. */
  resume<P = unknown, F = P>(runId: string): $runtime.BamlStream<P, F> {
    return this.$server.resume<P, F>(runId);
  }

  Read(scan: $runtime.Media, hint?: string | null, $options?: $runtime.CallOptions): $runtime.BamlStream<partial_types.Receipt, types.Receipt> {
    return this.$server.stream<partial_types.Receipt, types.Receipt>("Read", { scan, hint }, $options);
  }

  Double(n: number, $options?: $runtime.CallOptions): $runtime.BamlStream<number, number> {
    return this.$server.stream<number, number>("Double", { n }, $options);
  }
}

export class LlmResponseParser {
  private readonly $server: $runtime.Server;

  constructor(server: $runtime.Server) {
    this.$server = server;
  }

  Read(text: string): Promise<types.Receipt> {
    return this.$server.parse<types.Receipt>("Read", text, false);
  }
}

export class LlmStreamParser {
  private readonly $server: $runtime.Server;

  constructor(server: $runtime.Server) {
    this.$server = server;
  }

  Read(text: string): Promise<partial_types.Receipt> {
    return this.$server.parse<partial_types.Receipt>("Read", text, true);
  }
}

export const b = new BamlClient();
