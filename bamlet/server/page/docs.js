// The page of a server: a form for each function, made of `openapi.json`. What comes from the server is shown as text
// and never as markup. The token lives as long as this tab.

const base = location.pathname.replace(/\/docs\/?$/, "");
const $ = (selector, from = document) => from.querySelector(selector);
const token = $("#token");

token.value = sessionStorage.getItem("token") ?? "";
token.addEventListener("change", () => {
  sessionStorage.setItem("token", token.value);
  void show();
});

function headers(more = {}) {
  return token.value === "" ? more : { ...more, authorization: `Bearer ${token.value}` };
}

async function show() {
  const problem = $("#problem");
  const answer = await fetch(`${base}/openapi.json`, { headers: headers() });
  const told = await answer.json();
  problem.hidden = answer.ok;
  problem.textContent = answer.ok ? "" : told.message;
  const forms = answer.ok ? Object.keys(told.paths).filter((path) => path.startsWith("/call/")) : [];
  $("#functions").replaceChildren(...forms.map((path) => form(path.slice("/call/".length), told)));
  if (forms.length === 1) $("details").open = true;
}

function form(name, document_) {
  const part = $("#function").content.cloneNode(true);
  const operation = document_.paths[`/call/${name}`].post;
  const schema = operation.requestBody?.content["application/json"].schema ?? { type: "object" };
  const [text, state, value] = [$("textarea", part), $(".state", part), $(".value", part)];
  const stop = $(".stop", part);
  $("h2", part).textContent = name;
  $("summary code", part).textContent = `POST ${base}/call/${name}`;
  $(".about", part).textContent = operation.description ?? operation.summary ?? "";
  text.value = JSON.stringify(example(schema, document_, 0), null, 2);
  text.rows = Math.min(16, text.value.split("\n").length + 1);

  async function run(send) {
    const controller = new AbortController();
    stop.disabled = false;
    stop.onclick = () => controller.abort();
    state.classList.remove("wrong");
    state.textContent = "…";
    value.hidden = true;
    try {
      JSON.parse(text.value);
      await send(controller.signal);
    } catch (failure) {
      state.classList.add("wrong");
      state.textContent = controller.signal.aborted ? "stopped" : failure.message;
    } finally {
      stop.disabled = true;
    }
  }

  const shown = (found) => {
    value.hidden = false;
    value.textContent = JSON.stringify(found, null, 2);
  };
  const post = (path, signal) =>
    fetch(`${base}${path}`, {
      method: "POST",
      body: text.value,
      headers: headers({ "content-type": "application/json" }),
      signal,
    });

  $(".call", part).onclick = () =>
    run(async (signal) => {
      const began = performance.now();
      const answer = await post(`/call/${name}?on_disconnect=cancel`, signal);
      const found = await answer.json();
      shown(found);
      if (!answer.ok) throw new Error(`${answer.status} ${found.error}: ${found.message}`);
      state.textContent = `${answer.status}, ${Math.round(performance.now() - began)} ms`;
    });
  $(".stream", part).onclick = () =>
    run(async (signal) => {
      const answer = await post(`/stream/${name}?events=typed&on_disconnect=cancel`, signal);
      if (!answer.ok) throw new Error((await answer.json()).message);
      for await (const { kind, data } of events(answer.body)) {
        if (kind === "partial" || kind === "final") shown(data.value);
        if (kind === "final") state.textContent = `final, attempt ${data.attempts}, ${Math.round(data.ms ?? 0)} ms`;
        else if (kind === "error") throw new Error(`${data.error}: ${data.message}`);
        else state.textContent = kind;
      }
    });
  $(".curl", part).onclick = async () => {
    const quoted = text.value.replaceAll("'", String.raw`'\''`);
    const sent = token.value === "" ? "" : ` -H "authorization: Bearer $BAMLET_TOKEN"`;
    const line = `curl -sN '${location.origin}${base}/stream/${name}?events=typed'${sent} -H 'content-type: application/json' -d '${quoted}'`;
    await navigator.clipboard.writeText(line);
    state.textContent = "copied";
  };
  return part;
}

/** Some value of a schema, for somebody to change. */
function example(schema, document_, depth) {
  if (schema.$ref !== undefined) {
    const found = schema.$ref.split("/").slice(1).reduce((at, key) => at?.[key], document_);
    return depth > 4 || found === undefined ? null : example(found, document_, depth + 1);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  const several = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (several !== undefined) return example(several[0], document_, depth);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object" || schema.properties !== undefined) {
    const wanted = Object.entries(schema.properties ?? {}).filter(([key]) => (schema.required ?? []).includes(key));
    return Object.fromEntries(wanted.map(([key, inner]) => [key, example(inner, document_, depth + 1)]));
  }
  if (type === "array") return depth > 4 ? [] : [example(schema.items ?? {}, document_, depth + 1)];
  return { string: "", integer: 0, number: 0, boolean: false }[type] ?? null;
}

/** The events of a body; its server ends lines with LF alone. */
async function* events(body) {
  let rest = "";
  for await (const text of pieces(body)) {
    rest += text;
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      if (fields.event !== undefined) yield { kind: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

async function* pieces(body) {
  // Not every browser iterates over a stream.
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

await show();
