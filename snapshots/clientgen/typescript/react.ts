"use client";
/** A hook for each function. `mutate` begins a run, and the component is drawn as its value grows. */

import type { BamlClient } from "./client";
import { useRun, type HookInput, type HookOutput } from "./hook";
import type * as partial_types from "./partial_types";
import type * as types from "./types";

export function useRead<S extends boolean = true>(
  input?: HookInput<partial_types.Receipt, types.Receipt, S>,
): HookOutput<Parameters<BamlClient["Read"]>, partial_types.Receipt, types.Receipt, S> {
  return useRun((client, given) => client.stream.Read(...given), input);
}

export function useDouble<S extends boolean = true>(
  input?: HookInput<number, number, S>,
): HookOutput<Parameters<BamlClient["Double"]>, number, number, S> {
  return useRun((client, given) => client.stream.Double(...given), input);
}

export type { HookInput, HookOutput } from "./hook";
