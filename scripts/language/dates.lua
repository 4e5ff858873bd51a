-- How days, times and business hours are said in each language. Pure.

local M = {}

M.KEYS = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } -- the days in business.yaml

-- By language: the names of its days and months, and how they and the clock are put together. at: as for M.when; day, month: their names.
local SAID = {}
M.SAID = SAID -- language/figures reads the same names

local function names(list)
  local all = {}
  for name in list:gmatch("%S+") do all[#all + 1] = name end
  return all
end

SAID.en = {
  days = names "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
  months = names "January February March April May June July August September October November December",
  closed = "closed",
  say = function(at, day, month)
    local hour = at.hour % 12
    return ("%s, %s %d at %d:%02d %s"):format(day, month, at.day, hour == 0 and 12 or hour, at.min, at.hour < 12 and "AM" or "PM")
  end,
}
SAID.fr = {
  days = names "lundi mardi mercredi jeudi vendredi samedi dimanche",
  months = names "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
  closed = "fermé",
  say = function(at, day, month)
    local clock = at.min == 0 and ("%d h"):format(at.hour) or ("%d h %02d"):format(at.hour, at.min)
    return ("%s %s %s à %s"):format(day, at.day == 1 and "1er" or tostring(at.day), month, clock)
  end,
}
SAID.es = {
  days = names "lunes martes miércoles jueves viernes sábado domingo",
  months = names "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
  closed = "cerrado",
  say = function(at, day, month)
    return ("%s %d de %s a la%s %d:%02d"):format(day, at.day, month, at.hour == 1 and "" or "s", at.hour, at.min)
  end,
}
SAID.pt = {
  days = names "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
  months = names "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
  closed = "fechado",
  say = function(at, day, month)
    local clock = at.min == 0 and ("%dh"):format(at.hour) or ("%dh%02d"):format(at.hour, at.min)
    return ("%s, %d de %s, às %s"):format(day, at.day, month, clock)
  end,
}
SAID.pa = {
  days = names "ਸੋਮਵਾਰ ਮੰਗਲਵਾਰ ਬੁੱਧਵਾਰ ਵੀਰਵਾਰ ਸ਼ੁੱਕਰਵਾਰ ਸ਼ਨੀਵਾਰ ਐਤਵਾਰ",
  months = names "ਜਨਵਰੀ ਫ਼ਰਵਰੀ ਮਾਰਚ ਅਪ੍ਰੈਲ ਮਈ ਜੂਨ ਜੁਲਾਈ ਅਗਸਤ ਸਤੰਬਰ ਅਕਤੂਬਰ ਨਵੰਬਰ ਦਸੰਬਰ",
  closed = "ਬੰਦ",
  say = function(at, day, month)
    local hour = at.hour % 12
    local part = at.hour < 4 and "ਰਾਤ" or at.hour < 12 and "ਸਵੇਰੇ" or at.hour < 16 and "ਦੁਪਹਿਰ" or at.hour < 20 and "ਸ਼ਾਮ" or "ਰਾਤ"
    return ("%s, %d %s, %s %d:%02d ਵਜੇ"):format(day, at.day, month, part, hour == 0 and 12 or hour, at.min)
  end,
}

---"Tuesday, November 24 at 2:30 PM", "mardi 24 novembre à 14 h 30". A language without names here gets figures: "2026-11-24, 14:30".
---@param at {year: integer, month: integer, day: integer, hour: integer, min: integer, wday: integer} in the business's time zone
---@param code? string of the language; default: English
---@return string
function M.when(at, code)
  local said = SAID[code or "en"]
  if not said then return ("%d-%02d-%02d, %02d:%02d"):format(at.year, at.month, at.day, at.hour, at.min) end
  return said.say(at, said.days[at.wday], said.months[at.month])
end

---The hours for people: "Monday to Friday 08:00-18:00, Saturday 09:00-13:00, Sunday closed".
---@param hours table<string, string[]> by day, from and to; empty: closed
---@param code? string a language; English where its days are not known
---@return string
function M.hours(hours, code)
  if not SAID[code] then code = "en" end
  local days, parts, from = SAID[code].days, {}, 1
  local function said(i) return #(hours[M.KEYS[i]] or {}) > 0 and table.concat(hours[M.KEYS[i]], "-") or SAID[code].closed end
  for i = 1, #M.KEYS do
    if i == #M.KEYS or said(i + 1) ~= said(i) then
      parts[#parts + 1] = (from == i and days[i] or days[from] .. (code == "en" and " to " or " – ") .. days[i]) .. " " .. said(i)
      from = i + 1
    end
  end
  return table.concat(parts, ", ")
end

return M
