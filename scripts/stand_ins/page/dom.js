// What both sides of the page use: elements, requests, marked text, lists that change in place, and what is said aloud.

export const $ = id => document.getElementById(id);

export function make(tag, cls, text) {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text != null) e.textContent = text;
  return e;
}

// A control with its name above it.
export function labelled(name, control) {
  const label = make("label", "", name);
  label.append(control);
  return label;
}

export const clock = iso => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const short = text => { const flat = String(text).replace(/\s+/g, " ").trim(); return flat.length > 100 ? flat.slice(0, 100) + "…" : flat; };

export async function call(path, body) {
  const answer = await fetch("/sandbox/" + path, body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error || "status " + answer.status);
  return value;
}

export const base64 = file => new Promise((done, no) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.split(",")[1] || "");
  reader.onerror = no;
  reader.readAsDataURL(file);
});

// ---- marked text ----

// WhatsApp's and Slack's *bold*, _italic_, ~strike~ and `code`; in Slack also <url|label>. Text nodes only: nothing written becomes markup.
export function marked(text, slack) {
  const out = document.createDocumentFragment();
  const rule = /(\*[^*\n]+\*|_[^_\n]+_|~[^~\n]+~|`[^`\n]+`|<[^<>\n]+>|https?:\/\/[^\s<>]+)/g;
  const plain = t => slack ? t.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&") : t;
  const link = (url, label) => {
    const a = make("a", "", plain(label));
    if (/^(https?|tel|mailto):/.test(url)) { a.href = plain(url); a.rel = "noreferrer"; a.target = "_blank"; }
    return a;
  };
  for (const piece of String(text).split(rule)) {
    if (!piece) continue;
    const inner = piece.slice(1, -1), wrap = { "*": "b", "_": "i", "~": "s", "`": "code" }[piece[0]];
    if (wrap && piece.length > 2 && piece.at(-1) === piece[0]) out.append(make(wrap, "", plain(inner)));
    else if (slack && piece[0] === "<" && piece.at(-1) === ">") {
      const [url, label] = inner.split("|");
      out.append(/^[!@#]/.test(url) ? make("b", "", "@" + (label || url.slice(1))) : link(url, label || url.replace(/^(tel|mailto):/, "")));
    } else if (/^https?:/.test(piece)) out.append(link(piece, piece));
    else out.append(plain(piece));
  }
  return out;
}

// Slack's lines: one that begins with > is a quotation.
export function lines(box, text) {
  for (const line of String(text).split("\n")) {
    const quote = /^(>|&gt;) ?/.exec(line), row = make("div", quote ? "quote" : "");
    row.append(marked(quote ? line.slice(quote[0].length) : line, true));
    box.append(row);
  }
}

// ---- lists that change in place ----

// Does the newest line of this box stay in sight? Not after somebody scrolled up, nor while somebody writes in it.
const isLow = box => box.low !== false && !(box.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));

// Keeps it there when the box or a picture in it changes its size.
export function keepLow(box) {
  const down = () => { if (isLow(box)) box.scrollTop = box.scrollHeight; };
  box.addEventListener("scroll", () => { box.low = box.scrollHeight - box.scrollTop - box.clientHeight < 80; });
  box.addEventListener("load", down, true);
  new ResizeObserver(down).observe(box);
}

// Shows a list in a box, an element for each key. What did not change stays, with its focus and half-typed words. An element whose item
// changed is renewed in place (renew) or drawn anew. A focus that went with its element goes to the control of the same data-name.
export function fill(box, list, { key, draw, renew, empty }) {
  const low = isLow(box);
  const focus = document.activeElement, inside = box.contains(focus), name = inside && focus.dataset.name;
  const old = new Map([...box.children].map(e => [e.dataset.key, e]));
  let at = box.firstElementChild;
  for (const item of list) {
    const its = String(key(item)), text = JSON.stringify(item);
    let e = old.get(its);
    old.delete(its);
    if (e && e.drawn !== text && renew) renew(e, item);
    else if (!e || e.drawn !== text) {
      const fresh = draw(item);
      if (e) { if (at === e) at = fresh; e.replaceWith(fresh); }
      e = fresh;
    }
    e.drawn = text;
    e.dataset.key = its;
    if (at === e) at = at.nextElementSibling;
    else box.insertBefore(e, at);
  }
  for (const gone of old.values()) gone.remove();
  if (!list.length && empty) box.append(Object.assign(make("p", "empty", empty), { drawn: "" }));
  if (inside && !focus.isConnected) (name && box.querySelector(`[data-name="${CSS.escape(name)}"]`) || box.closest("[tabindex]"))?.focus();
  if (low) box.scrollTop = box.scrollHeight;
}

// ---- what is said ----

// Says one thing to a screen reader. This is the page's only live region.
export function announce(text) {
  $("said").append(make("p", "", short(text)));
  while ($("said").childElementCount > 30) $("said").firstElementChild.remove();
}

let pressed = { until: 0, side: null };
const follow = 5000, stay = 30000; // ms

// Shows beside the phone or the channel what something caused, and goes on with what follows from it (follows) for some seconds.
export async function caused(side, what, promise) {
  const line = $(side + "caused");
  const tell = (text, bad) => { line.textContent = `${what}: ${text}`; line.classList.toggle("bad", bad === true); announce(line.textContent); };
  pressed = { until: Infinity, side };
  try {
    const value = await promise;
    if (value.warning) tell(`the assistant did not take it (${value.error || "status " + value.status}).${side === "channel" ? " Slack shows a warning." : ""}`, true);
    else tell(value.says || (value.ms === undefined ? "done." : `taken in ${value.ms} ms.`));
    return value;
  } catch (e) {
    tell(e.message, true);
    return null;
  } finally {
    pressed.until = Date.now() + follow;
    clearTimeout(line.timer);
    line.timer = setTimeout(() => { line.textContent = ""; }, stay);
  }
}

// Something new on the page: said aloud, and added to the line of what caused it, unless it can be seen on that side anyway.
export function follows(text, side) {
  announce(text);
  if (Date.now() > pressed.until || side === pressed.side) return;
  const line = $(pressed.side + "caused");
  line.append(make("span", "", " · " + short(text)));
  while (line.querySelectorAll("span").length > 2) line.querySelector("span").remove();
}
