// The Slack channel: cards with boxes, menus and buttons, threads, modals, commands.

import { $, base64, call, caused, clock, fill, follows, keepLow, make, short } from "./dom.js";
import { fillBlocks, boxesIn } from "./blocks.js";

let known = null, bot = false, moved = () => {};

const staff = () => $("staff").value.trim() || "maria";
const act = (what, path, body) => caused("channel", what, call("slack/" + path, { user: staff(), ...body })).then(value => { moved(); return value; });

// Slack's own question before a dangerous button, and ours for a new text (with: its present text). Resolves to the answer, or null.
function ask({ title, text, confirm, deny }, present) {
  $("asktitle").textContent = title.text;
  $("askwords").textContent = text ? text.text : "";
  $("askyes").textContent = confirm.text;
  $("askno").textContent = deny.text;
  $("askbox").hidden = present === undefined;
  $("asktext").value = present || "";
  $("ask").returnValue = "no";
  $("ask").showModal();
  return new Promise(done => { $("ask").onclose = () => done($("ask").returnValue === "yes" ? $("asktext").value || true : null); });
}

// What buttons and menus of one message or modal do. place: {ts} or {view}; box: where its controls are; boxes: what was typed before.
function actsOf(place, box, boxes) {
  async function press(name, wish, control) {
    if (control.ariaDisabled === "true") return;
    control.ariaDisabled = "true";
    await act(`${staff()} pressed “${name}”`, "press", { ...place(), ...wish, boxes: boxesIn(box) });
    control.ariaDisabled = null;
  }
  return {
    held: (block, action) => boxes()?.[staff().toLowerCase()]?.[block]?.[action],
    press: async (element, control) => {
      if (element.confirm && !await ask(element.confirm)) return;
      await press(element.text.text, { action_id: element.action_id, value: element.value, confirm: true }, control);
    },
    choose: (element, control) => act(`${staff()} chose “${control.selectedOptions[0].text}”`, "press", { ...place(), action_id: element.action_id, option: control.value }),
  };
}

const nameOf = m => m.via === "staff" ? m.user : m.via === "bot" ? "another bot" : "Assistant";
const wordsOf = m => (m.text || (m.blocks || []).map(b => b.text && b.text.text).find(Boolean) || "").replace(/^(>|&gt;) ?/gm, "");

function draw(m) {
  const row = make("article"), body = make("div"), who = make("div", "who"), blocks = make("div"), below = make("div", "below");
  row.tabIndex = -1;
  body.append(who, blocks, below);
  row.append(make("div", "avatar" + (m.via === "staff" ? " staff" : ""), nameOf(m)[0].toUpperCase()), body);
  row.parts = { who, blocks, below };
  row.acts = actsOf(() => ({ ts: row.post.ts }), blocks, () => row.post.boxes);
  renew(row, m);
  return row;
}

function small(name, done) {
  const button = make("button", "small", name);
  button.type = "button";
  button.dataset.name = name;
  button.onclick = done;
  return button;
}

// Files, reactions, and what staff can do with a message.
function belowOf(m) {
  const list = [];
  for (const file of m.files || []) {
    const a = make("a", "file", file.name || "a file that was deleted");
    if (file.url_private) { a.href = "/sandbox/slack/file/" + file.id; a.target = "_blank"; a.rel = "noreferrer"; }
    if (/^image\/(jpeg|png|webp|gif)$/.test(file.mimetype)) { const img = make("img"); img.src = a.href; img.alt = file.name; a.replaceChildren(img); a.className = ""; }
    list.push(a);
  }
  for (const r of m.reactions || []) list.push(Object.assign(make("span", "chip", `${r.sign || ":" + r.name + ":"} ${r.count}`), { title: r.name }));
  if (!bot || m.ephemeral || m.stone) return list;
  if (!m.thread_ts && m.via !== "staff") list.push(small("Reply in thread", () => { $("place").value = m.ts; $("stafftext").focus(); }));
  if (m.via === "staff" && m.user === staff().toLowerCase()) {
    list.push(small("Edit", async () => {
      const text = await ask({ title: { text: "Edit your message" }, confirm: { text: "Save" }, deny: { text: "Cancel" } }, m.text);
      if (typeof text === "string") act("Edit", "edit", { ts: m.ts, text });
    }), small("Delete", () => act("Deletion", "delete", { ts: m.ts })));
  }
  return list;
}

function renew(row, m) {
  const { who, blocks, below } = row.parts, list = Array.isArray(m.blocks) && m.blocks.length ? m.blocks : m.text ? [{ type: "text", block_id: "text", text: m.text }] : [];
  row.post = m;
  row.className = "post" + (m.thread_ts ? " thread" : "") + (m.ephemeral ? " ephemeral" : "");
  const notes = [clock(m.at), m.via === "staff" ? m.edited && "edited" : m.updates > 0 && "updated", m.broadcast && "also in the channel", m.ephemeral && `only ${m.user} sees this`];
  who.replaceChildren(nameOf(m), make("span", "when", notes.filter(Boolean).join(" · ")));
  fillBlocks(blocks, list, row.acts);
  const text = JSON.stringify([m.files, m.reactions, bot, staff()]);
  if (row.below !== text) { row.below = text; below.replaceChildren(...belowOf(m)); }
}

