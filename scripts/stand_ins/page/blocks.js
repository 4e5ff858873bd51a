// Slack's blocks: what they look like, and what their boxes hold. Pressing and choosing is the caller's (acts).

import { fill, labelled, lines, make } from "./dom.js";

const titleOf = text => (text && text.text) || "";

// Boxes and menus have the name of their action, so that what they hold can be collected.
function field(element, acts, block, input) {
  const held = acts.held(block.block_id, element.action_id) || {};
  let control;
  if (element.type === "static_select" || element.type === "radio_buttons") {
    control = make("select");
    control.append(new Option("choose", ""));
    for (const option of element.options || []) control.append(new Option(titleOf(option.text), option.value));
    control.value = (held.selected_option || element.initial_option || {}).value || "";
    if (!input) control.onchange = () => { if (control.value) acts.choose(element, control); };
  } else {
    control = make(element.multiline ? "textarea" : "input");
    if (element.multiline) control.rows = 2;
    control.maxLength = element.max_length || 3000;
    control.placeholder = titleOf(element.placeholder);
    control.value = held.value ?? element.initial_value ?? "";
  }
  control.dataset.name = control.dataset.box = element.action_id;
  control.dataset.block = block.block_id;
  return control;
}

function button(element, acts) {
  const made = make("button", element.style || "", titleOf(element.text));
  made.type = "button";
  made.dataset.name = element.action_id;
  if (element.url) made.dataset.url = element.url;
  made.onclick = () => acts.press(element, made);
  return made;
}

function element(one, acts, block) {
  if (one.type === "button") return button(one, acts);
  return labelled(titleOf(one.placeholder) || one.action_id, field(one, acts, block));
}

const draw = {
  actions(box, block, acts) { for (const one of block.elements) box.append(element(one, acts, block)); },
  input(box, block, acts) {
    box.append(labelled(titleOf(block.label) + (block.optional ? "" : " (required)"), field(block.element, acts, block, !block.dispatch_action)));
    if (block.hint) box.append(make("p", "hint", titleOf(block.hint)));
    box.append(make("p", "error"));
  },
  divider() {},
  text(box, block) { lines(box, block.text); },
  image(box, block) { const img = make("img"); img.src = block.image_url; img.alt = block.alt_text; box.append(img); },
};

function shown(block, acts) {
  const box = make("div", "block " + block.type);
  if (draw[block.type]) draw[block.type](box, block, acts);
  else {
    const texts = block.type === "context" ? block.elements : [block.text, ...(block.fields || [])];
    for (const t of texts) {
      if (!t) continue;
      const line = make(block.type === "header" ? "h3" : "div", "mrkdwn");
      if (t.type === "mrkdwn") lines(line, t.text); else line.append(t.text || "");
      box.append(line);
    }
    if (block.accessory) box.append(element(block.accessory, acts, block));
  }
  return box;
}

// Blocks in a box. One with the same id and content stays as it is, with what was typed there.
export const fillBlocks = (box, blocks, acts) => fill(box, blocks, { key: b => b.block_id, draw: b => shown(b, acts) });

// What the boxes of a message or modal hold: block_id → action_id → words.
export function boxesIn(box) {
  const boxes = {};
  for (const control of box.querySelectorAll("[data-box]")) {
    if (!control.value && control.tagName === "SELECT") continue;
    (boxes[control.dataset.block] ??= {})[control.dataset.box] = control.value;
  }
  return boxes;
}
