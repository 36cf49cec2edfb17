// The page: what the model has said so far is drawn as it comes, and "Stop" ends the run, with its request to the model.

import { b, setBaseUrl, types } from "./baml_client/index.js";

setBaseUrl(new URL("/baml", location.href).href);

const form = document.querySelector("form")!;
const turns = document.querySelector("#turns")!;
const next = document.querySelector("#next")!;
const history: types.Said[] = [];
let running: AbortController | undefined;

document.querySelector("#stop")!.addEventListener("click", () => running?.abort());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = form.elements.namedItem("question") as HTMLInputElement;
  void ask(field.value);
  field.value = "";
});

async function ask(question: string): Promise<void> {
  running?.abort();
  running = new AbortController();
  line(question, "complete");
  const shown = line("…", "partial");
  try {
    const stream = b.stream.Chat(history, question, { signal: running.signal });
    for await (const partial of stream) {
      shown.textContent = partial.text ?? "…";
      suggest(partial.next ?? []);
    }
    const reply = await stream.getFinalResponse();
    shown.textContent = reply.text;
    suggest(reply.next);
    history.push({ speaker: "user", text: question }, { speaker: "assistant", text: reply.text });
  } catch (error) {
    shown.textContent += ` (${error instanceof Error ? error.message : String(error)})`;
  }
  shown.dataset["state"] = "complete";
}

function line(text: string, state: "partial" | "complete"): HTMLElement {
  const made = document.createElement("li");
  made.textContent = text;
  made.dataset["state"] = state;
  turns.append(made);
  return made;
}

function suggest(questions: readonly (string | null)[]): void {
  next.replaceChildren(
    ...questions.map((question) => {
      const button = document.createElement("button");
      button.textContent = question;
      button.onclick = () => void ask(question ?? "");
      return button;
    }),
  );
}