// Each answer stands below the message that it answers.
function ordered(messages) {
  const threads = new Map();
  for (const m of messages) {
    if (!m.thread_ts) continue;
    if (!threads.has(m.thread_ts)) threads.set(m.thread_ts, []);
    threads.get(m.thread_ts).push(m);
  }
  const shown = messages.filter(m => !m.thread_ts).flatMap(m => [m, ...(threads.get(m.ts) || [])]);
  const there = new Set(shown);
  return [...shown, ...messages.filter(m => !there.has(m))];
}

function tellNew(messages) {
  const before = known;
  known = new Map(messages.map(m => [m.ts, m.updates]));
  if (!before) return;
  for (const m of messages) {
    const words = short(wordsOf(m));
    if (!before.has(m.ts)) {
      if (m.via === "staff") continue;
      follows(m.ephemeral ? `${m.user} alone reads: ${words}` : `${m.thread_ts ? "New in a thread" : "New in the channel"}: ${words}`);
      const row = [...$("posts").children].find(e => e.dataset.key === m.ts);
      if (m.thread_ts && !$("posts").contains(document.activeElement)) row.scrollIntoView({ block: "nearest" });
    } else if (before.get(m.ts) !== m.updates && m.via !== "staff") follows(`The card changed: ${words}`);
  }
}

export function show(messages) {
  fill($("posts"), ordered(messages), { key: m => m.ts, draw, renew, empty: "Cards appear here when a customer needs somebody of the team." });
  tellNew(messages);
  const parents = messages.filter(m => !m.thread_ts && !m.ephemeral && m.via !== "staff");
  const places = [{ ts: "", name: "in the channel" }, ...parents.map(m => ({ ts: m.ts, name: "thread: " + short(wordsOf(m)).slice(0, 60) }))];
  const place = $("place").value, newest = parents.at(-1);
  const isNew = newest && ![...$("place").options].some(o => o.value === newest.ts);
  fill($("place"), places, { key: p => p.ts, draw: p => new Option(p.name, p.ts) });
  $("place").value = isNew && !$("stafftext").value ? newest.ts : places.some(p => p.ts === place) ? place : "";
}

// What Slack refused of the assistant's posts. The first look at the page tells nothing old.
let refusedBefore;

export function showRefusal(refused) {
  const id = refused ? refused.id : 0;
  if (refusedBefore !== undefined && id > refusedBefore) follows(`Slack refused the assistant's post (${refused.what}): ${refused.words}`);
  refusedBefore = Math.max(id, refusedBefore || 0);
}

export function showMode(mode) {
  bot = mode === "bot";
  $("mode").textContent = bot ? "Slack in bot mode: a card's thread is the chat. " : "Slack in webhook mode. ";
  if (!bot) $("mode").append(make("span", "long", "For bot mode: SLACK_BOT_TOKEN=any SLACK_CHANNEL_ID=C0SANDBOX ./dev run"));
  $("placebox").hidden = $("sharebox").hidden = !bot;
}

// ---- modals ----

let open = null;

function closeModal() { open = null; if ($("modal").open) $("modal").close(); }

export function showViews(views) {
  const mine = views.filter(v => v.user === staff().toLowerCase()).at(-1);
  if (!mine) return closeModal();
  const { view } = mine, fresh = !open || open.id !== view.id;
  open = view;
  $("modaltitle").textContent = view.title.text;
  $("modalclose").textContent = view.close ? view.close.text : "Cancel";
  $("modalsubmit").hidden = !view.submit;
  if (view.submit) $("modalsubmit").textContent = view.submit.text;
  fillBlocks($("modalblocks"), view.blocks, actsOf(() => ({ view: view.id }), $("modalblocks"), () => null));
  if (fresh) { $("modalerror").textContent = ""; if (!$("modal").open) $("modal").showModal(); follows("A window opened: " + view.title.text); }
}

async function submit(event) {
  event.preventDefault();
  const title = open.title.text;
  const value = await act(`${staff()} pressed “${$("modalsubmit").textContent}” in “${title}”`, "submit", { view: open.id, boxes: boxesIn($("modalblocks")) });
  const errors = value && (value.errors || value.unfilled) || {};
  for (const box of $("modalblocks").children) { const line = box.querySelector(".error"); if (line) line.textContent = errors[box.dataset.key] || ""; }
  $("modalerror").textContent = value && value.warning ? "The assistant did not take it. Slack shows: We had some trouble connecting." : "";
}

const dismiss = event => { event.preventDefault(); if (open) act(`${staff()} closed “${open.title.text}”`, "close", { view: open.id }); };

// ---- writing ----

async function write(event) {
  event.preventDefault();
  const text = $("stafftext").value.trim(), file = bot && $("share").files[0], thread_ts = bot && $("place").value || undefined;
  if (!text && !file) return;
  $("stafftext").value = "";
  if (file) {
    $("share").value = "";
    await act(`${staff()} shared ${file.name}`, "share", { name: file.name, mime_type: file.type, base64: await base64(file), text: text || undefined, thread_ts });
  } else if (text.startsWith("/")) {
    const [command, ...rest] = text.split(" ");
    await act(`${staff()} ran ${short(text)}`, "command", { command, text: rest.join(" ") });
  } else {
    await act(`${staff()} wrote “${short(text)}”${bot ? "" : " (in webhook mode the assistant does not hear it)"}`, "say", { text, thread_ts });
  }
}

export function start(look) {
  moved = look;
  keepLow($("posts"));
  $("staffsay").onsubmit = write;
  $("modal").querySelector("form").onsubmit = submit;
  $("modal").oncancel = dismiss;
  $("modalclose").onclick = dismiss;
  $("staff").onchange = () => { for (const row of $("posts").children) if (row.post) renew(row, row.post); look(); };
}

