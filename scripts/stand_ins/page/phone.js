// The customer's phone.

import { $, base64, call, caused, clock, fill, follows, keepLow, make, marked, short } from "./dom.js";

// kind → its name, and what the text is there (absent: it goes without words), and which files it can be
const kinds = {
  text: ["Text", "text"], image: ["Photo", "text", "image/*"], audio: ["Voice note", "text", "audio/*"], video: ["Video", "text", "video/*"],
  document: ["Document", "text", ".pdf,.doc,.docx,.txt,.xlsx"], location: ["Pin", "address"], contacts: ["Contact card", "title"], button_reply: ["Button", "text"],
  list_reply: ["Row of a list", "text"], sticker: ["Sticker"], reaction: ["Reaction", "emoji"], order: ["Order", "text"], edit: ["Edit of my last message", "text"],
  revoke: ["Deletion of my last message"], call: ["Call"], unsupported: ["Something unreadable"], echo: ["Staff, in the business's app", "text"],
};
const words = { text: "Write as the customer", image: "Words under the photo", video: "Words under the video", document: "Words under the document", location: "Address of the pin, like 10 Main St, Brampton", contacts: "Name on the card", reaction: "An emoji" };
const ticks = { sending: "…", accepted: "…", sent: "✓", delivered: "✓✓", read: "✓✓", failed: "not delivered" };

let number = location.hash.slice(1) || "14165551234", last, known = null, moved = () => {};

export const current = () => number;

const post = (what, wish) => caused("phone", what, call("customer", { from: number, by: $("by").value, ...wish }).then(value => ({ ...value, says: "sent." })));

// A file by its type: a picture, a player, or a link that downloads it. And what became of it.
function shownFile(file, text) {
  const list = [], type = file.type || "", kind = type.split("/")[0];
  if (file.url && /^image\/(jpeg|png|webp|gif)$/.test(type)) {
    const a = make("a"), img = make("img");
    img.src = a.href = file.url; img.alt = text; a.target = "_blank"; a.rel = "noreferrer"; a.append(img); list.push(a);
  } else if (file.url && (kind === "audio" || kind === "video")) {
    const play = make(kind); play.controls = true; play.preload = "metadata"; play.src = file.url; list.push(play);
  } else if (file.url) {
    const a = make("a", "file", file.name || "file"); a.href = file.url; a.download = file.name || "file"; list.push(a);
  }
  if (file.note) list.push(make("span", "fate" + (/^not kept/.test(file.note) ? " bad" : ""), file.note));
  return list;
}

// Buttons, rows of lists and links of a message.
function choicesOf(m) {
  const box = make("div", "choices");
  for (const c of m.choices || []) {
    const button = make("button", "", c.title);
    button.type = "button";
    button.dataset.name = c.id || c.type;
    button.onclick = e => { e.stopPropagation(); post(`The customer pressed “${c.title}”`, { type: c.type, id: c.id, title: c.title, text: c.title, payload: c.id, quote: m.id }); };
    box.append(button);
  }
  if (m.link && /^https?:/.test(m.link.url)) { const a = make("a", "", m.link.display_text); a.href = m.link.url; a.target = "_blank"; a.rel = "noreferrer"; box.append(a); }
  return box.firstChild ? [box] : [];
}

function draw(m) {
  const bubble = make("div", "bubble " + m.from), content = make("div"), foot = make("span", "meta");
  bubble.append(content, foot);
  bubble.parts = { content, foot };
  renew(bubble, m);
  return bubble;
}

