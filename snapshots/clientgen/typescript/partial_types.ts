import type * as $runtime from "./runtime";
import type * as types from "./types";

/** What was bought. */
export interface Item {
  /** as printed */
  name: string | null;
  kind: types.Kind | null;
  price: number | null;
  notes: string[];
  more: Item | null;
}

export interface Receipt {
  items: Item[];
  total: $runtime.Checked<number | null, "whole"> | null;
  state: $runtime.StreamState<string | null>;
  by: "card" | "cash" | number | null;
  tags: { [key: string]: number };
}
