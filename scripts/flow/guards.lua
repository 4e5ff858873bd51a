-- What a model may not say to a customer, in code and not only in the prompt (PRODUCT 4, Guards). For what a model wrote
-- only, never for staff's or canned texts. Each guard may be switched off in prompts/business.yaml.
local area = require "flow.guards.area"
local fit = require "flow.fit"
local free = require "flow.guards.free"
local hazard = require "flow.guards.hazard"
local leak = require "flow.guards.leak"
local links = require "flow.guards.links"
local money = require "flow.guards.money"
local text = require "flow.text"
local tokens = require "flow.guards.tokens"

local M = {}

-- For the repair try: "Your first answer could not be used: " and then this.
local SAY = {
  money = "the reply promises a price or a free service (\"%s\"). Never write amounts, price ranges or that a pickup is free;"
    .. " say that the team will review the details to provide a quote.",
  link = "the reply contains a link or an e-mail address (\"%s\"). Write none.",
  phone = "the reply contains a phone number (\"%s\"). Write none.",
  hazard = "the reply promises to take hazardous waste or wet paint (\"%s\"). These are never taken; say so politely.",
  area = "the reply promises service in a place that is not served (\"%s\"). Say that we do not serve it.",
  leak = "the reply repeats internal instructions (\"%s\"). Write only what the customer should read.",
}

local function caught(kind, found)
  found = text.clip(text.valid(found):gsub("%s+", " "), 80)
  return { kind = kind, found = found, say = SAY[kind]:format(found) }
end

-- A guard is on unless the owner switched it off; both the plural and the singular name count.
local function is_on(switches, name)
  return not switches or switches[name] ~= false and switches[name .. "s"] ~= false
end

-- What a context gives once and every check uses: the prompt's text made comparable. Optional; check does it when it was not done.
function M.prepare(context)
  local business = context.business or {}
  return {
    system = context.system, business = business, switches = business.guards,
    leak = leak.prepare(context.system or {}), places = business.not_served or business.places_not_served or {},
  }
end

local MARKUP = "[*_~`]"

-- nil when the reply is fine, else {kind="money"|"link"|"phone"|"hazard"|"area"|"leak", found=, say=}.
-- `context` is {system=, business=} or what prepare made of it.
function M.check(reply, context)
  local ready = context.leak and context or M.prepare(context)
  local business, switches = ready.business, ready.switches
  local folded = text.fold(text.clip(reply, fit.MAX_BYTES)) -- no more than that is ever sent
  local foreign, rest = links.find(folded, business.links)
  if foreign and is_on(switches, "link") then
    return caught("link", foreign)
  end
  rest = rest:find(MARKUP) and rest:gsub(MARKUP, "") or rest
  foreign, rest = links.phone(rest, business.phones)
  if foreign and is_on(switches, "phone") then
    return caught("phone", foreign)
  end
  local t = tokens.read(rest)
  local found = is_on(switches, "money") and (money.find(t) or free.find(t))
  if found then
    return caught("money", found)
  end
  found = is_on(switches, "hazard") and hazard.find(rest)
  if found then
    return caught("hazard", found)
  end
  found = #ready.places > 0 and is_on(switches, "area") and area.find(rest, ready.places)
  if found then
    return caught("area", found)
  end
  found = is_on(switches, "leak") and leak.find(folded, t, ready.leak)
  if found then
    return caught("leak", found)
  end
  return nil
end

-- The text without the links that are not listed.
M.strip_links = links.strip

-- The reply as WhatsApp shows it, in at most three parts; the second result says that the rest was cut.
M.fit = fit.fit

return M
