// Runs Slack's own clients for slack_clients_spec.lua. NODE_PATH says where they are installed.
//   node clients.js client URL TOKEN           calls of [[method, arguments], …] on standard input, by @slack/web-api; prints what came of each
//   node clients.js bolt PORT SECRET URL TOKEN an app of @slack/bolt; prints what it heard, a line of JSON each
//   node clients.js post URL SECRET            posts [[path, fields | object], …] from standard input, signed by node's crypto; prints the answers
//   node clients.js types FOLDER               reads messages on standard input, a line of JSON each; type-checks their blocks and modals

"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { createHmac } = require("node:crypto");

const input = () => fs.readFileSync(0, "utf8");
const say = value => process.stdout.write(JSON.stringify(value) + "\n");

async function client(url, token) {
  const { WebClient, LogLevel } = require("@slack/web-api");
  const web = new WebClient(token === "none" ? undefined : token,
    { slackApiUrl: url, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, logLevel: LogLevel.ERROR });
  let last = {};
  for (const [method, given] of JSON.parse(input())) {
    // "$ts" stands for the ts of the last message.
    const args = JSON.parse(JSON.stringify(given), (_, value) => value === "$ts" ? last.ts : value);
    try {
      const answer = method === "upload"
        ? await web.filesUploadV2({ ...args, file: Buffer.from(args.file) })
        : await web.apiCall(method, args);
      if (answer.ts) last = answer;
      say({ ok: true, data: answer });
    } catch (error) {
      say({ ok: false, code: error.code, data: error.data, retryAfter: error.retryAfter, message: error.message });
    }
  }
}

async function bolt(port, signingSecret, slackApiUrl, token) {
  const { App, HTTPReceiver, LogLevel } = require("@slack/bolt");
  const receiver = new HTTPReceiver({ signingSecret, port: Number(port), logLevel: LogLevel.ERROR,
    endpoints: ["/slack/events", "/slack/interactive", "/slack/commands"] });
  const app = new App({ token, receiver, clientOptions: { slackApiUrl }, logLevel: LogLevel.ERROR });
  app.message(async ({ message }) => say({ heard: "message", message }));
  app.event("message", async ({ event }) => { if (event.subtype) say({ heard: event.subtype, event }); });
  app.event("reaction_added", async ({ event }) => say({ heard: "reaction", event }));
  app.action(/.*/, async ({ ack, action, body, client, respond }) => {
    await ack();
    say({ heard: "action", action, state: body.state, user: body.user.name });
    if (action.action_id !== "edit") return respond({ text: "answer of bolt", response_type: "ephemeral", replace_original: false });
    await client.views.open({ trigger_id: body.trigger_id, view: { type: "modal", callback_id: "edit", title: { type: "plain_text", text: "Edit" },
      submit: { type: "plain_text", text: "Save" }, blocks: [{ type: "input", block_id: "amount", label: { type: "plain_text", text: "Amount" },
        element: { type: "plain_text_input", action_id: "quote_amount" } }] } });
  });
  app.view("edit", async ({ ack, view }) => {
    const words = view.state.values.amount.quote_amount.value;
    say({ heard: "view", words });
    await ack(/^[0-9]+$/.test(words) ? undefined : { response_action: "errors", errors: { amount: "A number, please." } });
  });
  app.command("/assistant", async ({ ack, command }) => {
    say({ heard: "command", command });
    await ack("bolt knows " + command.text);
  });
  app.error(async error => say({ heard: "error", message: error.message }));
  await app.start();
  say({ heard: "ready" });
}

async function post(url, secret) {
  for (const [where, what] of JSON.parse(input())) {
    const isForm = where !== "/slack/events";
    const body = isForm ? new URLSearchParams(what).toString() : JSON.stringify(what);
    const stamp = String(Math.floor(Date.now() / 1000));
    const signature = "v0=" + createHmac("sha256", secret).update(`v0:${stamp}:${body}`).digest("hex");
    const answer = await fetch(url + where, { method: "POST", body, headers: { "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature,
      "Content-Type": isForm ? "application/x-www-form-urlencoded" : "application/json" } });
    say({ status: answer.status, body: await answer.text() });
  }
}

// Messages that differ in their words alone are one.
function shape(value) {
  if (Array.isArray(value)) return value.map(shape);
  if (value === null || typeof value !== "object") return value;
  const out = {};
  for (const [name, one] of Object.entries(value)) {
    out[name] = typeof one === "string" && /^(text|value|block_id|action_id|initial_value|url|alt_text|image_url|private_metadata)$/.test(name) ? "…" : shape(one);
  }
  return out;
}

function types(folder) {
  const seen = new Map();
  for (const line of input().split("\n")) {
    if (line[0] !== "{") continue;
    const message = JSON.parse(line);
    for (const [type, value] of [["KnownBlock[]", message.blocks], ["ModalView", message.view]]) {
      if (value) seen.set(type + JSON.stringify(shape(value)), [type, value]);
    }
  }
  const list = [...seen.values()];
  const lines = ['import type { KnownBlock, ModalView } from "@slack/types";', "export default [] as unknown[];"];
  // It would say so: a box without a label, an element that is none.
  for (const bad of [{ type: "input", element: { type: "plain_text_input", action_id: "x" } }, { type: "actions", elements: [{ type: "knob" }] }]) {
    lines.push("// @ts-expect-error", `export const bad${lines.length}: KnownBlock = ${JSON.stringify(bad)};`);
  }
  const before = lines.length;
  list.forEach(([type, value], index) => lines.push(`export const m${index}: ${type} = ${JSON.stringify(value)};`));
  fs.writeFileSync(path.join(folder, "messages.ts"), lines.join("\n") + "\n");
  fs.writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ files: ["messages.ts"], compilerOptions: { strict: true, noEmit: true,
    skipLibCheck: true, module: "commonjs", moduleResolution: "node10", target: "es2020", types: [], baseUrl: process.env.NODE_PATH,
    paths: { "*": ["*"] } } }));
  const { spawnSync } = require("node:child_process");
  const ran = spawnSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", folder, "--pretty", "false"], { encoding: "utf8" });
  const where = new Map(list.map(([, value], index) => [index + before + 1, value]));
  const wrong = ran.stdout.split("\n").filter(line => line.includes("error TS"))
    .map(line => line + (/^[^ ]*messages\.ts\((\d+)/.test(line) ? " in " + JSON.stringify(where.get(Number(/\((\d+)/.exec(line)[1]))) : ""));
  say({ count: list.length, status: ran.status, wrong });
}

const [command, ...rest] = process.argv.slice(2);
({ client, bolt, post, types })[command](...rest);
