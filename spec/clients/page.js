// Walks through the sandbox's page in a headless Chromium, for page_spec.lua. NODE_PATH says where playwright-core is.
//   node page.js URL MODE FOLDER      MODE: webhook or bot. Screenshots go to FOLDER; prints a line of JSON for each thing it saw:
//                                     {step} done, {fault} a broken promise. It ends with {done: true}.

"use strict";
const { chromium } = require("playwright-core");

const [, , url, mode, folder] = process.argv;
const say = value => process.stdout.write(JSON.stringify(value) + "\n");
const most = 15000; // ms, for what should come

// ---- what is measured in the page ----

// Texts whose contrast to their ground is under 4.5 (large ones: 3), controls under 44 px, and controls without a visible name.
function measure() {
  const faults = [];
  const seen = e => { const r = e.getBoundingClientRect(); return r.width > 1 && r.height > 1 && e.checkVisibility({ visibilityProperty: true }); };
  const name = e => e.tagName.toLowerCase() + (e.id ? "#" + e.id : e.className ? "." + String(e.className).replace(/ /g, ".") : "") + " “" + (e.textContent || e.value || "").trim().slice(0, 30) + "”";
  const colour = text => { const n = text.match(/[\d.]+/g).map(Number); return { r: n[0], g: n[1], b: n[2], a: n[3] ?? 1 }; };
  const over = (a, b) => ({ r: a.r * a.a + b.r * (1 - a.a), g: a.g * a.a + b.g * (1 - a.a), b: a.b * a.a + b.b * (1 - a.a), a: 1 });
  const light = c => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(c.r) + .7152 * f(c.g) + .0722 * f(c.b); };
  const ground = e => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) { const c = colour(getComputedStyle(at).backgroundColor); if (c.a > 0) layers.push(c); if (c.a === 1) break; }
    return layers.reverse().reduce((below, c) => over(c, below), colour(getComputedStyle(document.body).backgroundColor));
  };
  const check = (e, style, what) => {
    const under = ground(e), a = light(over(colour(style.color), under)), b = light(under), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const size = parseFloat(style.fontSize), wanted = size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5;
    if (ratio < wanted) faults.push(`contrast ${ratio.toFixed(2)} of ${what || name(e)}`);
  };
  const walker = document.createTreeWalker(document.querySelector("dialog[open]") || document.body, NodeFilter.SHOW_TEXT);
  const done = new Set();
  for (let node; (node = walker.nextNode());) {
    const e = node.parentElement;
    if (!node.data.trim() || done.has(e) || !seen(e) || e.closest("script, style, option, .unseen")) continue;
    done.add(e);
    check(e, getComputedStyle(e));
  }
  for (const e of document.querySelectorAll("button, input, select, textarea, summary, a.file, .choices a")) {
    if (!seen(e)) continue;
    const r = e.getBoundingClientRect();
    if (r.width < 43.9 || r.height < 43.9) faults.push(`target of ${Math.round(r.width)} × ${Math.round(r.height)}: ${name(e)}`);
    const label = /^(INPUT|SELECT|TEXTAREA)$/.test(e.tagName) ? [...(e.labels || [])].some(l => seen(l) && l.firstChild.nodeType === Node.TEXT_NODE && l.firstChild.data.trim()) : e.innerText.trim();
    if (!label) faults.push(`no visible name: ${name(e)}`);
    if (e.matches("input, textarea")) check(e, getComputedStyle(e, "::placeholder"), "the placeholder of " + name(e));
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${innerWidth}`);
  return faults;
}

// ---- the walk ----

async function walk(browser, size, scheme) {
  const context = await browser.newContext({ viewport: size, colorScheme: scheme, reducedMotion: "reduce", locale: "en-CA", timezoneId: "America/Toronto" });
  const page = await context.newPage();
  page.setDefaultTimeout(most);
  page.on("console", m => { if (m.type() === "error" || m.type() === "warning") say({ fault: "console: " + m.text() }); });
  page.on("pageerror", e => say({ fault: "error: " + e.message }));
  page.on("request", r => { if (!r.url().startsWith(url) && !/^(data|blob):/.test(r.url())) say({ fault: "it asks elsewhere: " + r.url() }); });

  const phone = page.locator("#screen"), posts = page.locator("#posts");
  const bubble = text => phone.locator(".bubble.business", { hasText: text }).last().waitFor();
  const caused = (side, text) => page.locator(`#${side}caused`, { hasText: text }).waitFor();
  let number;
  const card = () => posts.locator("article:not(.thread):not(.ephemeral)", { hasText: number, has: page.locator("[data-name=take_over_chat], [data-name=send_reply]") }).last();
  const write = async text => { await page.fill("#text", text); await page.press("#text", "Enter"); };
  const ours = text => posts.locator("article", { hasText: number.slice(-4) }).filter({ hasText: text }).last();
  const look = async name => {
    for (const other of [scheme === "light" ? "dark" : "light", scheme]) {
      await page.emulateMedia({ colorScheme: other });
      for (const fault of await page.evaluate(measure)) say({ fault: `${size.width} px, ${other}, ${name}: ${fault}` });
    }
    await page.screenshot({ path: `${folder}/${mode}-${name}-${size.width}-${scheme}.png` });
    say({ step: `${size.width} ${scheme} ${name}` });
  };

  // Webhook mode: each post of a customer's words has a button that brings the box.
  async function replyHere() {
    await posts.locator("article", { hasText: question }).locator("[data-name=reply_here]").last().click();
    const whisper = posts.locator("article.ephemeral", { has: page.locator("[data-name=reply_text]") }).last();
    await whisper.locator("[data-name=reply_text]").fill("Two people will come.");
    await whisper.locator("[data-name=send_reply]").click();
    await bubble("Two people will come.");
    await whisper.waitFor({ state: "hidden" });
    await look("reply");
  }

  // Bot mode: what staff write in the card's thread goes to the customer, files too, and details are edited in a window.
  async function inThread() {
    await page.fill("#stafftext", "Two people will come.");
    await page.press("#stafftext", "Enter");
    await bubble("Two people will come.");
    await posts.locator("article.thread", { hasText: "Two people will come.", has: page.locator(".chip") }).last().waitFor();
    await page.setInputFiles("#share", { name: "plan.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%%EOF\n") });
    await page.click("#staffsay button");
    await phone.locator(".bubble.business .file", { hasText: "plan.pdf" }).last().waitFor();
    await look("thread");
    await card().locator("[data-name=edit_details]").click();
    await page.locator("#modal[open]").waitFor();
    await page.locator("#modal [data-block='field:address']").fill("12 Elm St, Toronto");
    await look("window");
    await page.click("#modalsubmit");
    await page.locator("#modal[open]").waitFor({ state: "hidden" });
    await card().filter({ hasText: "12 Elm St" }).waitFor();
  }

  async function askedInThread() {
    await page.fill("#stafftext", "You can pay by card.");
    await page.press("#stafftext", "Enter");
    const asked = posts.locator("article.ephemeral", { has: page.locator("[data-name=thread_once]") }).last();
    await asked.waitFor();
    await look("asked");
    await asked.locator("[data-name=thread_once]").click();
    await bubble("You can pay by card.");
  }

  await page.goto(url + "/sandbox/");
  await page.locator("#model", { hasText: "no real model" }).waitFor();
  await page.click("#fresh");
  number = new URL(page.url()).hash.slice(1);
  const question = `Is tomorrow possible for ${number}?`;
  await write("Hi, I need a couch removed");
  await phone.locator(".bubble.business").first().waitFor();
  await page.selectOption("#kind", "image");
  await page.click("#say button.primary");
  await phone.locator(".bubble.customer img").waitFor();
  await look("conversation");

  await write("Can I talk to a person please?");
  await card().locator("[data-name=take_over_chat]").waitFor();
  await card().locator("[data-name=take_over_chat]").click();
  const box = card().locator("[data-name=reply_text]");
  await box.waitFor();
  await caused("channel", "The card changed");
  await look("taken");

  // What Slack refuses is told with Slack's words.
  await page.click("#faults summary");
  const [fault, words] = mode === "bot" ? ["429", "ratelimited"] : ["400", "400 invalid_blocks"];
  await page.selectOption("#upstreams select[name=slack]", fault);
  await page.locator("#faulty", { hasText: "1 on" }).waitFor();
  await look("faults");
  await write("Which day suits you?");
  await page.locator("#said p", { hasText: words }).first().waitFor({ state: "attached" });
  await page.selectOption("#upstreams select[name=slack]", "off");
  await page.click("#faults summary");

  // Words are half typed while the customer writes: they stay, and so does the focus.
  await box.fill("We can come");
  await box.evaluate(e => e.setSelectionRange(6, 6));
  await page.evaluate(async number => {
    await fetch("/sandbox/customer", { method: "POST", body: JSON.stringify({ from: number, text: `Is tomorrow possible for ${number}?` }) });
  }, number);
  await phone.locator(".bubble.customer", { hasText: question }).waitFor();
  await posts.locator("article", { hasText: question }).last().waitFor();
  const held = await page.evaluate(() => [document.activeElement.dataset.name, document.activeElement.value, document.activeElement.selectionStart]);
  if (held.join() !== "reply_text,We can come,6") say({ fault: "the focus or half-typed words went: " + held.join() });
  const told = await page.locator("#said p", { hasText: question }).count();
  if (told !== 1) say({ fault: `a new message was announced ${told} times` });

  await box.fill("We can come tomorrow at 2 pm.");
  await card().locator("[data-name=send_reply]").click();
  await bubble("We can come tomorrow at 2 pm.");
  // The card comes back with an empty box, and the focus is where it was.
  await page.waitForFunction(() => [...document.querySelectorAll("#posts [data-name=reply_text]")].every(e => !e.value));
  const at = await page.evaluate(() => document.activeElement.dataset.name);
  if (at !== "send_reply") say({ fault: "the focus is not on the button that was pressed: " + at });
  if (mode === "bot") await inThread(); else await replyHere();

  await card().locator("[data-name=quote_amount]").fill("abc");
  await card().locator("[data-name=send_quote]").click();
  await caused("channel", "alone reads");
  await card().locator("[data-name=quote_amount]").fill("350");
  await card().locator("[data-name=quote_note]").fill("Two people, everything swept.");
  await look("boxes");
  await card().locator("[data-name=send_quote]").click();
  const accept = phone.locator(".choices button", { hasText: "Accept" }).last();
  await accept.waitFor();
  await card().filter({ hasText: /Quote (of|sent) \$350/ }).waitFor();
  await card().evaluate(e => e.scrollIntoView({ block: "start" }));
  await look("quote");
  await accept.click();
  await ours("accepts the quote of $350").waitFor();
  await look("accepted");

  const opened = context.waitForEvent("page");
  await phone.locator(".bubble.business a", { hasText: "/sandbox/book/" }).last().click();
  const calendar = await opened;
  await calendar.locator(".slots button").first().click();
  await calendar.locator("button", { hasText: "Confirm" }).click();
  await calendar.locator("h2", { hasText: "booked" }).waitFor();
  await calendar.close();
  await ours(/visit booked|booked/i).waitFor();

  await page.fill("#stafftext", "/assistant status");
  await page.press("#stafftext", "Enter");
  await posts.locator("article.ephemeral", { hasText: "only maria sees this" }).last().waitFor();
  await card().locator("[data-name=block_customer]").click();
  await page.locator("#ask[open]").waitFor();
  await look("question");
  await page.click("#askno");
  await card().locator("[data-name=resume_chat]").click();
  await card().locator("[data-name=take_over_chat]").waitFor();
  const before = await phone.locator(".bubble.business").count();
  await write("How do I pay?");
  await page.waitForFunction(n => document.querySelectorAll("#screen .bubble.business").length > n, before);
  await look("returned");
  if (mode === "bot") await askedInThread();

  await card().locator("[data-name=take_over_chat]").click();
  await card().locator("[data-name=close_reason]").selectOption("done");
  await caused("channel", "chose “done”");
  await card().locator("[data-name=close_amount]").fill("350");
  await card().locator("[data-name=close_case]").click();
  await page.click("#askyes");
  await card().filter({ hasText: "Closed: done, $350" }).waitFor();
  await look("closed");
  await context.close();
}

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    await walk(browser, { width: 1280, height: 800 }, mode === "bot" ? "dark" : "light");
    await walk(browser, { width: 390, height: 844 }, mode === "bot" ? "light" : "dark");
    say({ done: true });
  } catch (error) {
    say({ fault: error.message.split("\n").slice(0, 6).join(" | ") });
    for (const context of browser.contexts()) for (const page of context.pages()) await page.screenshot({ path: `${folder}/${mode}-stopped.png` });
  }
  await browser.close();
})();
