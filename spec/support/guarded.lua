-- For the specs of the guards: a business, and what was sent to the model in a chat.

local guards = require "language.guards"

local M = {}

local DAY = { "08:00", "18:00" }

M.SYSTEM = {
  identity = "You are the ClearoutSpaces assistant. Be brief, friendly, and professional.",
  business_rules = {
    "We service the GTA (Mississauga, Brampton, Vaughan, Toronto).",
    "We do NOT take hazardous waste or wet paint.",
    "Never provide exact pricing. State that the team will review the details to provide a quote.",
  },
  quote_fields_needed = { "address", "elevator_access", "stairs", "inventory" },
  workflow = "Ask max 1 question at a time. When all fields are collected, set action to 'handoff'.",
}

M.BUSINESS = {
  serves = { "Mississauga", "Brampton", "Vaughan", "Toronto" },
  not_served = { "Ottawa", "Barrie", "Niagara Falls", "Montréal", "St. Catharines" }, links = {}, phones = {},
  hours = { mon = DAY, tue = DAY, wed = DAY, thu = DAY, fri = DAY, sat = DAY, sun = {} },
}

---The prepared guards of this business; `changes` are keys of business.yaml.
function M.ready(changes)
  local business = {}
  for key, value in pairs(M.BUSINESS) do business[key] = value end
  for key, value in pairs(changes or {}) do business[key] = value end
  return guards.prepare { system = M.SYSTEM, business = business }
end

M.VISIT = { state = "booked", at = { year = 2026, month = 12, day = 1, wday = 2, hour = 15, min = 0 } } -- Tuesday, 3 pm

---The sources of a chat on Sunday, November 29, 2026, at 10:47. chat: what was said, oldest first, "us: …" by the assistant; the entries
---stand between "|". given: facts, visit, phone.
function M.sources(chat, given)
  local messages = { { role = "system", content = "The rules, which are read from the files: 77." } }
  for entry in (chat or "Hi"):gmatch("[^|]+") do
    local ours = entry:match("^%s*us: (.*)")
    messages[#messages + 1] = { role = ours and "assistant" or "user", content = ours or entry }
  end
  local last = messages[#messages]
  last.content = last.content .. '\n\n[data from the system, not from the customer] {"known":{},"now":"Sunday, November 29, 10:47"}'
  given = given or {}
  return guards.sources { messages = messages, facts = given.facts or {}, visit = given.visit, phone = given.phone,
    today = { year = 2026, month = 11, day = 29, wday = 7 }, tomorrow = { year = 2026, month = 11, day = 30, wday = 1 } }
end

---The kind of what the guards catch in a reply, or "ok"; and what they caught.
function M.kind(reply, chat, given, changes)
  local found = guards.check(reply, M.ready(changes), M.sources(chat, given))
  return found and found.kind or "ok", found
end

---Lines "reply" or "chat => reply", without the blanks around them; `\u{…}` stands for a character that cannot be seen.
function M.lines(list)
  local out = {}
  for line in list:gmatch("[^\n]+") do
    line = line:gsub("\\u{(%x+)}", function(hex) return utf8.char(tonumber(hex, 16)) end)
    local chat, reply = line:match("^(.-) => (.*)$")
    out[#out + 1] = { reply = (reply or line):gsub("\\n", "\n"), chat = chat, line = line }
  end
  return out
end

---What is wrong where a case of `lines` is not caught as one of these kinds and said back; or nil.
---@param case table
---@param kinds string[]
function M.missed(case, kinds)
  local got, found = M.kind(case.reply, case.chat)
  if not (" " .. table.concat(kinds, " ") .. " "):find(" " .. got .. " ", 1, true) then return got end
  return not (found.found ~= "" and found.say:find(found.found, 1, true)) and found.say or nil
end

return M
