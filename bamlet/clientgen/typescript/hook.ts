"use client";
/** What the hooks of React are made of: a component reads one run at a time, and is drawn at most once a frame. */

import { useEffect, useState } from "react";
import { b, type BamlClient } from "./client";
import type { BamlError } from "./errors";
import type { BamlStream } from "./runtime";

export interface HookInput<P, F, S extends boolean = true> {
  /** `false` shows the last value alone. */
  stream?: S;
  onStreamData?: (data: P) => void;
  onFinalData?: (data: F) => void;
  onData?: (data: S extends false ? F : P | F) => void;
  onError?: (error: BamlError) => void;
  /** In place of `b`, for another server. */
  client?: BamlClient;
}

type Status = "idle" | "pending" | "streaming" | "success" | "error";

export interface HookOutput<A extends unknown[], P, F, S extends boolean = true> {
  /** The last value, or while there is none the newest. */
  data: (S extends false ? F : P | F) | undefined;
  streamData: P | undefined;
  finalData: F | undefined;
  error: BamlError | undefined;
  runId: string | undefined;
  status: Status;
  isLoading: boolean;
  isPending: boolean;
  isStreaming: boolean;
  isSuccess: boolean;
  isError: boolean;
  /** Begins a run, in place of one that goes on. */
  mutate: (...given: A) => Promise<F>;
  /** Ends the run. What has come of it stays. */
  stop: () => void;
  /** Reads a run that another page has begun. */
  resume: (runId: string) => Promise<F>;
  /** Ends the run, and shows nothing. */
  reset: () => void;
}

type Begin<A, P, F> = (client: BamlClient, given: A) => BamlStream<P, F>;

export function useRun<A extends unknown[], P, F, S extends boolean>(
  begin: Begin<A, P, F>,
  input: HookInput<P, F, S> = {},
): HookOutput<A, P, F, S> {
  const [view, show] = useState<View<P, F>>(IDLE);
  const [reader] = useState(() => new Reader<A, P, F>(show));
  // Before the effects of the component itself, which may begin a run.
  useEffect(() => reader.take(begin, input as HookInput<P, F, boolean>));
  useEffect(() => reader.mount(), [reader]);
  const { status, streamData, finalData } = view;
  return {
    ...view,
    data: (finalData ?? streamData) as HookOutput<A, P, F, S>["data"],
    isLoading: status === "pending" || status === "streaming",
    isPending: status === "pending",
    isStreaming: status === "streaming",
    isSuccess: status === "success",
    isError: status === "error",
    mutate: reader.mutate,
    stop: reader.stop,
    resume: reader.resume,
    reset: reader.reset,
  };
}

interface View<P, F> {
  status: Status;
  streamData: P | undefined;
  finalData: F | undefined;
  error: BamlError | undefined;
  runId: string | undefined;
}

const IDLE = { status: "idle", streamData: undefined, finalData: undefined, error: undefined, runId: undefined } as const;

/** The run that a component reads. It lives as long as the component, mounted or not. */
class Reader<A extends unknown[], P, F> {
  private begin!: Begin<A, P, F>;
  private input!: HookInput<P, F, boolean>;
  private view: View<P, F> = IDLE;
  private stream: BamlStream<P, F> | undefined;
  private whenFinal!: Promise<F>;
  private asked: string | undefined;
  private leaving: ReturnType<typeof setTimeout> | undefined;
  private isLeft = false;
  private isMountedAgain = false;
  private isDrawing = false;
  private readonly show: (view: View<P, F>) => void;

  constructor(show: (view: View<P, F>) => void) {
    this.show = show;
  }

  take(begin: Begin<A, P, F>, input: HookInput<P, F, boolean>): void {
    [this.begin, this.input] = [begin, input];
  }

  /**
   * StrictMode mounts twice in one turn: the run goes on, and whoever begins the same once more is given it. What was
   * not shown for longer has left its run to the server, and reads on if that is still there.
   */
  mount(): () => void {
    if (this.leaving !== undefined) {
      clearTimeout(this.leaving);
      this.leaving = undefined;
      this.isMountedAgain = true;
      setTimeout(() => (this.isMountedAgain = false));
    } else if (this.isLeft) {
      this.isLeft = false;
      if (this.view.runId !== undefined) void this.resume(this.view.runId);
      else this.set(IDLE);
    }
    return () => {
      this.leaving = setTimeout(() => this.leave());
    };
  }

