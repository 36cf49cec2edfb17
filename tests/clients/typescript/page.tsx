// In a browser, from a server that has the program below /baml: it posts what it saw to /told.
import { memo, StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { setBaseUrl, type partial_types } from "./baml_client/index.js";
import { useList, useSay } from "./baml_client/react.js";

setBaseUrl("/baml");
const ROWS = 400;

/** Draws a component until it says what it saw. */
function seen<T>(draw: (tell: (what: T) => void) => React.ReactNode): Promise<T> {
  return new Promise((resolve, reject) => {
    const place = document.body.appendChild(document.createElement("main"));
    const root = createRoot(place, { onUncaughtError: reject });
    const tell = (what: T) => {
      setTimeout(() => root.unmount());
      resolve(what);
    };
    root.render(draw(tell));
  });
}

// --- a long list: a row that is finished is drawn no more

const drawn: number[] = [];
const whenFinished: number[] = [];
let lists = 0;
const frames: number[] = [];

function frame(time: number): void {
  frames.push(time);
  requestAnimationFrame(frame);
}

const Row = memo(function Row({ item, at }: { item: partial_types.Item; at: number }) {
  drawn[at] = (drawn[at] ?? 0) + 1;
  return <li>{`${item.name} ${item.count}`}</li>;
});

function List({ tell }: { tell: (what: object) => void }) {
  const { data, isSuccess, status, error, mutate } = useList({ onError: (error) => tell({ error: error.message }) });
  lists += 1;
  useEffect(() => void mutate("x"), [mutate]);
  useEffect(() => {
    for (let at = whenFinished.length; at < (data?.length ?? 0) - 1; at += 1) whenFinished.push(drawn[at]!);
    if (!isSuccess) return;
    const rows = document.querySelectorAll("li");
    const gaps = frames.slice(1).map((time, at) => time - frames[at]!);
    tell({
      rows: rows.length,
      last: rows[ROWS - 1]?.textContent,
      again: drawn.filter((count, at) => at < whenFinished.length && count > whenFinished[at]!).length,
      drawn: drawn.reduce((sum, count) => sum + count, 0),
      lists,
      frames: frames.length,
      perSecond: Math.round((1000 * gaps.length) / gaps.reduce((sum, gap) => sum + gap, 0)),
      longest: Math.round(Math.max(...gaps)),
    });
  });
  return <ul title={error?.message ?? status}>{data?.map((item, at) => <Row key={at} item={item} at={at} />)}</ul>;
}

// --- mounted twice

let mounts = 0;

function Said({ tell }: { tell: (what: object) => void }) {
  const { finalData, runId, mutate } = useSay({ stream: false });
  useEffect(() => {
    mounts += 1;
    void mutate("once");
  }, [mutate]);
  useEffect(() => {
    if (finalData !== undefined) tell({ finalData, mounts, runId });
  });
  return <p>{finalData}</p>;
}

// --- ended by its user, and begun anew

function Stopped({ tell }: { tell: (what: object) => void }) {
  const { data, status, mutate, stop, reset } = useSay();
  useEffect(() => {
    mutate("forever").catch((error: Error) => {
      const shown = () => document.querySelector("b")!.textContent;
      requestAnimationFrame(() => {
        const stopped = shown();
        reset();
        requestAnimationFrame(() => tell({ error: error.name, stopped, after: shown() }));
      });
    });
  }, [mutate, reset]);
  useEffect(() => {
    if (status === "streaming") stop();
  });
  return <b>{`${status}: ${data ?? "nothing"}`}</b>;
}

async function answered(url: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  try {
    const answer = await fetch(`${url}/call/Say`, { method: "POST", headers, body: '{"text":"x"}' });
    return `${answer.status} ${await answer.text()}`;
  } catch (failure) {
    return (failure as Error).name;
  }
}

async function everything(): Promise<object> {
  requestAnimationFrame(frame);
  const list = await seen((tell) => <List tell={tell} />);
  const strict = await seen((tell) => <StrictMode children={<Said tell={tell} />} />);
  const stopped = await seen((tell) => <Stopped tell={tell} />);
  const others = new URLSearchParams(location.search);
  return { list, strict, stopped, open: await answered(others.get("open")!), shut: await answered(others.get("shut")!) };
}

const told = await everything().catch((failure: unknown) => ({ failure: String(failure) }));
await fetch("/told", { method: "POST", body: JSON.stringify(told) });