// Ticks change often, so they change alone.
function renew(bubble, m) {
  const { content, foot } = bubble.parts, { ticks: state, error, ...rest } = m, text = JSON.stringify(rest);
  if (bubble.rest !== text) {
    bubble.rest = text;
    const caption = m.file && /^\[\w+(?:: ([^]*))?\]$/.exec(m.text);
    const parts = m.file ? shownFile(m.file, m.text) : [];
    const words = caption ? caption[1] : m.choices || m.link ? m.text.replace(/ \[\w+\]$/, "") : m.text;
    if (words) parts.push(marked(words, false));
    content.replaceChildren(...parts, ...choicesOf(m));
  }
  // Ticks of the customer's own messages, as on a phone; of the business's, so that its side can be seen too.
  foot.replaceChildren(clock(m.at), make("span", "ticks " + state, ticks[state] + (error ? " " + error : "")));
}

export function show(phone) {
  last = phone.messages.filter(m => m.from === "customer" && m.type === "text").at(-1);
  $("typing").textContent = phone.typing ? "typing…" : "on WhatsApp";
  const empty = "Write something, as a customer would: “Hi, I need a couch removed”.";
  fill($("screen"), phone.messages, { key: m => m.id, draw, renew, empty });
  const ids = new Set(phone.messages.map(m => m.id));
  for (const m of phone.messages) {
    if (known && !known.has(m.id) && m.from === "business") follows("The customer got: " + m.text, "phone");
  }
  known = ids;
}

export function showNames(phones) {
  const list = phones.some(p => p.number === number) ? phones : [{ number, name: "new" }, ...phones];
  fill($("who"), list, { key: p => p.number, draw: p => new Option("+" + p.number + " · " + p.name, p.number) });
  $("who").value = number;
}

function go(to) { number = to; location.hash = to; known = null; $("phonecaused").textContent = ""; moved(); }

const most = 3000000; // bytes of a file in one request
// WhatsApp makes photos smaller and turns them into JPEG before it sends them.
async function asPhoto(file) {
  if (/^image\/(jpeg|png|webp)$/.test(file.type) && file.size <= most) return file;
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return file;
  const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height)), canvas = make("canvas");
  canvas.width = Math.round(picture.width * scale); canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise(done => canvas.toBlob(blob => done(new File([blob], file.name, { type: "image/jpeg" })), "image/jpeg", .85));
}

function chosenKind() {
  const kind = $("kind").value, of = kinds[kind];
  $("filebox").hidden = !of[2]; $("file").accept = of[2] || ""; $("file").multiple = kind === "image"; $("file").value = "";
  $("text").disabled = !of[1]; $("text").placeholder = words[kind] || (of[1] ? words.text : "Goes without words");
}

async function send(event) {
  event.preventDefault();
  const type = $("kind").value, text = $("text").value.trim(), wish = { type }, files = [...$("file").files], what = `${kinds[type][0]} of the customer`;
  if (type === "text" && !text) return;
  if (text && kinds[type][1]) wish[kinds[type][1]] = text;
  if (["edit", "revoke", "reaction"].includes(type)) wish.message_id = last && last.id;
  const wishes = [];
  for (const chosen of files) {
    const file = type === "image" ? await asPhoto(chosen) : chosen;
    if (file.size > most) { caused("phone", what, Promise.reject(new Error(file.name + " is larger than 3 MB. The sandbox takes no larger file."))); return; }
    wishes.push({ ...wish, media: { mime_type: file.type || "application/octet-stream", base64: await base64(file) }, filename: file.name });
    for (const name of ["text", "caption"]) delete wish[name]; // the words stand under the first one
  }
  $("text").value = "";
  $("kind").value = "text";
  chosenKind();
  for (const one of wishes.length ? wishes : [wish]) await post(text ? `${what} “${short(text)}”` : what, one);
  moved();
}

export function start(look) {
  moved = look;
  keepLow($("screen"));
  for (const kind in kinds) $("kind").append(new Option(kinds[kind][0], kind));
  $("kind").onchange = chosenKind;
  $("who").onchange = e => go(e.target.value);
  $("fresh").onclick = () => { go("1416555" + String(Math.floor(1000 + Math.random() * 9000))); $("text").focus(); };
  $("say").onsubmit = send;
  $("screen").onclick = () => call("read", { number }).then(look, () => {});
}