  readonly mutate = (...given: A): Promise<F> => {
    const asked = JSON.stringify(given);
    if (this.isMountedAgain && this.stream !== undefined && this.asked === asked) return this.whenFinal;
    this.asked = asked;
    return this.read(this.begin(this.input.client ?? b, given), IDLE);
  };

  readonly resume = (runId: string): Promise<F> => {
    // What is shown of the same run stays until more of it comes.
    const before = this.view.runId === runId ? this.view : IDLE;
    return this.read((this.input.client ?? b).stream.resume<P, F>(runId), before);
  };

  readonly stop = (): void => {
    if (this.stream === undefined) return;
    this.forget()?.abort();
    this.set({ ...this.view, status: "idle" });
  };

  readonly reset = (): void => {
    this.forget()?.abort();
    this.set(IDLE);
  };

  private leave(): void {
    this.leaving = undefined;
    this.isLeft = this.stream !== undefined;
    this.forget()?.leave();
  }

  /** Before a stream is ended: whoever follows it then knows that its end is none of the component's. */
  private forget(): BamlStream<P, F> | undefined {
    const { stream } = this;
    this.stream = undefined;
    return stream;
  }

  private read(stream: BamlStream<P, F>, before: View<P, F>): Promise<F> {
    this.forget()?.abort();
    this.stream = stream;
    this.set({ ...before, status: "pending", error: undefined });
    this.whenFinal = this.follow(stream);
    // Whoever asks is told of a failure. That nobody asks is no failure of its own.
    this.whenFinal.catch(() => {});
    return this.whenFinal;
  }

  private async follow(stream: BamlStream<P, F>): Promise<F> {
    const isMine = () => this.stream === stream;
    try {
      const runId = await stream.runId;
      if (isMine()) this.set({ ...this.view, runId });
      if (this.input.stream !== false) {
        for await (const value of stream) if (isMine()) this.draw(value);
      }
      const value = await stream.getFinalResponse();
      if (isMine()) this.succeed(value);
      return value;
    } catch (failure) {
      if (isMine()) this.fail(failure as BamlError);
      throw failure;
    }
  }

  /** Values that come within a frame are one of them, the newest. */
  private draw(streamData: P): void {
    this.view = { ...this.view, status: "streaming", streamData };
    if (this.isDrawing) return;
    this.isDrawing = true;
    nextFrame(() => {
      this.isDrawing = false;
      const { status, streamData } = this.view;
      if (status !== "streaming") return; // the end was faster
      this.show(this.view);
      this.input.onStreamData?.(streamData as P);
      this.input.onData?.(streamData as P);
    });
  }

  private succeed(value: F): void {
    this.forget();
    const finalData = kept(this.view.streamData, value) as F;
    this.set({ ...this.view, status: "success", finalData });
    this.input.onFinalData?.(finalData);
    this.input.onData?.(finalData);
  }

  private fail(error: BamlError): void {
    this.forget();
    this.set({ ...this.view, status: "error", error });
    this.input.onError?.(error);
  }

  private set(view: View<P, F>): void {
    this.view = view;
    this.show(view);
  }
}

function nextFrame(draw: () => void): void {
  if (typeof requestAnimationFrame === "function") requestAnimationFrame(draw);
  else setTimeout(draw, 16);
}

/** What is `after`, made of the objects of `before` where both say the same: so a row that is finished stays itself. */
export function kept(before: unknown, after: unknown): unknown {
  if (typeof before !== "object" || before === null || typeof after !== "object" || after === null) return after;
  if (Array.isArray(before) !== Array.isArray(after)) return after;
  const parts = before as { [key: string]: unknown };
  const made = Object.entries(after).map(([key, part]) => [key, kept(parts[key], part)] as const);
  if (made.length === Object.keys(parts).length && made.every(([key, part]) => part === parts[key])) return before;
  return Array.isArray(after) ? made.map(([, part]) => part) : Object.fromEntries(made);
}
