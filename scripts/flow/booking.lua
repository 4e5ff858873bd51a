-- The booking link. Pure.

local M = {}

local function percent(text)
  return (text:gsub("[^%w%-%._~]", function(char) return ("%%%02X"):format(char:byte()) end))
end

-- Only Cal.com understands what is filled in for the customer; any other page gets the bare address.
local function is_calcom(url, known)
  local host = url:match("^https?://([^/?#:]+)") or ""
  host = host:lower()
  return known or host == "cal.com" or host:find("%.cal%.com$") ~= nil or host == "bookings.clearoutspaces.ca"
end

---@param booking {url: string, name?: string, token: string, calcom?: boolean} calcom: it is one for certain
---@return string
function M.link(booking)
  if not is_calcom(booking.url, booking.calcom) then return booking.url end
  local query = { "metadata%5Bconv%5D=" .. percent(booking.token) }
  if booking.name and booking.name:find("%a") and not booking.name:find("%d%d%d%d") then
    table.insert(query, 1, "name=" .. percent(booking.name))
  end
  local base, fragment = booking.url:match("^([^#]*)(.*)$")
  return base .. (base:find("?", 1, true) and "&" or "?") .. table.concat(query, "&") .. fragment
end

return M
