// The sandbox's page: asks for everything that changed, and shows it. page.html has the structure, phone.js the customer's side,
// slack.js and blocks.js the staff's, dom.js what all use.

import { $, announce, call, labelled, make } from "./dom.js";
import * as phone from "./phone.js";
import * as slack from "./slack.js";

const seen = {};
const changed = (name, value) => { const text = JSON.stringify(value); if (seen[name] === text) return false; seen[name] = text; return true; };

function showModel(model) {
  $("model").textContent = model.stand_in
    ? "The model here is no real model: it reads its prompt and finds words, and understands nothing. For real answers set DEEPSEEK_URL and DEEPSEEK_API_KEY. Nothing leaves this machine."
    : "The model is " + model.name + " at " + model.url + ": what you write here is sent to it.";
}

function showFaults(faults) {
  let on = 0;
  for (const select of document.querySelectorAll("#upstreams select")) {
    select.value = faults[select.name] ? faults[select.name].kind : "off";
    select.classList.toggle("on", select.value !== "off");
    if (select.value !== "off") on++;
  }
  $("faulty").textContent = on ? `: ${on} on` : "";
}

let looking = null;

async function ask() {
  try {
    const number = phone.current(), view = await call("view?number=" + encodeURIComponent(number));
    if (number !== phone.current()) return;
    if (changed("model", view.model)) showModel(view.model);
    if (changed("mode", view.slack_mode)) slack.showMode(view.slack_mode);
    if (changed("refused", view.refused || null)) slack.showRefusal(view.refused);
    if (changed("phone", view.phone)) phone.show(view.phone);
    if (changed("slack", view.slack)) slack.show(view.slack);
    if (changed("views", [view.views, $("staff").value])) slack.showViews(view.views);
    if (changed("phones", [view.phones, number])) phone.showNames(view.phones);
    if (changed("faults", view.faults)) showFaults(view.faults);
    $("away").textContent = "";
  } catch (e) {
    if (!$("away").textContent) $("away").textContent = "The assistant does not answer (" + e.message + "). Trying again.";
  }
}

const look = () => (looking ??= ask().finally(() => { looking = null; }));

const names = { model: "Model", graph: "WhatsApp", slack: "Slack" };
call("faults").then(({ kinds, faults }) => {
  for (const upstream of Object.keys(names)) {
    const select = make("select");
    select.name = upstream;
    select.append(new Option("behaves well", "off"));
    for (const kind of Object.keys(kinds[upstream]).sort()) select.append(new Option(kind + ": " + kinds[upstream][kind].replace(" (delay_ms)", ""), kind));
    select.onchange = () => call("faults", { [upstream]: select.value }).then(look, e => announce(e.message));
    $("upstreams").append(labelled(names[upstream], select));
  }
  showFaults(faults);
}, () => {});
phone.start(look);
slack.start(look);
look();
setInterval(look, 700);
