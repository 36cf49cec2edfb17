import type * as $runtime from "./runtime";

export const Kind = {
  "Tea": "Tea",
  "Coffee": "Coffee",
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** What was bought. */
export interface Item {
  /** as printed */
  name: string;
  kind?: Kind | null;
  price: number;
  notes: string[];
  more?: Item | null;
}

export interface Receipt {
  items: Item[];
  total: $runtime.Checked<number | null, "whole">;
  state: string;
  by: "card" | "cash" | number;
  tags: { [key: string]: number };
}
