-- Turns what staff write in Slack into plain words for WhatsApp: entities, links, mentions and emoji names as people read them. Pure.

local text = require "language.text"

local M = {}

local MOST_BYTES = 40000
local ENTITIES = { lt = "<", gt = ">", amp = "&" }
local EMOJI = { ["+1"] = "👍", thumbsup = "👍", ["-1"] = "👎", smile = "😄", slightly_smiling_face = "🙂", wink = "😉", heart = "❤️",
  pray = "🙏", tada = "🎉", wave = "👋", ok_hand = "👌", white_check_mark = "✅", x = "❌", truck = "🚚", couch_and_lamp = "🛋️",
  calendar = "📅", phone = "☎️", grinning = "😀" }

-- "<https://a.ca|our page>", "<@U1|ana>", "<#C1|quotes>", "<!here>", "<tel:+1416…|+1 416…>".
local function shown(inner)
  local address, label = inner:match("^([^|]*)|?(.*)$")
  local sign = address:sub(1, 1)
  if sign == "@" then return label ~= "" and "@" .. label or "" end
  if sign == "#" then return label ~= "" and "#" .. label or "" end
  if sign == "!" then return label end
  address = address:gsub("^mailto:", ""):gsub("^tel:", "")
  if label == "" or label == address or "http://" .. label == address or "https://" .. label == address then return address end
  return label .. " (" .. address .. ")"
end

---@param said any the text of a message's event
---@return string
function M.words(said)
  if type(said) ~= "string" then return "" end
  said = text.clip(said, MOST_BYTES)
  said = said:gsub("<([^<>]*)>", shown)
  said = said:gsub(":([%w_+%-]+):", function(name) return EMOJI[name] end)
  return text.trim((said:gsub("&(%l%l%l?);", ENTITIES)))
end

---Does the writer keep it to the team? "note:" counts also in bold and with a space: what is meant for colleagues must not go out.
---@param words string
---@return boolean
function M.is_private(words) return words:lower():find("^[*_~`>%s]*note[*_~`]*%s*:") ~= nil end

return M
